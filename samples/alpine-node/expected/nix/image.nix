# The image: what it holds and how it starts. The number is the line of the Dockerfile that asked for it.
{ pkgs }:
let
  inherit (pkgs) dockerTools lib;

  users = dockerTools.fakeNss.override {
    extraGroupLines = [ "node:x:1000:" ];
    extraPasswdLines = [ "node:x:1000:1000::/home/node:/bin/sh" ];
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
dockerTools.buildImage {
  name = "alpine-node";
  tag = "latest";

  copyToRoot = pkgs.buildEnv {
    name = "root";
    paths = import ./packages.nix { inherit pkgs; } ++ [
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
    mkdir -p app # 3: WORKDIR /app
    cp ${context4}/package.json app/package.json # 4: COPY package.json package-lock.json ./
    chmod u+w app/package.json
    cp ${context4}/package-lock.json app/package-lock.json # 4: COPY package.json package-lock.json ./
    chmod u+w app/package-lock.json
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
