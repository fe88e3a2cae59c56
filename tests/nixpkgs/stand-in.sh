# Builder of a stand-in: the programs of the package by name, out of the Debian system that builders see, made to run in the
# store alone; failing ones for what that system does not have. The libraries that they load come along, under stand-in/.
PATH=/usr/lib/postgresql/15/bin:$PATH:/usr/sbin:/sbin
loader=$glibc/lib/ld-linux-x86-64.so.2
shopt -s nullglob

for output in $outputs; do mkdir -p "${!output}"; done
binaries=${bin:-${out:-${!outputs%% *}}}
libraries=$binaries/stand-in

is_elf() { [ "$(head -c 4 "$1" | tr -d '\0')" = $'\x7fELF' ]; }

# The libraries that a program or library loads, less those of glibc.
add_libraries() {
    local path loaded
    loaded=$(/lib64/ld-linux-x86-64.so.2 --list "$1" | grep -o '/[^ ]*') || return 0 # none: it is statically linked
    for path in $loaded; do
        [ ! -e "$glibc/lib/${path##*/}" ] && [ ! -e "$libraries/${path##*/}" ] || continue
        mkdir -p "$libraries"
        cp -L "$path" "$libraries/"
        chmod u+w "$libraries/${path##*/}"
        patchelf --force-rpath --set-rpath "\$ORIGIN:$glibc/lib" "$libraries/${path##*/}"
    done
}

# relocate ORIGINAL COPY: make a copied program or shared object find its loader and libraries in the store.
relocate() {
    add_libraries "$1"
    chmod u+w "$2"
    ! patchelf --print-interpreter "$2" >/dev/null 2>&1 || patchelf --set-interpreter "$loader" "$2"
    patchelf --force-rpath --set-rpath "$libraries:$glibc/lib" "$2"
}

add_program() {
    local name=$1 found target=$binaries/bin/$1
    mkdir -p "$binaries/bin"
    found=$(type -P -- "$name") || found=
    if [ -z "$found" ]; then
        printf '#!%s\necho "%s: stands in for the program of %s, which this machine does not have" >&2\nexit 70\n' \
            "${shell:-/bin/sh}" "$name" "$pname $version" >"$target"
    else
        cp -L "$found" "$target"
        if is_elf "$target"; then relocate "$found" "$target"; else sed -i "1s|^#! */bin/\(ba\)\?sh|#!$shell|" "$target"; fi
    fi
    chmod 755 "$target"
}

# What some packages have besides programs.
add_glibc() {
    local name
    mkdir -p "$out/lib"
    for name in ld-linux-x86-64 libc libm libdl libpthread librt libresolv libnss_files libnss_dns libutil libanl libmvec; do
        cp -L /lib/x86_64-linux-gnu/$name.so.[0-9]* "$out/lib/"
    done
}
add_cacert() {
    mkdir -p "$out/etc/ssl/certs"
    cat /usr/share/ca-certificates/mozilla/*.crt >"$out/etc/ssl/certs/ca-bundle.crt"
}
add_openssh() {
    local name
    mkdir -p "$out/etc/ssh"
    for name in moduli ssh_config sshd_config; do echo "# stands in for $name" >"$out/etc/ssh/$name"; done
}
add_tzdata() {
    mkdir -p "$out/share"
    cp -r /usr/share/zoneinfo "$out/share/"
    rm -f "$out/share/zoneinfo/localtime" # points to /etc
}
add_python() { # one version stands in for all: it looks for its modules from where the program is
    local name module
    mkdir -p "$out/bin" "$out/lib"
    cp -r /usr/lib/python3.11 "$out/lib/"
    chmod -R u+w "$out/lib"
    find "$out/lib" -name '*.pyc' -delete
    for module in "$out"/lib/python3.11/lib-dynload/*.so; do relocate "/usr/lib/python3.11/lib-dynload/${module##*/}" "$module"; done
    for name in "python$(cut -d . -f 1,2 <<<"$version")" python3 python; do
        cp /usr/bin/python3.11 "$out/bin/$name"
        relocate /usr/bin/python3.11 "$out/bin/$name"
    done
}

if [ "$pname" = glibc ]; then glibc=$out; add_glibc; fi
for name in $programs; do add_program "$name"; done
case $pname in
    bash | bash-interactive) ln -sf bash "$out/bin/sh" ;;
    nss-cacert) add_cacert ;;
    openssh) add_openssh ;;
    tzdata) add_tzdata ;;
    python3 | python3[0-9] | python3[0-9][0-9]) add_python ;;
esac
