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

  # 14: COPY app ./app
  context14 = lib.fileset.toSource {
    root = ../.;
    fileset = ../app;
  };
in
dockerTools.buildImage {
  name = "flask";
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
    mkdir -p srv/app # 11: WORKDIR /srv/app
    cp ${../requirements.txt} srv/app/requirements.txt # 12: COPY requirements.txt .
    chmod u+w srv/app/requirements.txt
    mkdir -p srv/app/app
    cp -r ${context14}/app/. srv/app/app # 14: COPY app ./app
    chmod -R u+w srv/app/app
  '';

  config = {
    Cmd = [
      "gunicorn"
      "--bind"
      "0.0.0.0:8000"
      "app.main:app"
    ];
    Env = [
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
      "PYTHONDONTWRITEBYTECODE=1" # 4
      "PYTHONUNBUFFERED=1" # 4
    ];
    ExposedPorts."8000/tcp" = { };
    Healthcheck = {
      Interval = 30000000000;
      Test = [
        "CMD-SHELL"
        "curl -fsS http://localhost:8000/health || exit 1"
      ];
      Timeout = 3000000000;
    };
    WorkingDir = "/srv/app";
  };
}
