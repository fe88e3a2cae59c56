#!/bin/sh
set -e
if [ "$(id -u)" = 0 ]; then
  chown -R gauge:gauge /data
  exec su-exec gauge:gauge "$0" "$@"
fi
exec "$@"
