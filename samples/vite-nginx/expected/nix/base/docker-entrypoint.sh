#!/bin/sh
# What is in /docker-entrypoint.d goes before nginx: scripts run, *.envsh change the environment. Then the command.
set -e

say() {
  if [ -z "$NGINX_ENTRYPOINT_QUIET_LOGS" ]; then echo "$0: $*"; fi
}

case ${1##*/} in
nginx | nginx-debug)
  for file in /docker-entrypoint.d/*.sh /docker-entrypoint.d/*.envsh; do
    if [ ! -x "$file" ]; then
      [ ! -e "$file" ] || say "left out, it is not executable: $file"
    elif [ "${file%.envsh}" != "$file" ]; then
      . "$file"
    else
      say "running $file"
      "$file"
    fi
  done
  ;;
esac

exec "$@"
