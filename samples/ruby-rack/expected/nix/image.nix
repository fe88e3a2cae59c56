# The image: what it holds and how it starts. The number is the line of the Dockerfile that asked for it.
{ pkgs }:
let
  inherit (pkgs) dockerTools lib;

  # 14: useradd --create-home harbour
  accounts = pkgs.symlinkJoin {
    name = "accounts";
    paths = [
      (pkgs.writeTextDir "etc/passwd" ''
        root:x:0:0:root:/root:/bin/sh
        harbour:x:1000:1000::/home/harbour:/bin/sh
        nobody:x:65534:65534:nobody:/var/empty:/bin/sh
      '')
      (pkgs.writeTextDir "etc/group" ''
        root:x:0:
        harbour:x:1000:
        nobody:x:65534:
      '')
      (pkgs.writeTextDir "etc/nsswitch.conf" "hosts: files dns\n")
    ];
  };

  # 12: COPY --from=gems /usr/local/bundle /usr/local/bundle, there line 7: bundle install --jobs 4 --retry 3
  stage-gems = import ./stages/gems.nix { inherit pkgs; };

  # 12: COPY --from=gems /usr/local/bundle /usr/local/bundle, there line 7: bundle install --jobs 4 --retry 3
  file12 = pkgs.writeText "config" ''
    ---
    BUNDLE_WITHOUT: "development:test"
  '';

  # 13: COPY . .
  context13 = lib.fileset.toSource {
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
dockerTools.buildLayeredImage {
  name = "ruby-rack";
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
    mkdir -p app # 11: WORKDIR /app
    mkdir -p usr/local/bundle
    cp -r ${stage-gems}/lib/ruby/gems/3.4.0/. usr/local/bundle # 12: COPY --from=gems /usr/local/bundle /usr/local/bundle, there line 7: bundle install --jobs 4 --retry 3
    chmod -R u+w usr/local/bundle
    install -m 644 ${file12} usr/local/bundle/config # 12: COPY --from=gems /usr/local/bundle /usr/local/bundle, there line 7: bundle install --jobs 4 --retry 3
    cp -r ${context13}/. app # 13: COPY . .
    chmod -R u+w app
    mkdir -p home/harbour # 14: useradd --create-home harbour
    chown 1000:1000 home/harbour # 14: useradd --create-home harbour
    chown -R 1000:1000 app # 14: chown -R harbour:harbour /app
  '';

  config = {
    Cmd = [
      "bundle"
      "exec"
      "rackup"
      "--host"
      "0.0.0.0"
    ];
    Env = [
      "PATH=/usr/local/bundle/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
      "LANG=C.UTF-8" # 9: FROM
      "GEM_HOME=/usr/local/bundle" # 9: FROM
      "BUNDLE_SILENCE_ROOT_WARNING=1" # 9: FROM
      "BUNDLE_APP_CONFIG=/usr/local/bundle" # 9: FROM
      "RACK_ENV=production" # 10
    ];
    ExposedPorts."9292/tcp" = { };
    User = "harbour";
    WorkingDir = "/app";
  };
}
