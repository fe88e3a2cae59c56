# 2: FROM node:22-alpine AS build: what is copied from this stage, as a derivation.
# 5: npm ci
# 9: npm run build
{ pkgs }:
let
  inherit (pkgs) lib;
in
pkgs.buildNpmPackage {
  pname = "vite-nginx-build";
  version = "0";
  src = lib.fileset.toSource {
    root = ../../.;
    fileset = lib.fileset.difference ../../. (
      lib.fileset.unions [
        ../../flake.lock
        ../../flake.nix
        ../../nix
        (lib.fileset.maybeMissing ../../node_modules) # .dockerignore:1: node_modules
        (lib.fileset.maybeMissing ../../dist) # .dockerignore:2: dist
      ]
    );
  };
  nodejs = pkgs.nodejs_22;
  npmDeps = pkgs.importNpmLock { npmRoot = ../../.; };
  npmConfigHook = pkgs.importNpmLock.npmConfigHook;
  npmInstallFlags = [ "--include=dev" ];
  env = {
    NODE_ENV = "production";
    PRESS_HARBOUR = "Port of Call";
  };
  installPhase = ''
    runHook preInstall
    mkdir -p $out/app
    cp -r dist $out/app
    runHook postInstall
  '';
}
