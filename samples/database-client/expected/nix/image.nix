# The image: what it holds and how it starts. The number is the line of the Dockerfile that asked for it.
{ pkgs }:
let
  inherit (pkgs) dockerTools;
in
dockerTools.buildImage {
  name = "database-client";
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
    chmod -R u+w . # what came with copyToRoot is read-only
    mkdir -p usr/local/bin
    cp ${../backup.sh} usr/local/bin/backup # 14: COPY backup.sh /usr/local/bin/backup
    chmod u+w usr/local/bin/backup
    chmod +x usr/local/bin/backup # 15: chmod +x /usr/local/bin/backup
  '';

  config = {
    Entrypoint = [ "backup" ];
    Env = [
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
      "SSL_CERT_FILE=/etc/ssl/certs/ca-bundle.crt" # 4: ca-certificates
      "PGHOST=db" # 13
      "PGUSER=app" # 13
    ];
    StopSignal = "SIGINT";
  };
}
