#!/usr/bin/env bash
# Starts MySQL or MariaDB, as the user mysql. When the data folder is empty it makes one first, with the users and the database that
# the environment names (MYSQL_… or MARIADB_…), and runs what is in /docker-entrypoint-initdb.d.
set -Eeuo pipefail

readonly SCRIPTS=/docker-entrypoint-initdb.d
readonly SOCKET=/run/mysqld/first.sock

fail() {
  echo "docker-entrypoint.sh: $*" >&2
  exit 1
}

# setting NAME: MARIADB_NAME or MYSQL_NAME, or what stands in the file that it names with _FILE.
setting() {
  local prefix name file value=''
  for prefix in MARIADB MYSQL; do
    name=${prefix}_$1 file=${prefix}_$1_FILE
    if [ -n "${!name:-}" ]; then
      value=${!name}
    elif [ -n "${!file:-}" ]; then
      value=$(<"${!file}")
    fi
    [ -z "$value" ] || break
  done
  printf -v "$1" %s "$value"
}

program() {
  local name
  for name; do
    if type -P "$name" >/dev/null; then echo "$name" && return; fi
  done
  fail "there is no $*"
}

# The data folder that the server itself would take.
data_folder() { "$@" --verbose --help 2>/dev/null | awk '$1 == "datadir" { print $2 }' || true; }

is_mariadb() { [[ $("$1" --version) == *[Mm]aria[Dd][Bb]* ]]; }

make_folder() {
  if is_mariadb "$1"; then
    "$(program mariadb-install-db mysql_install_db)" --datadir="$data" --auth-root-authentication-method=normal \
      --skip-test-db --rpm >/dev/null
  else
    "$@" --initialize-insecure --default-time-zone=SYSTEM
  fi
}

docker_process_sql() { "$(program mariadb mysql)" --protocol=socket -uroot -hlocalhost --socket="$SOCKET" --comments "$@"; }

quoted() {
  local text=${1//\\/\\\\}
  printf "'%s'" "${text//\'/\'\'}"
}

make_accounts() {
  local name=''
  if [ -n "$DATABASE" ]; then
    name="\`${DATABASE//\`/\`\`}\`"
    docker_process_sql mysql <<<"CREATE DATABASE IF NOT EXISTS $name;"
  fi
  if [ -n "$USER" ] && [ -n "$PASSWORD" ]; then
    docker_process_sql mysql <<<"CREATE USER $(quoted "$USER")@'%' IDENTIFIED BY $(quoted "$PASSWORD");"
    [ -z "$name" ] || docker_process_sql mysql <<<"GRANT ALL ON $name.* TO $(quoted "$USER")@'%';"
  fi
}

# MariaDB begins with roots for several names of the machine, and with anybody, none of them with a password.
remove_others() {
  docker_process_sql mysql <<<"DELETE FROM global_priv WHERE User = '' OR (User = 'root' AND Host <> 'localhost'); FLUSH PRIVILEGES;"
}

# The last thing, since it is root who runs the scripts.
set_root_password() {
  local password
  password=$(quoted "$ROOT_PASSWORD")
  if [ "${ROOT_HOST:=%}" != localhost ]; then
    docker_process_sql mysql <<<"CREATE USER 'root'@$(quoted "$ROOT_HOST") IDENTIFIED BY $password;
      GRANT ALL ON *.* TO 'root'@$(quoted "$ROOT_HOST") WITH GRANT OPTION;"
  fi
  docker_process_sql mysql <<<"ALTER USER 'root'@'localhost' IDENTIFIED BY $password;"
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
    *.sql) echo "docker-entrypoint.sh: running $file" && docker_process_sql ${DATABASE:+"$DATABASE"} <"$file" ;;
    *.sql.gz) echo "docker-entrypoint.sh: running $file" && gunzip -c "$file" | docker_process_sql ${DATABASE:+"$DATABASE"} ;;
    *.sql.bz2) echo "docker-entrypoint.sh: running $file" && bunzip2 -c "$file" | docker_process_sql ${DATABASE:+"$DATABASE"} ;;
    *.sql.xz) echo "docker-entrypoint.sh: running $file" && xzcat "$file" | docker_process_sql ${DATABASE:+"$DATABASE"} ;;
    *.sql.zst) echo "docker-entrypoint.sh: running $file" && zstd -dc "$file" | docker_process_sql ${DATABASE:+"$DATABASE"} ;;
    "$SCRIPTS/*") ;;
    *) echo "docker-entrypoint.sh: ignoring $file" ;;
    esac
  done
}

# The server for the scripts listens to nobody but them.
fill_folder() {
  local server tries
  "$@" --skip-networking --socket="$SOCKET" --pid-file=/run/mysqld/first.pid &
  server=$!
  for tries in {60..0}; do
    docker_process_sql mysql <<<'SELECT 1' >/dev/null 2>&1 && break
    kill -0 "$server" 2>/dev/null || fail "the server did not start"
    sleep 1
  done
  [ "$tries" != 0 ] || fail "the server did not answer within a minute"
  ! is_mariadb "$1" || remove_others
  make_accounts
  run_scripts
  set_root_password
  kill "$server"
  wait "$server"
}

make_database() {
  for name in ROOT_PASSWORD ROOT_HOST DATABASE USER PASSWORD ALLOW_EMPTY_PASSWORD ALLOW_EMPTY_ROOT_PASSWORD \
    RANDOM_ROOT_PASSWORD; do
    setting "$name"
  done
  if [ -n "$RANDOM_ROOT_PASSWORD" ]; then
    ROOT_PASSWORD=$(head -c 24 /dev/urandom | base64)
    echo "docker-entrypoint.sh: GENERATED ROOT PASSWORD: $ROOT_PASSWORD"
  fi
  if [ -z "$ROOT_PASSWORD$ALLOW_EMPTY_PASSWORD$ALLOW_EMPTY_ROOT_PASSWORD" ]; then
    fail "the database is empty, and there is no password for root: set MYSQL_ROOT_PASSWORD (or MARIADB_ROOT_PASSWORD)," \
      "or one of MYSQL_ALLOW_EMPTY_PASSWORD and MYSQL_RANDOM_ROOT_PASSWORD"
  fi
  make_folder "$@"
  fill_folder "$@"
}

case ${1:-} in
-*) set -- "$(program mariadbd mysqld)" "$@" ;;
esac

case ${1##*/}:" $* " in
*' --help '* | *' --version '* | *' -V '*) ;;
mysqld:* | mariadbd:*)
  data=$(data_folder "$@")
  data=${data:-/var/lib/mysql/}
  if [ "$(id -u)" = 0 ]; then
    mkdir -p "$data" /run/mysqld
    find "$data" /run/mysqld \! -user mysql -exec chown mysql '{}' +
    exec gosu mysql "$BASH_SOURCE" "$@"
  fi
  [ -d "$data/mysql" ] || make_database "$@"
  ;;
esac

exec "$@"
