#!/bin/sh
# Options alone are those of the server.
set -e

case ${1:-} in
-*) set -- memcached "$@" ;;
esac

exec "$@"
