# The image: what it holds and how it starts. The number is the line of the Dockerfile that asked for it.
{ pkgs, nixos-23_11 }:
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

  # 7: ADD . $APP_HOME
  context7 = lib.fileset.toSource {
    root = ../.;
    fileset =
      let
        # the files that, with all folders above them, none of the regular expressions matches
        unmatched =
          patterns:
          lib.fileset.fromSource (
            lib.cleanSourceWith {
              src = ../.;
              filter =
                path: _:
                let
                  name = lib.removePrefix "${toString ../.}/" path;
                in
                !lib.any (pattern: builtins.match pattern name != null) patterns;
            }
          );
        kept1 = lib.fileset.intersection ../. (
          unmatched [
            "(.*/)?__pycache__" # .dockerignore:2: **/__pycache__
            "[^/]*\\.md" # .dockerignore:3: *.md
          ]
        );
        kept2 = lib.fileset.difference kept1 (
          lib.fileset.unions [
            (lib.fileset.maybeMissing ../.git) # .dockerignore:1: .git
          ]
        );
        kept3 = lib.fileset.union kept2 (
          lib.fileset.unions [
            (lib.fileset.maybeMissing ../README.md) # .dockerignore:4: !README.md
          ]
        );
      in
      lib.fileset.difference kept3 (
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
