# The image: what it holds and how it starts. The number is the line of the Dockerfile that asked for it.
{ pkgs }:
let
  inherit (pkgs) dockerTools lib;

  # 25: groupadd --gid 1500 tools
  # 26: useradd --uid 1500 --gid tools --create-home --shell /bin/bash tools
  accounts = pkgs.symlinkJoin {
    name = "accounts";
    paths = [
      (pkgs.writeTextDir "etc/passwd" ''
        root:x:0:0:root:/root:/bin/sh
        ubuntu:x:1000:1000:Ubuntu:/home/ubuntu:/bin/bash
        tools:x:1500:1500::/home/tools:/bin/bash
        nobody:x:65534:65534:nobody:/var/empty:/bin/sh
      '')
      (pkgs.writeTextDir "etc/group" ''
        root:x:0:
        ubuntu:x:1000:
        tools:x:1500:
        nobody:x:65534:
      '')
      (pkgs.writeTextDir "etc/nsswitch.conf" "hosts: files dns\n")
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
    accounts
    dockerTools.binSh
    dockerTools.caCertificates
  ];

  fakeRootCommands = ''
    mkdir -p -m 1777 tmp
    mkdir -p -m 700 root
    mkdir -p bin lib share usr var/empty
    ln -sfn bin sbin # /usr/bin, /usr/sbin and /sbin are /bin
    ln -s -t usr ../bin ../lib ../sbin ../share
    mkdir -p home/tools # 26: useradd --uid 1500 --gid tools --create-home --shell /bin/bash tools
    chown 1500:1500 home/tools # 26: useradd --uid 1500 --gid tools --create-home --shell /bin/bash tools
    mkdir -p workspace # 27: mkdir -p /workspace
    chown 1500:1500 workspace # 28: chown tools:tools /workspace
    tar -C ${context30}/dotfiles --owner=1500 --group=1500 --mode=u+w -c . | tar -C home/tools -x --no-overwrite-dir # 30: COPY --chown=tools:tools dotfiles/ /home/tools/
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
