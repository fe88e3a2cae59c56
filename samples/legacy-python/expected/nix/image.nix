# The image: what it holds and how it starts. The number is the line of the Dockerfile that asked for it.
{ pkgs, nixos-23_11 }:
let
  inherit (pkgs) dockerTools lib;

  users = dockerTools.fakeNss;

  # 7: ADD . $APP_HOME
  context7 = lib.fileset.toSource {
    root = ../.;
    fileset = lib.fileset.difference ../. (
      lib.fileset.unions [
        ../flake.lock
        ../flake.nix
        ./.
      ]
    );
  };
in
dockerTools.buildImage {
  name = "legacy-python";
  tag = "latest";

  copyToRoot = pkgs.buildEnv {
    name = "root";
    paths = import ./packages.nix { inherit pkgs nixos-23_11; } ++ [
      dockerTools.binSh
      dockerTools.caCertificates
      dockerTools.usrBinEnv
      users
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
    mkdir -p usr/src/app # 5: mkdir -p $APP_HOME
    cp -r ${context7}/. usr/src/app # 7: ADD . $APP_HOME
    chmod -R u+w usr/src/app
  '';

  config = {
    Cmd = [
      "/bin/sh"
      "-c"
      "python app.py"
    ];
    Env = [
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
      "LANG=C.UTF-8" # 1: FROM
      "APP_HOME=/usr/src/app" # 3
      "GREETING=hello, world /usr/src/app" # 4
    ];
    ExposedPorts."5000/tcp" = { };
    WorkingDir = "/usr/src/app";
  };
}
