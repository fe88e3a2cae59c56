# The image: what it holds and how it starts. The number is the line of the Dockerfile that asked for it.
{ pkgs }:
let
  inherit (pkgs) dockerTools lib;

  accounts = pkgs.symlinkJoin {
    name = "accounts";
    paths = [
      (pkgs.writeTextDir "etc/passwd" ''
        root:x:0:0:root:/root:/bin/sh
        postgres:x:999:999::/var/lib/postgresql:/bin/bash
        nobody:x:65534:65534:nobody:/var/empty:/bin/sh
      '')
      (pkgs.writeTextDir "etc/group" ''
        root:x:0:
        postgres:x:999:
        nobody:x:65534:
      '')
      (pkgs.writeTextDir "etc/nsswitch.conf" "hosts: files dns\n")
    ];
  };

  # 4: COPY initdb/ /docker-entrypoint-initdb.d/
  context4 = lib.fileset.toSource {
    root = ../.;
    fileset = ../initdb;
  };
in
dockerTools.buildLayeredImage {
  name = "postgres-init";
  tag = "latest";

  contents = import ./packages.nix { inherit pkgs; } ++ [
    accounts
    dockerTools.binSh
  ];

  fakeRootCommands = ''
    mkdir -p -m 1777 tmp
    mkdir -p -m 700 root
    mkdir -p bin lib share usr var/empty
    ln -sfn bin sbin # /usr/bin, /usr/sbin and /sbin are /bin
    ln -s -t usr ../bin ../lib ../sbin ../share
    mkdir -p var/lib/postgresql # 2: FROM postgres:16
    chown 999:999 var/lib/postgresql
    mkdir -p docker-entrypoint-initdb.d
    mkdir -p run
    mkdir -p -m 3777 run/postgresql
    chown 999:999 run/postgresql
    chmod 3777 run/postgresql
    chown 999:999 var/lib/postgresql
    mkdir -p usr/local/bin
    install -m 755 ${./base/usr/local/bin/docker-entrypoint.sh} usr/local/bin/docker-entrypoint.sh
    ln -sfn /run var/run
    ln -sfn /usr/local/bin/docker-entrypoint.sh docker-entrypoint.sh
    cp -r ${context4}/initdb/. docker-entrypoint-initdb.d # 4: COPY initdb/ /docker-entrypoint-initdb.d/
    chmod -R u+w docker-entrypoint-initdb.d
    mkdir -p srv
    cp ${../tides.csv} srv/tides.csv # 5: COPY --chown=postgres:postgres tides.csv /srv/tides.csv
    chmod u+w srv/tides.csv
    chown 999:999 srv/tides.csv # 5: COPY --chown=postgres:postgres tides.csv /srv/tides.csv
  '';

  config = {
    Cmd = [ "postgres" ];
    Entrypoint = [ "docker-entrypoint.sh" ];
    Env = [
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
      "LANG=C.UTF-8" # 2: FROM
      "PGDATA=/var/lib/postgresql/data" # 2: FROM
      "POSTGRES_DB=harbour" # 3
    ];
    ExposedPorts."5432/tcp" = { };
    Healthcheck = {
      Interval = 10000000000;
      Test = [
        "CMD-SHELL"
        "pg_isready -U postgres -d harbour || exit 1"
      ];
    };
    StopSignal = "SIGINT";
    Volumes."/var/lib/postgresql/data" = { };
  };
}
