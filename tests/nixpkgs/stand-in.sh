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
add_busybox() { # the index lists but the first 60 of its programs, and sh is not among them
    local name
    rm -rf "$out/bin"
    mkdir "$out/bin"
    programs=busybox
    add_program busybox
    for name in $(busybox --list); do [ "$name" = busybox ] || ln -s busybox "$out/bin/$name"; done
}
add_cacert() {
    mkdir -p "$out/etc/ssl/certs"
    cat /usr/share/ca-certificates/mozilla/*.crt >"$out/etc/ssl/certs/ca-bundle.crt"
}
# Debian's nginx, with temporary files where nixpkgs has them, and a small part of the settings that come with it.
add_nginx() {
    mkdir -p "$out/conf"
    sed -i 's|/var/lib/nginx/|/tmp/./././././|g' "$out/bin/nginx"
    printf 'types {\n  text/html html htm;\n  text/css css;\n  application/javascript js;\n  text/plain txt;\n}\n' >"$out/conf/mime.types"
    for name in QUERY_STRING:query_string REQUEST_METHOD:request_method CONTENT_TYPE:content_type REQUEST_URI:request_uri \
        CONTENT_LENGTH:content_length SCRIPT_NAME:fastcgi_script_name SERVER_PROTOCOL:server_protocol; do
        printf 'fastcgi_param %s $%s;\n' "${name%:*}" "${name#*:}"
    done >"$out/conf/fastcgi_params"
    touch "$out/conf/scgi_params" "$out/conf/uwsgi_params"
}
add_openssh() {
    local name
    mkdir -p "$out/etc/ssh"
    for name in moduli ssh_config sshd_config; do echo "# stands in for $name" >"$out/etc/ssh/$name"; done
}
# Where it finds what goes with it is told by how its folders lie to each other in Debian.
add_postgresql() {
    local name own=lib/postgresql/15
    mkdir -p "$out/$own/lib" "$out/share/postgresql"
    mv "$out/bin" "$out/$own/bin"
    mkdir "$out/bin"
    for name in "$out/$own/bin"/*; do ln -s "../$own/bin/${name##*/}" "$out/bin/"; done
    cp -r /usr/share/postgresql/15 "$out/share/postgresql/"
    cp -r /usr/lib/locale "$out/lib/" # Debian's C library looks for C.UTF-8 there, nixpkgs' has it in its own folder
    for name in dict_snowball plpgsql; do
        cp "/usr/$own/lib/$name.so" "$out/$own/lib/"
        relocate "/usr/$own/lib/$name.so" "$out/$own/lib/$name.so"
    done
}
# Programs that give up root, by setpriv.
add_setpriv() {
    local name
    rm -f "$out/bin/$pname"
    mkdir -p "$libraries/bin"
    for name in setpriv id; do
        cp "/usr/bin/$name" "$libraries/bin/"
        relocate "/usr/bin/$name" "$libraries/bin/$name"
    done
    printf '#!%s\nuser=${1%%%%:*} group=${1#*:}\n[ "$group" != "$1" ] || group=$(%s/id -g "$user")\n' "$shell" "$libraries/bin" >"$out/bin/$pname"
    printf 'shift\nexec %s/setpriv --reuid "$user" --regid "$group" --clear-groups "$@"\n' "$libraries/bin" >>"$out/bin/$pname"
    chmod 755 "$out/bin/$pname"
}
# Programs of a Python package, with an interpreter of their own.
add_supervisor() {
    local name python=$libraries/python
    (out=$python libraries=$libraries version=3.11 add_python)
    cp -r /usr/lib/python3/dist-packages/{pkg_resources,supervisor,supervisor-4.2.5.egg-info} "$python/lib/python3.11/"
    find "$python" -name '*.pyc' -delete
    for name in supervisord supervisorctl; do
        printf '#!%s\nfrom supervisor.%s import main\nmain()\n' "$python/bin/python3" "$name" >"$out/bin/$name"
    done
}
add_tzdata() {
    mkdir -p "$out/share"
    cp -r /usr/share/zoneinfo "$out/share/"
    rm -f "$out/share/zoneinfo/localtime" # points to /etc
}
# Debian's Apache with a part of its modules; those that nixpkgs has as modules are built into it here.
add_apache() {
    local name
    programs=httpd
    cp /usr/sbin/apache2 "$out/bin/httpd"
    relocate /usr/sbin/apache2 "$out/bin/httpd"
    cp -L /lib/x86_64-linux-gnu/libgcc_s.so.1 "$libraries/" # opened by name when a thread ends
    patchelf --add-needed libgcc_s.so.1 "$out/bin/httpd"
    mkdir -p "$out/modules" "$out/conf"
    for name in access_compat alias auth_basic authn_core authn_file authz_core authz_groupfile authz_host authz_user autoindex cgi deflate dir env \
        expires filter headers include mime mpm_event mpm_prefork negotiation proxy proxy_fcgi proxy_http reqtimeout rewrite \
        setenvif status; do
        cp "/usr/lib/apache2/modules/mod_$name.so" "$out/modules/"
        relocate "/usr/lib/apache2/modules/mod_$name.so" "$out/modules/mod_$name.so"
    done
    printf 'text/html html htm\ntext/css css\ntext/plain txt\n' >"$out/conf/mime.types"
    printf '# stands in for the signatures of mod_mime_magic\n' >"$out/conf/magic"
}
# PHP: programs that look for their extensions in lib/php.ini, unless they are told where; with `apxs2Support` Apache's module too.
add_php() {
    local name zend extensions=$out/lib/php/extensions
    mkdir -p "$extensions" "$out/etc"
    for name in ctype pdo phar posix tokenizer; do echo "extension=$extensions/$name.so"; done >"$out/lib/php.ini"
    for name in ctype pdo phar posix tokenizer; do
        cp "/usr/lib/php/20220829/$name.so" "$extensions/"
        relocate "/usr/lib/php/20220829/$name.so" "$extensions/$name.so"
    done
    printf '; stands in for php.ini-production\nmemory_limit = 128M\nexpose_php = On\n' >"$out/etc/php.ini"
    for name in /usr/bin/php /usr/sbin/php-fpm; do
        cp "${name}8.2" "$out/bin/.${name##*/}-wrapped"
        relocate "${name}8.2" "$out/bin/.${name##*/}-wrapped"
        printf '#!%s\nexport PHP_INI_SCAN_DIR=${PHP_INI_SCAN_DIR-%s}\nexec %s "$@"\n' \
            "$shell" "$out/lib" "$out/bin/.${name##*/}-wrapped" >"$out/bin/${name##*/}"
        chmod 755 "$out/bin/${name##*/}"
    done
    [ -z "${apxs2Support:-}" ] && return
    mkdir -p "$out/modules"
    cp /usr/lib/apache2/modules/libphp8.2.so "$out/modules/libphp.so"
    relocate /usr/lib/apache2/modules/libphp8.2.so "$out/modules/libphp.so"
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
    apache-httpd) add_apache ;;
    busybox) add_busybox ;;
    nss-cacert) add_cacert ;;
    nginx) add_nginx ;;
    openssh) add_openssh ;;
    supervisor) add_supervisor ;;
    gosu | su-exec) add_setpriv ;;
    postgresql) add_postgresql ;;
    php | php-with-extensions) add_php ;;
    tzdata) add_tzdata ;;
    python3 | python3[0-9] | python3[0-9][0-9]) add_python ;;
esac
