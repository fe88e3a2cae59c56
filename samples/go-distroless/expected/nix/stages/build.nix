# 2: FROM golang:1.25 AS build: what this stage builds, as a derivation.
# 8: go vet ./...
# 8: go build -trimpath -ldflags="-s -w -X main.version=${VERSION}" -o /out/harbour .
# 9: go build -trimpath -ldflags="-s -w -X main.version=${VERSION}" -o /out/beacon ./cmd/beacon
{ pkgs }:
let
  inherit (pkgs) lib;
in
(pkgs.buildGoModule.override { go = pkgs.go_1_25; }) {
  pname = "go-distroless-build";
  version = "0";
  src = lib.fileset.toSource {
    root = ../../.;
    fileset = lib.fileset.unions [
      ../../cmd
      ../../go.mod
      ../../main.go
    ];
  };
  vendorHash = null;
  subPackages = [
    "."
    "cmd/beacon"
  ];
  ldflags = [
    "-s"
    "-w"
    "-X main.version=1.4.0"
  ];
  env.CGO_ENABLED = 0;
  doCheck = false;
}
