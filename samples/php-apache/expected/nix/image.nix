# The image: what it holds and how it starts. The number is the line of the Dockerfile that asked for it.
{ pkgs }:
let
  inherit (pkgs) dockerTools lib;

  accounts = pkgs.symlinkJoin {
    name = "accounts";
    paths = [
      (pkgs.writeTextDir "etc/passwd" ''
        root:x:0:0:root:/root:/bin/sh
        www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin
        nobody:x:65534:65534:nobody:/var/empty:/bin/sh
      '')
      (pkgs.writeTextDir "etc/group" ''
        root:x:0:
        www-data:x:33:
        nobody:x:65534:
      '')
      (pkgs.writeTextDir "etc/nsswitch.conf" "hosts: files dns\n")
    ];
  };

  # How what has no translation runs as it stands: in the image, without network.
  verbatim = pkgs.writeText "verbatim.sh" ''
    # offline NAME=VALUE... COMMAND...: with the variables of the Dockerfile alone. Nix builds have no network. All files have one date,
    # as later in the image: gzip, zip and Python write dates down. Python orders sets by chance, if it may.
    offline() {
      found -newermt "@$SOURCE_DATE_EPOCH" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
      env -i SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" PYTHONDONTWRITEBYTECODE=1 PYTHONHASHSEED=0 \
        FAKEROOTKEY="''${FAKEROOTKEY-}" LD_LIBRARY_PATH="''${LD_LIBRARY_PATH-}" LD_PRELOAD="''${LD_PRELOAD-}" \
        "$@"
    }
    # found EXPRESSION...: find, in the image.
    found() {
      find / \( -path /dev -o -path /nix -o -path /proc -o -path /sys \) -prune -o "$@"
    }
  '';

  # 6: a2enmod rewrite headers
  file6 = pkgs.writeText "rewrite.load" "LoadModule rewrite_module /usr/lib/apache2/modules/mod_rewrite.so\n";

  # 6: a2enmod rewrite headers
  file6_2 = pkgs.writeText "headers.load" "LoadModule headers_module /usr/lib/apache2/modules/mod_headers.so\n";

  # 9: echo "memory_limit = 77M" > "$PHP_INI_DIR/conf.d/zz-memory.ini"
  file9 = pkgs.writeText "zz-memory.ini" "memory_limit = 77M\n";

  environment11 = lib.escapeShellArgs [
    "APACHE_CONFDIR=/etc/apache2"
    "APACHE_DOCUMENT_ROOT=/var/www/html/public"
    "APACHE_ENVVARS=/etc/apache2/envvars"
    "HOME=/root"
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    "PHPIZE_DEPS=autoconf dpkg-dev file g++ gcc libc-dev make pkg-config re2c"
    "PHPRC=/usr/local/etc/php"
    "PHP_INI_DIR=/usr/local/etc/php"
    "PHP_INI_SCAN_DIR=/usr/local/etc/php/conf.d"
  ];

  # 11: sed -ri -e 's!/var/www/html!${APACHE_DOCUMENT_ROOT}!g' /etc/apache2/sites-available/*.conf
  script11 = pkgs.writeText "script.sh" "sed -ri -e 's!/var/www/html!\${APACHE_DOCUMENT_ROOT}!g' /etc/apache2/sites-available/*.conf\n";

  # 12: COPY public public
  context12 = lib.fileset.toSource {
    root = ../.;
    fileset = ../public;
  };
in
dockerTools.buildLayeredImage {
  name = "php-apache";
  tag = "latest";

  contents = import ./packages.nix { inherit pkgs; } ++ [
    accounts
    dockerTools.binSh
    dockerTools.caCertificates
  ];

  enableFakechroot = true;

  fakeRootCommands = ''
    mkdir -p -m 1777 tmp
    mkdir -p -m 700 root
    mkdir -p bin lib share usr var/empty
    ln -sfn bin sbin # /usr/bin, /usr/sbin and /sbin are /bin
    ln -s -t usr ../bin ../lib ../sbin ../share
    . ${verbatim}
    mkdir -p usr/src # 2: FROM php:8.3-apache
    mkdir -p usr/local/etc/php
    install -m 644 ${pkgs.php83}/etc/php.ini usr/local/etc/php/php.ini-production
    mkdir -p usr/local/bin
    install -m 755 ${./base/usr/local/bin/docker-php-entrypoint} usr/local/bin/docker-php-entrypoint
    install -m 644 ${./base/usr/local/etc/php/php.ini-development} usr/local/etc/php/php.ini-development
    mkdir -p usr/local/etc/php/conf.d
    ln -sfn /lib/php.ini usr/local/etc/php/conf.d/00-nixpkgs.ini
    ln -sfn /usr/bin/php usr/local/bin/php
    mkdir -p etc/apache2/sites-enabled
    mkdir -p etc/apache2/conf-enabled
    mkdir -p run
    mkdir -p var/log/apache2
    mkdir -p var/www/html
    ln -sfn ${pkgs.apacheHttpd}/conf/mime.types etc/apache2/mime.types
    install -m 644 ${./base/etc/apache2/apache2.conf} etc/apache2/apache2.conf
    mkdir -p etc/apache2/conf-available
    install -m 644 ${./base/etc/apache2/conf-available/security.conf} etc/apache2/conf-available/security.conf
    install -m 644 ${./base/etc/apache2/envvars} etc/apache2/envvars
    mkdir -p etc/apache2/mods-enabled
    install -m 644 ${./base/etc/apache2/mods-enabled/standard.conf} etc/apache2/mods-enabled/standard.conf
    install -m 644 ${./base/etc/apache2/mods-enabled/standard.load} etc/apache2/mods-enabled/standard.load
    install -m 644 ${./base/etc/apache2/ports.conf} etc/apache2/ports.conf
    mkdir -p etc/apache2/sites-available
    install -m 644 ${./base/etc/apache2/sites-available/000-default.conf} etc/apache2/sites-available/000-default.conf
    install -m 755 ${./base/usr/sbin/apache2} usr/sbin/apache2
    install -m 755 ${./base/usr/sbin/apache2ctl} usr/sbin/apache2ctl
    ln -sfn /run var/run
    mkdir -p usr/lib/apache2
    ln -sfn /modules usr/lib/apache2/modules
    ln -sfn /usr/sbin/apache2ctl usr/sbin/apachectl
    ln -sfn ../conf-available/security.conf etc/apache2/conf-enabled/security.conf
    ln -sfn ../sites-available/000-default.conf etc/apache2/sites-enabled/000-default.conf
    mkdir -p -m 1777 var/www/html
    chown 33:33 var/www/html
    chmod 1777 var/www/html
    install -m 644 ${./base/etc/apache2/conf-available/docker-php.conf} etc/apache2/conf-available/docker-php.conf
    install -m 644 ${./base/etc/apache2/mods-enabled/mpm_prefork.load} etc/apache2/mods-enabled/mpm_prefork.load
    install -m 644 ${./base/etc/apache2/mods-enabled/php.load} etc/apache2/mods-enabled/php.load
    install -m 755 ${./base/usr/local/bin/apache2-foreground} usr/local/bin/apache2-foreground
    ln -sfn ../conf-available/docker-php.conf etc/apache2/conf-enabled/docker-php.conf
    ln -sfn /dev/stdout var/log/apache2/access.log
    ln -sfn /dev/stderr var/log/apache2/error.log
    ln -sfn /dev/stdout var/log/apache2/other_vhosts_access.log
    install -m 644 ${file6} etc/apache2/mods-enabled/rewrite.load # 6: a2enmod rewrite headers
    install -m 644 ${file6_2} etc/apache2/mods-enabled/headers.load # 6: a2enmod rewrite headers
    ln -sfn ${pkgs.php83Packages.composer}/bin/composer usr/bin/composer # 7: COPY --from=composer:2 /usr/bin/composer /usr/bin/composer
    mv usr/local/etc/php/php.ini-production usr/local/etc/php/php.ini # 8: mv "$PHP_INI_DIR/php.ini-production" "$PHP_INI_DIR/php.ini"
    install -m 644 ${file9} usr/local/etc/php/conf.d/zz-memory.ini # 9: echo "memory_limit = 77M" > "$PHP_INI_DIR/conf.d/zz-memory.ini"
    # 11: sed -ri -e 's!/var/www/html!''${APACHE_DOCUMENT_ROOT}!g' /etc/apache2/sites-available/*.conf
    (cd var/www/html && offline ${environment11} /bin/sh ${script11} )
    mkdir -p var/www/html/public
    cp -r ${context12}/public/. var/www/html/public # 12: COPY public public
    chmod -R u+w var/www/html/public
    chown -R 33:33 var/www/html # 13: chown -R www-data:www-data /var/www/html
  '';

  config = {
    Cmd = [ "apache2-foreground" ];
    Entrypoint = [ "docker-php-entrypoint" ];
    Env = [
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
      "PHPIZE_DEPS=autoconf dpkg-dev file g++ gcc libc-dev make pkg-config re2c" # 2: FROM
      "PHP_INI_DIR=/usr/local/etc/php" # 2: FROM
      "PHPRC=/usr/local/etc/php" # 2: FROM
      "PHP_INI_SCAN_DIR=/usr/local/etc/php/conf.d" # 2: FROM
      "APACHE_CONFDIR=/etc/apache2" # 2: FROM
      "APACHE_ENVVARS=/etc/apache2/envvars" # 2: FROM
      "APACHE_DOCUMENT_ROOT=/var/www/html/public" # 10
    ];
    ExposedPorts."80/tcp" = { };
    StopSignal = "SIGWINCH";
    WorkingDir = "/var/www/html";
  };
}
