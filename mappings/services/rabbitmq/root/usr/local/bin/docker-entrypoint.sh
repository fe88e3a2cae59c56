#!/bin/sh
# RabbitMQ and its tools run as rabbitmq.
set -eu

case ${1:-} in
rabbitmq*)
  if [ "$(id -u)" = 0 ]; then
    if [ "$1" = rabbitmq-server ]; then
      find /var/lib/rabbitmq \! -user rabbitmq -exec chown rabbitmq '{}' +
    fi
    exec gosu rabbitmq "$0" "$@"
  fi
  ;;
esac

exec "$@"
