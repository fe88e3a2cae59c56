# 3: FROM golang:1.25-alpine AS build: what is copied from this stage, as a derivation.
# 8: go mod download
# 10: CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -ldflags="-s -w" -o /out/hello .
{ pkgs }:
let
  inherit (pkgs) lib;
in
(pkgs.buildGoModule.override { go = pkgs.go_1_25; }) {
  pname = "go-scratch-build";
  version = "0";
  src = lib.fileset.toSource {
    root = ../../.;
    fileset = lib.fileset.difference ../../. (
      lib.fileset.unions [
        ../../flake.lock
        ../../flake.nix
        ../../nix
      ]
    );
  };
  vendorHash = null;
  subPackages = [ "." ];
  ldflags = [
    "-s"
    "-w"
  ];
  env.CGO_ENABLED = 0;
  doCheck = false;
}
