#!/bin/sh
# Options alone, and the proxy's own commands, are given to it; anything else is a program.
set -e

case ${1:-} in
-*) set -- traefik "$@" ;;
'' | traefik) ;;
*)
  if traefik "$1" --help >/dev/null 2>&1; then
    set -- traefik "$@"
  fi
  ;;
esac

exec "$@"
