# The image: what it holds and how it starts. The number is the line of the Dockerfile that asked for it.
{ pkgs }:
let
  inherit (pkgs) dockerTools lib;

  accounts = pkgs.symlinkJoin {
    name = "accounts";
    paths = [
      (pkgs.writeTextDir "etc/passwd" ''
        root:x:0:0:root:/root:/bin/sh
        node:x:1000:1000::/home/node:/bin/sh
        nobody:x:65534:65534:nobody:/var/empty:/bin/sh
      '')
      (pkgs.writeTextDir "etc/group" ''
        root:x:0:
        node:x:1000:
        nobody:x:65534:
      '')
      (pkgs.writeTextDir "etc/nsswitch.conf" "hosts: files dns\n")
    ];
  };

  # 4: COPY package.json package-lock.json ./
  context4 = lib.fileset.toSource {
    root = ../.;
    fileset = lib.fileset.unions [
      ../package-lock.json
      ../package.json
    ];
  };

  # 5: npm ci --omit=dev
  nodeModules5 = pkgs.importNpmLock.buildNodeModules {
    derivationArgs = {
      npmInstallFlags = "--omit=dev";
      postInstall = "rm -f $out/node_modules/.package-lock.json";
    };
    nodejs = pkgs.nodejs_22;
    package = removeAttrs (lib.importJSON ../package.json) [ "scripts" ];
    packageLock = lib.importJSON ../package-lock.json;
  };
in
dockerTools.buildLayeredImage {
  name = "alpine-node";
  tag = "latest";

  contents = import ./packages.nix { inherit pkgs; } ++ [
    accounts
    dockerTools.caCertificates
  ];

  fakeRootCommands = ''
    mkdir -p -m 1777 tmp
    mkdir -p -m 700 root
    mkdir -p bin lib share usr var/empty
    ln -sfn bin sbin # /usr/bin, /usr/sbin and /sbin are /bin
    ln -s -t usr ../bin ../lib ../sbin ../share
    mkdir -p home/node # 1: FROM node:22-alpine
    chown 1000:1000 home/node
    mkdir -p app # 3: WORKDIR /app
    cp -r ${context4}/. app # 4: COPY package.json package-lock.json ./
    chmod -R u+w app
    cp -rT ${nodeModules5}/node_modules app/node_modules # 5: npm ci --omit=dev
    chmod -R u+w app/node_modules
    cp ${../server.js} app/server.js # 6: COPY server.js ./
    chmod u+w app/server.js
  '';

  config = {
    Cmd = [
      "node"
      "server.js"
    ];
    Entrypoint = [
      "tini"
      "--"
    ];
    Env = [
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
      "NODE_ENV=production" # 7
    ];
    ExposedPorts."3000/tcp" = { };
    User = "node";
    WorkingDir = "/app";
  };
}
