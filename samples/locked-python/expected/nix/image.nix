# The image: what it holds and how it starts. The number is the line of the Dockerfile that asked for it.
{ pkgs }:
let
  inherit (pkgs) dockerTools lib;

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

  # 3: COPY requirements.txt constraints.txt ./
  context3 = lib.fileset.toSource {
    root = ../.;
    fileset = lib.fileset.unions [
      ../constraints.txt
      ../requirements.txt
    ];
  };
in
dockerTools.buildImage {
  name = "locked-python";
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
    mkdir -p srv/app # 2: WORKDIR /srv/app
    cp -r ${context3}/. srv/app # 3: COPY requirements.txt constraints.txt ./
    chmod -R u+w srv/app
    cp ${../app.py} srv/app/app.py # 5: COPY app.py .
    chmod u+w srv/app/app.py
  '';

  config = {
    Cmd = [
      "harbour-serve"
      "app:application"
    ];
    Env = [
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
      "LANG=C.UTF-8" # 1: FROM
    ];
    ExposedPorts."8000/tcp" = { };
    WorkingDir = "/srv/app";
  };
}
