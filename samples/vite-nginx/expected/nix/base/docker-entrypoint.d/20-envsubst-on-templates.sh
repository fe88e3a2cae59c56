#!/bin/sh
# Templates become settings: /etc/nginx/templates/a.conf.template is /etc/nginx/conf.d/a.conf, in which $NAME and ${NAME} are
# the variables of the environment. Names that it does not have stay, since nginx has variables of its own.
set -eu

templates=${NGINX_ENVSUBST_TEMPLATE_DIR:-/etc/nginx/templates}
suffix=${NGINX_ENVSUBST_TEMPLATE_SUFFIX:-.template}
settings=${NGINX_ENVSUBST_OUTPUT_DIR:-/etc/nginx/conf.d}
export NGINX_ENVSUBST_FILTER="${NGINX_ENVSUBST_FILTER:-}"

substitute() {
  awk '{
    rest = $0
    line = ""
    while (match(rest, /\$(\{[A-Za-z_][A-Za-z0-9_]*\}|[A-Za-z_][A-Za-z0-9_]*)/)) {
      word = substr(rest, RSTART, RLENGTH)
      name = word
      gsub(/[${}]/, "", name)
      known = name in ENVIRON && name ~ ENVIRON["NGINX_ENVSUBST_FILTER"]
      line = line substr(rest, 1, RSTART - 1) (known ? ENVIRON[name] : word)
      rest = substr(rest, RSTART + RLENGTH)
    }
    print line rest
  }' "$1"
}

[ -d "$templates" ] || exit 0
find "$templates" -follow -type f -name "*$suffix" | while read -r template; do
  name=${template#"$templates"/}
  file=$settings/${name%"$suffix"}
  mkdir -p "${file%/*}"
  substitute "$template" >"$file"
done
