# The image: what it holds and how it starts. The number is the line of the Dockerfile that asked for it.
{ pkgs }:
let
  inherit (pkgs) dockerTools;

  # 5: groupadd --gid 1500 notes
  # 6: useradd --uid 1500 --gid notes --no-create-home --home-dir /var/lib/notes --shell /usr/sbin/nologin notes
  accounts = pkgs.symlinkJoin {
    name = "accounts";
    paths = [
      (pkgs.writeTextDir "etc/passwd" ''
        root:x:0:0:root:/root:/bin/sh
        notes:x:1500:1500::/var/lib/notes:/usr/sbin/nologin
        nobody:x:65534:65534:nobody:/var/empty:/bin/sh
      '')
      (pkgs.writeTextDir "etc/group" ''
        root:x:0:
        notes:x:1500:
        nobody:x:65534:
      '')
      (pkgs.writeTextDir "etc/nsswitch.conf" "hosts: files dns\n")
    ];
  };
in
dockerTools.buildLayeredImage {
  name = "notes";
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
    mkdir -p var/lib/notes # 7: mkdir -p /var/lib/notes
    chown 1500:1500 var/lib/notes # 8: chown notes:notes /var/lib/notes
    mkdir -p srv/notes # 11: WORKDIR /srv/notes
    cp ${../notes.py} srv/notes/notes.py # 12: COPY --chown=notes:notes --chmod=644 notes.py ./
    chmod u+w srv/notes/notes.py
    chmod 644 srv/notes/notes.py # 12: COPY --chown=notes:notes --chmod=644 notes.py ./
    chown 1500:1500 srv/notes/notes.py # 12: COPY --chown=notes:notes --chmod=644 notes.py ./
    mkdir -p usr/local/bin
    cp ${../healthy} usr/local/bin/healthy # 13: COPY --chmod=755 healthy /usr/local/bin/healthy
    chmod u+w usr/local/bin/healthy
    chmod 755 usr/local/bin/healthy # 13: COPY --chmod=755 healthy /usr/local/bin/healthy
  '';

  config = {
    Cmd = [ "notes.py" ];
    Entrypoint = [ "python3" ];
    Env = [
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
      "NOTES=/var/lib/notes" # 10
      "PORT=8080" # 10
    ];
    ExposedPorts."8080/tcp" = { };
    Healthcheck = {
      Interval = 10000000000;
      Retries = 5;
      Test = [
        "CMD"
        "healthy"
      ];
      Timeout = 2000000000;
    };
    StopSignal = "SIGINT";
    User = "notes";
    Volumes."/var/lib/notes" = { };
    WorkingDir = "/srv/notes";
  };
}
