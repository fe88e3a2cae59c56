# The image: what it holds and how it starts. The number is the line of the Dockerfile that asked for it.
{ pkgs }:
let
  inherit (pkgs) dockerTools;

  # 13: useradd --system --uid 1001 --gid 0 --home-dir /opt/batch --no-create-home batch
  accounts = pkgs.symlinkJoin {
    name = "accounts";
    paths = [
      (pkgs.writeTextDir "etc/passwd" ''
        root:x:0:0:root:/root:/bin/sh
        batch:x:1001:0::/opt/batch:/bin/bash
        nobody:x:65534:65534:nobody:/var/empty:/bin/sh
      '')
      (pkgs.writeTextDir "etc/group" ''
        root:x:0:
        nobody:x:65534:
      '')
      (pkgs.writeTextDir "etc/nsswitch.conf" "hosts: files dns\n")
    ];
  };
in
dockerTools.buildImage {
  name = "ubi-dnf";
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
    mkdir -p opt/batch # 14: WORKDIR /opt/batch
    cp ${../run.py} opt/batch/run.py # 15: COPY run.py .
    chmod u+w opt/batch/run.py
  '';

  config = {
    Cmd = [
      "python3"
      "run.py"
    ];
    Env = [
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
      "container=oci" # 1: FROM
    ];
    Labels = {
      maintainer = "Platform Team <platform@example.com>";
      name = "batch";
    };
    User = "1001";
    WorkingDir = "/opt/batch";
  };
}
