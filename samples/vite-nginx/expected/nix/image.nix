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
    mkdir -p usr/share/nginx/html
    cp -r --remove-destination ${stage-build}/app/dist/. usr/share/nginx/html # 13: COPY --from=build /app/dist /usr/share/nginx/html
    chmod -R u+w usr/share/nginx/html
    mkdir -p etc/nginx
    cp --remove-destination ${../nginx.conf} etc/nginx/nginx.conf # 14: COPY nginx.conf /etc/nginx/nginx.conf
    chmod u+w etc/nginx/nginx.conf
  '';

  config = {
    Cmd = [
      "nginx"
      "-c"
      "/etc/nginx/nginx.conf"
      "-g"
      "daemon off;"
    ];
    Env = [ "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" ];
    ExposedPorts."80/tcp" = { };
    StopSignal = "SIGQUIT";
  };
}
