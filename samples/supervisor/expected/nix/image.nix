# The image: what it holds and how it starts. The number is the line of the Dockerfile that asked for it.
{ pkgs }:
let
  inherit (pkgs) dockerTools lib;

  # 3: apt-get install -y --no-install-recommends cron nginx python3 supervisor
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
        nogroup:x:65534:
      '')
      (pkgs.writeTextDir "etc/nsswitch.conf" "hosts: files dns\n")
    ];
  };

  # 7: COPY app /srv/app
  context7 = lib.fileset.toSource {
    root = ../.;
    fileset = ../app;
  };

  # 9: echo "0 * * * * root /srv/app/sweep" > /etc/cron.d/harbour
  file9 = pkgs.writeText "harbour" "0 * * * * root /srv/app/sweep\n";
in
dockerTools.buildLayeredImage {
  name = "supervisor";
  tag = "latest";

  contents = import ./packages.nix { inherit pkgs; } ++ [
    accounts
    dockerTools.binSh
  ];

  fakeRootCommands = ''
    mkdir -p -m 1777 tmp
    mkdir -p -m 700 root
    mkdir -p bin lib share usr var/empty
    ln -sfn bin sbin # /usr/bin, /usr/sbin and /sbin are /bin
    ln -s -t usr ../bin ../lib ../sbin ../share
    mkdir -p etc/cron.d # 3: apt-get install -y --no-install-recommends cron nginx python3 supervisor
    mkdir -p var/spool/cron
    mkdir -p run
    install -m 644 ${./base/etc/crontab} etc/crontab
    install -m 755 ${./base/usr/sbin/cron} usr/sbin/cron
    ln -sfn /run var/run
    ln -sfn . var/spool/cron/crontabs
    mkdir -p etc/nginx/conf.d
    mkdir -p etc/nginx/modules-enabled
    mkdir -p etc/nginx/sites-enabled
    mkdir -p var/log/nginx
    mkdir -p var/lib/nginx
    ln -sfn ${pkgs.nginx}/conf/mime.types etc/nginx/mime.types
    ln -sfn ${pkgs.nginx}/conf/fastcgi_params etc/nginx/fastcgi_params
    ln -sfn ${pkgs.nginx}/conf/fastcgi.conf etc/nginx/fastcgi.conf
    ln -sfn ${pkgs.nginx}/conf/scgi_params etc/nginx/scgi_params
    ln -sfn ${pkgs.nginx}/conf/uwsgi_params etc/nginx/uwsgi_params
    mkdir -p usr/libexec
    ln -sfn ${pkgs.nginx}/bin/nginx usr/libexec/nginx
    install -m 644 ${./base/etc/nginx/nginx.conf} etc/nginx/nginx.conf
    mkdir -p etc/nginx/sites-available
    mkdir -p etc/nginx/snippets
    install -m 644 ${./base/etc/nginx/snippets/fastcgi-php.conf} etc/nginx/snippets/fastcgi-php.conf
    install -m 755 ${./base/usr/sbin/nginx} usr/sbin/nginx
    mkdir -p var/www/html
    install -m 644 ${./base/var/www/html/index.nginx-debian.html} var/www/html/index.nginx-debian.html
    ln -sfn /etc/nginx/sites-available/default etc/nginx/sites-enabled/default
    mkdir -p etc/supervisor/conf.d
    mkdir -p var/log/supervisor
    install -m 644 ${./base/etc/supervisor/supervisord.conf} etc/supervisor/supervisord.conf
    cp --remove-destination ${../supervisord.conf} etc/supervisor/conf.d/harbour.conf # 5: COPY supervisord.conf /etc/supervisor/conf.d/harbour.conf
    chmod u+w etc/supervisor/conf.d/harbour.conf
    cp --remove-destination ${../site.conf} etc/nginx/sites-available/default # 6: COPY site.conf /etc/nginx/sites-available/default
    chmod u+w etc/nginx/sites-available/default
    mkdir -p srv/app
    cp -r ${context7}/app/. srv/app # 7: COPY app /srv/app
    chmod -R u+w srv/app
    ln -sfn /dev/stdout var/log/nginx/access.log # 8: ln -sf /dev/stdout /var/log/nginx/access.log
    ln -sfn /dev/stderr var/log/nginx/error.log # 8: ln -sf /dev/stderr /var/log/nginx/error.log
    install -m 644 ${file9} etc/cron.d/harbour # 9: echo "0 * * * * root /srv/app/sweep" > /etc/cron.d/harbour
    chown -R 33:33 srv/app # 10: chown -R www-data:www-data /srv/app
  '';

  config = {
    Cmd = [
      "/usr/bin/supervisord"
      "-n"
      "-c"
      "/etc/supervisor/supervisord.conf"
    ];
    Env = [ "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" ];
    ExposedPorts."80/tcp" = { };
  };
}
