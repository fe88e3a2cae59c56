#!/bin/sh
# The server runs as redis. The protected mode is off unless the settings say otherwise: who may connect is for the container's
# network to say.
set -e

case ${1:-} in
-* | *.conf) set -- redis-server "$@" ;;
esac

if [ "${1:-}" = redis-server ]; then
  if [ "$(id -u)" = 0 ]; then
    find . \! -user redis -exec chown redis '{}' + || true
    exec gosu redis "$0" "$@"
  fi
  case ${2:-}:" $* " in
  *' --protected-mode '*) ;;
  [!-]*) grep -qi '^ *protected-mode' "$2" || set -- "$@" --protected-mode no ;;
  *) set -- "$@" --protected-mode no ;;
  esac
fi

exec "$@"
