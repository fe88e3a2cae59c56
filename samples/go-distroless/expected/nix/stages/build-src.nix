# 2: FROM golang:1.25 AS build: what this stage builds, as a derivation.
# 11: make -j"$(nproc)"
# 11: make install
{ pkgs }:
let
  inherit (pkgs) lib;
in
pkgs.stdenv.mkDerivation {
  pname = "go-distroless-build-src";
  version = "0";
  src = lib.fileset.toSource {
    root = ../../.;
    fileset = lib.fileset.unions [
      ../../cmd
      ../../Makefile
      ../../go.mod
      ../../main.go
      ../../page.in
    ];
  };
  postPatch = ''
    patchShebangs .
  '';
  env = {
    CGO_ENABLED = "0";
    NIX_LDFLAGS = "-rpath /usr/local/lib";
    VERSION = "1.4.0";
  };
  dontConfigure = true;
  buildPhase = ''
    runHook preBuild
    make -j$NIX_BUILD_CORES
    runHook postBuild
  '';
  installPhase = ''
    runHook preInstall
    make install DESTDIR=$out
    runHook postInstall
  '';
  stripDebugList = [ "." ];
  dontPatchELF = true;
}
