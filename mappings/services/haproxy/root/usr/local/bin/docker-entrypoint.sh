#!/bin/sh
# Options alone are those of the proxy, which runs as master and worker in the foreground.
set -e

case ${1:-} in
-*) set -- haproxy "$@" ;;
esac

if [ "${1:-}" = haproxy ]; then
  shift
  set -- haproxy -W -db "$@"
fi

exec "$@"
