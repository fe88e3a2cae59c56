#!/usr/bin/env bash
# Starts PostgreSQL, as the user postgres. When $PGDATA is empty it makes a cluster there first, with the user and the database that
# the environment names, and runs what is in /docker-entrypoint-initdb.d.
set -Eeuo pipefail

readonly SCRIPTS=/docker-entrypoint-initdb.d

fail() {
  echo "docker-entrypoint.sh: $*" >&2
  exit 1
}

# setting NAME DEFAULT: the variable, or what stands in the file that NAME_FILE names.
setting() {
  local name=$1 file=$1_FILE value=$2
  [ -z "${!name:-}" ] || [ -z "${!file:-}" ] || fail "$name and $file are both set"
  if [ -n "${!name:-}" ]; then
    value=${!name}
  elif [ -n "${!file:-}" ]; then
    value=$(<"${!file}")
  fi
  export "$name=$value"
  unset "$file"
}

read_settings() {
  setting POSTGRES_PASSWORD ""
  setting POSTGRES_USER postgres
  setting POSTGRES_DB "$POSTGRES_USER"
  setting POSTGRES_INITDB_ARGS ""
  export POSTGRES_HOST_AUTH_METHOD="${POSTGRES_HOST_AUTH_METHOD:-}"
}

make_folders() {
  mkdir -p "$PGDATA" /var/run/postgresql
  chmod 700 "$PGDATA" || true
  chmod 3777 /var/run/postgresql || true
  if [ -n "${POSTGRES_INITDB_WALDIR:-}" ]; then
    mkdir -p "$POSTGRES_INITDB_WALDIR"
    chmod 700 "$POSTGRES_INITDB_WALDIR"
  fi
  [ "$(id -u)" = 0 ] || return 0
  find "$PGDATA" ${POSTGRES_INITDB_WALDIR:+"$POSTGRES_INITDB_WALDIR"} \! -user postgres -exec chown postgres '{}' +
  chown postgres /var/run/postgresql || true
}

make_cluster() {
  local arguments
  if [ -z "$POSTGRES_PASSWORD" ] && [ "$POSTGRES_HOST_AUTH_METHOD" != trust ]; then
    fail "the database is empty, and there is no password for its superuser: set POSTGRES_PASSWORD, or, where everybody" \
      "who reaches it may do everything, POSTGRES_HOST_AUTH_METHOD=trust"
  fi
  eval "arguments=($POSTGRES_INITDB_ARGS)"
  if [ -n "${POSTGRES_INITDB_WALDIR:-}" ]; then arguments+=(--waldir "$POSTGRES_INITDB_WALDIR"); fi
  initdb --username="$POSTGRES_USER" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") "${arguments[@]}"
  printf "\n# every address of the container\nlisten_addresses = '*'\n" >>"$PGDATA/postgresql.conf"
  printf '\nhost all all all %s\n' "${POSTGRES_HOST_AUTH_METHOD:-$(postgres -C password_encryption)}" >>"$PGDATA/pg_hba.conf"
}

docker_process_sql() {
  psql -v ON_ERROR_STOP=1 --no-psqlrc --username "$POSTGRES_USER" --no-password ${POSTGRES_DB:+--dbname "$POSTGRES_DB"} "$@"
}

make_database() {
  local found
  found=$(POSTGRES_DB='' docker_process_sql --dbname postgres --tuples-only --set db="$POSTGRES_DB" \
    <<<"SELECT 1 FROM pg_database WHERE datname = :'db';")
  if [ -z "$found" ]; then
    POSTGRES_DB='' docker_process_sql --dbname postgres --set db="$POSTGRES_DB" <<<'CREATE DATABASE :"db";'
  fi
}

run_scripts() {
  local file
  for file in "$SCRIPTS"/*; do
    case $file in
    *.sh)
      if [ -x "$file" ]; then
        echo "docker-entrypoint.sh: running $file"
        "$file"
      else
        echo "docker-entrypoint.sh: reading $file"
        . "$file"
      fi
      ;;
    *.sql) echo "docker-entrypoint.sh: running $file" && docker_process_sql -f "$file" ;;
    *.sql.gz) echo "docker-entrypoint.sh: running $file" && gunzip -c "$file" | docker_process_sql ;;
    *.sql.xz) echo "docker-entrypoint.sh: running $file" && xzcat "$file" | docker_process_sql ;;
    *.sql.zst) echo "docker-entrypoint.sh: running $file" && zstd -dc "$file" | docker_process_sql ;;
    "$SCRIPTS/*") ;;
    *) echo "docker-entrypoint.sh: ignoring $file" ;;
    esac
  done
}

# The server for the scripts listens to nobody but them.
fill_cluster() {
  export PGPASSWORD="${PGPASSWORD:-$POSTGRES_PASSWORD}"
  pg_ctl -D "$PGDATA" -w -o "-c listen_addresses='' -p ${PGPORT:-5432}" start
  unset PGHOST
  make_database
  run_scripts
  pg_ctl -D "$PGDATA" -m fast -w stop
  unset PGPASSWORD
}

# Whether the server is to be started, and not only asked something.
starts_server() {
  local word
  [ "$1" = postgres ] || return 1
  for word; do
    case $word in
    -'?' | --help | --describe-config | -V | --version | -C) return 1 ;;
    esac
  done
}

case ${1:-} in
"") set -- postgres ;;
-*) set -- postgres "$@" ;;
esac

if starts_server "$@"; then
  read_settings
  make_folders
  [ "$(id -u)" != 0 ] || exec gosu postgres "$BASH_SOURCE" "$@"
  if [ ! -s "$PGDATA/PG_VERSION" ]; then
    make_cluster
    fill_cluster
  fi
fi

exec "$@"
