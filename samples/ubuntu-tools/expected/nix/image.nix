# The image: what it holds and how it starts. The number is the line of the Dockerfile that asked for it.
{ pkgs }:
let
  inherit (pkgs) dockerTools lib;

  # 25: groupadd --gid 1500 tools
  # 26: useradd --uid 1500 --gid tools --create-home --shell /bin/bash tools
  users = dockerTools.fakeNss.override {
    extraGroupLines = [
      "ubuntu:x:1000:"
      "tools:x:1500:"
    ];
    extraPasswdLines = [
      "ubuntu:x:1000:1000:Ubuntu:/home/ubuntu:/bin/bash"
      "tools:x:1500:1500::/home/tools:/bin/bash"
    ];
  };

  # 30: COPY --chown=tools:tools dotfiles/ /home/tools/
  context30 = lib.fileset.toSource {
    root = ../.;
    fileset = ../dotfiles;
  };
in
dockerTools.buildLayeredImage {
  name = "ubuntu-tools";
  tag = "latest";

  contents = import ./packages.nix { inherit pkgs; } ++ [
    dockerTools.binSh
    dockerTools.caCertificates
    dockerTools.usrBinEnv
    users
  ];

  fakeRootCommands = ''
    mkdir -p -m 1777 tmp
    mkdir -p home/tools # 26: useradd --uid 1500 --gid tools --create-home --shell /bin/bash tools
    chown 1500:1500 home/tools # 26: useradd --uid 1500 --gid tools --create-home --shell /bin/bash tools
    mkdir -p workspace # 27: mkdir -p /workspace
    chown 1500:1500 workspace # 28: chown tools:tools /workspace
    cp -r ${context30}/dotfiles/. home/tools # 30: COPY --chown=tools:tools dotfiles/ /home/tools/
    chmod -R u+w home/tools
    chown -R 1500:1500 home/tools # 30: COPY --chown=tools:tools dotfiles/ /home/tools/
    mkdir -p usr/local/bin
    cp ${../entrypoint.sh} usr/local/bin/entrypoint.sh # 31: COPY --chmod=755 entrypoint.sh /usr/local/bin/entrypoint.sh
    chmod u+w usr/local/bin/entrypoint.sh
    chmod 755 usr/local/bin/entrypoint.sh # 31: COPY --chmod=755 entrypoint.sh /usr/local/bin/entrypoint.sh
  '';

  config = {
    Cmd = [ "bash" ];
    Entrypoint = [
      "tini"
      "--"
      "/usr/local/bin/entrypoint.sh"
    ];
    Env = [
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
      "SSL_CERT_FILE=/etc/ssl/certs/ca-bundle.crt" # 10: ca-certificates
      "LOCALE_ARCHIVE=${pkgs.glibcLocales}/lib/locale/locale-archive" # 20: locales
      "TZDIR=${pkgs.tzdata}/share/zoneinfo" # 20: tzdata
      "LANG=en_US.UTF-8" # 4
      "TZ=Europe/Berlin" # 4
    ];
    User = "tools";
    Volumes."/workspace" = { };
    WorkingDir = "/workspace";
  };
}
