# The image: what it holds and how it starts. The number is the line of the Dockerfile that asked for it.
{ pkgs }:
let
  inherit (pkgs) dockerTools;

  accounts = pkgs.symlinkJoin {
    name = "accounts";
    paths = [
      (pkgs.writeTextDir "etc/passwd" ''
        root:x:0:0:root:/root:/bin/sh
        nobody:x:65534:65534:nobody:/var/empty:/bin/sh
      '')
      (pkgs.writeTextDir "etc/group" ''
        root:x:0:
        nobody:x:65534:
      '')
      (pkgs.writeTextDir "etc/nsswitch.conf" "hosts: files dns\n")
    ];
  };

  # 18: COPY <<EOF /etc/greeting.txt
  file18 = pkgs.writeText "greeting.txt" "Hello from jq tree\n";

  # 22: COPY <<'SCRIPT' /usr/local/bin/greet
  file22 = pkgs.writeText "greet" ''
    #!/bin/sh
    cat /etc/greeting.txt
    echo "''${USER:-nobody}"
  '';
in
dockerTools.buildImage {
  name = "heredocs";
  tag = "latest";

  copyToRoot = pkgs.buildEnv {
    name = "root";
    paths = import ./packages.nix { inherit pkgs; } ++ [
      accounts
      dockerTools.binSh
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
    mkdir -p etc
    install -m 644 ${file18} etc/greeting.txt # 18: COPY <<EOF /etc/greeting.txt
    mkdir -p usr/local/bin
    install -m 644 ${file22} usr/local/bin/greet # 22: COPY <<'SCRIPT' /usr/local/bin/greet
    chmod 755 usr/local/bin/greet # 28: chmod 755 /usr/local/bin/greet
    mkdir -p data # 28: mkdir -p /data
    mkdir -p srv
    ln -sfn /data srv/data # 28: ln -s /data /srv/data
  '';

  config = {
    Cmd = [
      "/bin/sh"
      "-c"
      "greet"
    ];
    Env = [ "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" ];
  };
}
