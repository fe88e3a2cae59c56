# How image.nix changes a published base image: its files are laid out, changed as the Dockerfile says, and what is as it was is
# taken away again, so that this image's layer holds the changes alone. It runs under fakeroot, which records owners.

_idle=(-path ./dev -o -path ./nix -o -path ./proc -o -path ./sys -o -path './.base-*')

# unpack ARCHIVE JQ: the layers of an image, as pullImage gives it, over each other. Files named .wh.NAME take away NAME of the
# layers below, .wh..wh..opq all that is in its folder (OCI image specification, "Image Layer Filesystem Changeset").
unpack() {
  tar -xOf "$1" manifest.json | "$2" -r '.[0].Layers[]' | while IFS= read -r layer; do
    tar -xOf "$1" "$layer" | tar -t --quoting-style=literal | while IFS= read -r path; do
      folder=${path%/*} name=${path##*/}
      [ "$folder" != "$path" ] || folder=.
      case $name in
        '') ;;
        .wh..wh..opq) [ ! -d "$folder" ] || find "$folder" -mindepth 1 -delete ;;
        .wh..wh.*) ;;
        .wh.*) rm -rf "${folder:?}/${name#.wh.}" ;;
        *) [ ! -d "$path" ] || [ -L "$path" ] || rm -rf "$path" ;; # a file in the place of a folder
      esac
    done
    tar -xOf "$1" "$layer" | tar -xp --numeric-owner --no-anchored --exclude='.wh.*' \
      --anchored --exclude=dev --exclude=./dev --exclude=proc --exclude=./proc --exclude=sys --exclude=./sys
  done
  # Folders that are links from the root on would lead out of the image while it is made.
  find . \( "${_idle[@]}" \) -prune -o -type l -lname '/*' -print0 | while IFS= read -r -d '' link; do
    target=$(readlink "$link")
    [ ! -d ".$target" ] || ln -sfnr ".$target" "$link"
  done
  # What runs verbatim gives new files the same date, too: then only those that are changed get it anew, which the kernel tells.
  find . \( "${_idle[@]}" \) -prune -o -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
  _listed >.base-before
}

# What may change of each file, its path last.
_listed() {
  find . -mindepth 1 \( "${_idle[@]}" \) -prune -o \( -type d -printf 'd %m %U:%G\t%p\0' \) \
    -o -printf '%y %m %U:%G %i %s %C@ %l\t%p\0' | LC_ALL=C sort -z
}

# keep_changes: what the base has as it is goes; what is gone of it is marked so.
keep_changes() {
  root=$(pwd -P)
  _listed >.base-after
  LC_ALL=C comm -z -23 <(cut -z -f 2- .base-before | LC_ALL=C sort -z) \
    <(cut -z -f 2- .base-after | LC_ALL=C sort -z) | while IFS= read -r -d '' path; do
    folder=$(dirname "$path")
    if [ "$(cd -P "$folder" 2>/dev/null && pwd)" = "$(realpath -ms "$root/$folder")" ]; then
      touch "$folder/.wh.$(basename "$path")"
    fi
  done
  LC_ALL=C comm -z -12 .base-before .base-after >.base-same
  sed -z -n '/^[^d]/s/^[^\t]*\t//p' .base-same | xargs -0 -r rm -f --
  sed -z -n '/^d/s/^[^\t]*\t//p' .base-same | LC_ALL=C sort -z -r | xargs -0 -r rmdir --ignore-fail-on-non-empty --
  rm -f .base-before .base-after .base-same
}

# add_programs FOLDER: what packages bring is found first, as what is installed later is; their libraries stay their own, since
# the base's programs have another C library. What was not there before is where distributions have it, too.
add_programs() {
  mkdir -p usr/bin usr/local/bin
  for program in "$1"/bin/*; do
    ln -sfn "$program" usr/local/bin/
    [ -e "usr/bin/$(basename "$program")" ] || ln -sn "$program" usr/bin/
  done
}

# --- accounts: numbers are known where the base's are ---

# number_of passwd|group NAME|NUMBER
number_of() {
  case $2 in
    '' | *[!0-9]*)
      awk -F : -v name="$2" '$1 == name { print $3; known = 1; exit } END { exit !known }' "etc/$1" || {
        echo "etc/$1 of the base image has no $2" >&2
        return 1
      }
      ;;
    *) echo "$2" ;;
  esac
}

# owner USER[:[GROUP]]|:GROUP: the same in numbers; with a colon alone, the user's own group.
owner() {
  local user=${1%%:*} uid= gid=
  [ -z "$user" ] || uid=$(number_of passwd "$user") || return 1
  case $1 in
    *:?*) gid=$(number_of group "${1#*:}") || return 1 ;;
    *:) gid=$(awk -F : -v uid="$uid" '$3 == uid { print $4; exit }' etc/passwd) ;;
  esac
  echo "$uid${gid:+:$gid}"
}

# user_of OWNER, group_of OWNER: the two numbers; a number alone is that of the group, too.
user_of() {
  local both
  both=$(owner "$1")
  echo "${both%%:*}"
}
group_of() {
  local both
  both=$(owner "$1")
  echo "${both##*:}"
}

# _free passwd|group FIRST LAST: the first number on the way that nobody has.
_free() {
  local number step=1
  [ "$2" -le "$3" ] || step=-1
  for number in $(seq "$2" $step "$3"); do
    if ! cut -d : -f 3 "etc/$1" | grep -qx "$number"; then
      echo "$number"
      return
    fi
  done
  echo "no number is free in etc/$1" >&2
  return 1
}

# new_group NAME NUMBER FIRST LAST: as groupadd does it. Here and below `-` stands for what is not said.
new_group() {
  local gid=$2
  mkdir -p etc && touch etc/group
  ! grep -q "^$1:" etc/group || return 0
  [ "$gid" != - ] || gid=$(_free group "$3" "$4")
  _taken group "$gid"
  echo "$1:x:$gid:" >>etc/group
}

# new_user NAME NUMBER GROUP COMMENT HOME SHELL FIRST LAST: as useradd does it, with a group of the same name unless one is named;
# one who is there is changed, as by usermod.
new_user() {
  local uid=$2 gid=$3 own
  mkdir -p etc && touch etc/passwd etc/group
  [ "$gid" = - ] || gid=$(number_of group "$gid")
  if grep -q "^$1:" etc/passwd; then
    _change passwd -v uid="$uid" -v gid="$gid" -v comment="$4" -v home="$5" -v shell="$6" -v name="$1" '
      $1 == name {
        if (uid != "-") $3 = uid
        if (gid != "-") $4 = gid
        if (comment != "-") $5 = comment
        if (home != "-") $6 = home
        if (shell != "-") $7 = shell
      }
      { print }'
    return
  fi
  [ "$uid" != - ] || uid=$(_free passwd "$7" "$8")
  _taken passwd "$uid"
  if [ "$gid" = - ]; then
    own=$uid
    ! cut -d : -f 3 etc/group | grep -qx "$uid" || own=-
    new_group "$1" "$own" "$7" "$8"
    gid=$(number_of group "$1")
  fi
  echo "$1:x:$uid:$gid:${4#-}:$(_said "$5" "/home/$1"):$(_said "$6" "$(_usual_shell)")" >>etc/passwd
}

# join_group GROUP USER
join_group() {
  number_of group "$1" >/dev/null
  _change group -v name="$1" -v user="$2" '
    $1 == name && index("," $4 ",", "," user ",") == 0 { $4 = $4 == "" ? user : $4 "," user }
    { print }'
}

# remove_account NAME [group]: a user with the group of that name, or a group alone.
remove_account() {
  [ -n "${2-}" ] || _change passwd -v name="$1" '$1 != name'
  _change group -v name="$1" '$1 != name'
}

# _change passwd|group ARGUMENT...: the file as awk leaves it.
_change() {
  awk -F : -v OFS=: "${@:2}" "etc/$1" >.base-accounts
  cat .base-accounts >"etc/$1"
  rm .base-accounts
}

_said() {
  if [ "$1" = - ]; then echo "$2"; else echo "$1"; fi
}

_usual_shell() {
  local shell=
  [ ! -f etc/default/useradd ] || shell=$(sed -n 's/^SHELL=//p' etc/default/useradd | tail -n 1)
  echo "${shell:-/bin/sh}"
}

_taken() {
  if cut -d : -f 3 "etc/$1" | grep -qx "$2"; then
    echo "etc/$1 of the base image has the number $2 already" >&2
    return 1
  fi
}

# make_folder FOLDER OWNER: with the folders above; one that is there keeps its owner.
make_folder() {
  if [ ! -d "$1" ]; then
    make_folder "$(dirname "$1")" "$2"
    mkdir "$1"
    chown "$2" "$1"
  fi
}
