# The image: what it holds and how it starts. The number is the line of the Dockerfile that asked for it.
{ pkgs }:
let
  inherit (pkgs) dockerTools;

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
      dockerTools.binSh
      dockerTools.fakeNss
      dockerTools.usrBinEnv
    ];
    pathsToLink = [
      "/bin"
      "/etc"
      "/lib"
      "/share"
      "/usr"
      "/var"
    ];
  };

  extraCommands = ''
    mkdir -p -m 1777 tmp
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
