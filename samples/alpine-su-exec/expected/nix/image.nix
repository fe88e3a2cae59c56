# The image: what it holds and how it starts. The number is the line of the Dockerfile that asked for it.
{ pkgs }:
let
  inherit (pkgs) dockerTools;

  # 4: addgroup -g 5555 -S gauge
  # 5: adduser -u 5555 -S -D -H -G gauge gauge
  accounts = pkgs.symlinkJoin {
    name = "accounts";
    paths = [
      (pkgs.writeTextDir "etc/passwd" ''
        root:x:0:0:root:/root:/bin/sh
        gauge:x:5555:5555::/home/gauge:/sbin/nologin
        nobody:x:65534:65534:nobody:/var/empty:/bin/sh
      '')
      (pkgs.writeTextDir "etc/group" ''
        root:x:0:
        gauge:x:5555:
        nobody:x:65534:
      '')
      (pkgs.writeTextDir "etc/nsswitch.conf" "hosts: files dns\n")
    ];
  };
in
dockerTools.buildLayeredImage {
  name = "alpine-su-exec";
  tag = "latest";

  contents = import ./packages.nix { inherit pkgs; } ++ [
    accounts
    dockerTools.caCertificates
  ];

  fakeRootCommands = ''
    mkdir -p -m 1777 tmp
    mkdir -p -m 700 root
    mkdir -p bin lib share usr var/empty
    ln -sfn bin sbin # /usr/bin, /usr/sbin and /sbin are /bin
    ln -s -t usr ../bin ../lib ../sbin ../share
    mkdir -p data # 6: mkdir -p /data
    chown 5555:5555 data # 6: chown gauge:gauge /data
    mkdir -p usr/local/bin
    cp ${../entrypoint.sh} usr/local/bin/entrypoint.sh # 7: COPY entrypoint.sh /usr/local/bin/entrypoint.sh
    chmod u+w usr/local/bin/entrypoint.sh
  '';

  config = {
    Cmd = [
      "sh"
      "-c"
      "id; echo 4.2 > /data/height; ls -ln /data"
    ];
    Entrypoint = [
      "/sbin/tini"
      "--"
      "/usr/local/bin/entrypoint.sh"
    ];
    Env = [ "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" ];
    Volumes."/data" = { };
  };
}
