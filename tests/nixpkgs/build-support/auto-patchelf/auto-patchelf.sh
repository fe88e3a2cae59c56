# The libraries are looked for in the outputs, in the build inputs and in glibc. Stand-ins of packages hold no libraries: those that the
# small Debian system has are what a package would hold, and come along, under stand-in/.
autoPatchelfSystem=(/usr/lib/x86_64-linux-gnu /lib/x86_64-linux-gnu)

autoPatchelfIsElf() { [ "$(head -c 4 "$1" | tr -d '\0')" = $'\x7fELF' ]; }
autoPatchelfFind() { # NAME FOLDER...: the folder of a library of that name
    local name=$1 folder
    shift
    for folder in "$@"; do
        [ ! -e "$folder/$name" ] || { echo "$folder"; return; }
    done
    return 1
}
autoPatchelfOf() { # FILE ROOT
    local file=$1 root=$2 name found input missing=0 paths=() folders=()
    mapfile -t folders < <(find "$root" \( -name '*.so' -o -name '*.so.*' \) -printf '%h\n' | sort -u)
    for input in ${buildInputs:-}; do folders+=("$input/lib"); done
    while IFS= read -r name; do
        if found=$(autoPatchelfFind "$name" "${folders[@]}" "$autoPatchelfGlibc/lib"); then
            [[ " ${paths[*]-} " == *" $found "* ]] || paths+=("$found")
        elif [ -n "${buildInputs:-}" ] && found=$(autoPatchelfFind "$name" "${autoPatchelfSystem[@]}"); then
            mkdir -p "$root/stand-in"
            cp -L "$found/$name" "$root/stand-in/"
            chmod u+w "$root/stand-in/$name"
            autoPatchelfOf "$root/stand-in/$name" "$root"
            paths+=("$root/stand-in")
        elif [[ " ${autoPatchelfIgnoreMissingDeps:-} " == *" $name "* ]]; then
            echo "warn: auto-patchelf ignoring missing $name wanted by $file"
        else
            echo "error: auto-patchelf could not satisfy dependency $name wanted by $file" >&2
            missing=1
        fi
    done < <(patchelf --print-needed "$file")
    [ "$missing" = 0 ] || return 1
    chmod u+w "$file"
    if patchelf --print-interpreter "$file" >/dev/null 2>&1; then
        patchelf --set-interpreter "$autoPatchelfGlibc/lib/ld-linux-x86-64.so.2" "$file"
    fi
    [ "${#paths[@]}" = 0 ] || patchelf --set-rpath "$(IFS=:; echo "${paths[*]}")" "$file"
}
autoPatchelf() {
    local root file files=()
    for root in "$@"; do
        mapfile -d '' -t files < <(find "$root" -type f -print0 | sort -z)
        for file in "${files[@]}"; do
            # what is no program of this machine, or static, stays as it is
            if autoPatchelfIsElf "$file" && patchelf --print-rpath "$file" >/dev/null 2>&1; then
                autoPatchelfOf "$file" "$root"
            fi
        done
    done
}
autoPatchelfPostFixup() {
    local output
    [ -z "${dontAutoPatchelf:-}" ] || return 0
    for output in ${outputs:-out}; do autoPatchelf "${!output}"; done
}
postFixupHooks+=(autoPatchelfPostFixup)
