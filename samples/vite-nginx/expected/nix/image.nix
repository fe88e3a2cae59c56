# The image: what it holds and how it starts. The number is the line of the Dockerfile that asked for it.
{ pkgs }:
let
  inherit (pkgs) dockerTools;

  accounts = pkgs.symlinkJoin {
    name = "accounts";
    paths = [
      (pkgs.writeTextDir "etc/passwd" ''
        root:x:0:0:root:/root:/bin/sh
        nginx:x:101:101:nginx user:/nonexistent:/bin/false
        nobody:x:65534:65534:nobody:/var/empty:/bin/sh
      '')
      (pkgs.writeTextDir "etc/group" ''
        root:x:0:
        nginx:x:101:
        nogroup:x:65533:
        nobody:x:65534:
      '')
      (pkgs.writeTextDir "etc/nsswitch.conf" "hosts: files dns\n")
    ];
  };

  # 13: COPY --from=build /app/dist /usr/share/nginx/html
  stage-build = import ./stages/build.nix { inherit pkgs; };
in
dockerTools.buildImage {
  name = "vite-nginx";
  tag = "latest";

  copyToRoot = pkgs.buildEnv {
    name = "root";
    paths = import ./packages.nix { inherit pkgs; } ++ [
      accounts
      dockerTools.caCertificates
    ];
    pathsToLink = [
      "/bin"
      "/etc"
      "/lib"
      "/share"
    ];
  };

  extraCommands = ''
    mkdir -p -m 1777 tmp
    mkdir -p -m 700 root
    mkdir -p bin lib share usr var/empty
    ln -sfn bin sbin # /usr/bin, /usr/sbin and /sbin are /bin
    ln -s -t usr ../bin ../lib ../sbin ../share
    chmod -R u+w . # what came with copyToRoot is read-only
    mkdir -p docker-entrypoint.d # 11: FROM nginx:1.29-alpine
    mkdir -p var/cache/nginx
    mkdir -p run
    mkdir -p etc/nginx
    ln -sfn ${pkgs.nginxMainline}/conf/mime.types etc/nginx/mime.types
    ln -sfn ${pkgs.nginxMainline}/conf/fastcgi_params etc/nginx/fastcgi_params
    ln -sfn ${pkgs.nginxMainline}/conf/scgi_params etc/nginx/scgi_params
    ln -sfn ${pkgs.nginxMainline}/conf/uwsgi_params etc/nginx/uwsgi_params
    mkdir -p usr/libexec
    ln -sfn ${pkgs.nginxMainline}/bin/nginx usr/libexec/nginx
    install -m 755 ${./base/docker-entrypoint.d/20-envsubst-on-templates.sh} docker-entrypoint.d/20-envsubst-on-templates.sh
    install -m 755 ${./base/docker-entrypoint.sh} docker-entrypoint.sh
    install -m 755 ${./base/usr/sbin/nginx} usr/sbin/nginx
    mkdir -p usr/share/nginx/html
    ln -sfn /run var/run
    mkdir -p var/log/nginx
    ln -sfn /dev/stdout var/log/nginx/access.log
    ln -sfn /dev/stderr var/log/nginx/error.log
    mkdir -p etc/nginx/conf.d
    install -m 644 ${./base/etc/nginx/conf.d/default.conf} etc/nginx/conf.d/default.conf
    cp -r --remove-destination ${stage-build}/app/dist/. usr/share/nginx/html # 13: COPY --from=build /app/dist /usr/share/nginx/html
    chmod -R u+w usr/share/nginx/html
    cp --remove-destination ${../nginx.conf} etc/nginx/nginx.conf # 14: COPY nginx.conf /etc/nginx/nginx.conf
    chmod u+w etc/nginx/nginx.conf
  '';

  config = {
    Cmd = [
      "nginx"
      "-g"
      "daemon off;"
    ];
    Entrypoint = [ "/docker-entrypoint.sh" ];
    Env = [ "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" ];
    ExposedPorts."80/tcp" = { };
    StopSignal = "SIGQUIT";
  };
}
