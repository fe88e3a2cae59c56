# The image: what it holds and how it starts. The number is the line of the Dockerfile that asked for it.
{ pkgs }:
let
  inherit (pkgs) dockerTools lib;

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
      dockerTools.binSh
      dockerTools.caCertificates
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
    mkdir -p srv/app # 2: WORKDIR /srv/app
    cp ${context3}/requirements.txt srv/app/requirements.txt # 3: COPY requirements.txt constraints.txt ./
    chmod u+w srv/app/requirements.txt
    cp ${context3}/constraints.txt srv/app/constraints.txt # 3: COPY requirements.txt constraints.txt ./
    chmod u+w srv/app/constraints.txt
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
