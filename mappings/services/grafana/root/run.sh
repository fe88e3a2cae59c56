#!/bin/sh
# Starts the server with the folders that variables name, and its log on standard output. A variable that ends in __FILE names the
# file that has the value.
set -e

for name in $(env | sed -n 's/^\(GF_[A-Za-z0-9_]*\)__FILE=..*/\1/p'); do
  eval "value=\${$name:-} file=\${${name}__FILE}"
  if [ -n "$value" ]; then
    echo "both $name and ${name}__FILE are set" >&2
    exit 1
  fi
  value=$(cat "$file")
  export "$name=$value"
  unset "${name}__FILE"
done

mkdir -p "$GF_PATHS_PLUGINS" 2>/dev/null || echo "$GF_PATHS_PLUGINS cannot be made" >&2
[ -w "$GF_PATHS_DATA" ] || echo "$GF_PATHS_DATA cannot be written to" >&2
export HOME="$GF_PATHS_DATA"

exec grafana server --homepath="$GF_PATHS_HOME" --config="$GF_PATHS_CONFIG" --packaging=docker "$@" \
  cfg:default.log.mode=console \
  cfg:default.paths.data="$GF_PATHS_DATA" \
  cfg:default.paths.logs="$GF_PATHS_LOGS" \
  cfg:default.paths.plugins="$GF_PATHS_PLUGINS" \
  cfg:default.paths.provisioning="$GF_PATHS_PROVISIONING"
