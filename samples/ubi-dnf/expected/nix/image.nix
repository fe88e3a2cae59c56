# The image: what it holds and how it starts. The number is the line of the Dockerfile that asked for it.
{ pkgs }:
let
  inherit (pkgs) dockerTools;

  # 13: useradd --system --uid 1001 --gid 0 --home-dir /opt/batch --no-create-home batch
  users = dockerTools.fakeNss.override {
    extraPasswdLines = [ "batch:x:1001:0::/opt/batch:/bin/sh" ];
  };
in
dockerTools.buildImage {
  name = "ubi-dnf";
  tag = "latest";

  copyToRoot = pkgs.buildEnv {
    name = "root";
    paths = import ./packages.nix { inherit pkgs; } ++ [
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
