# 2: FROM rust:1.94-slim AS build: what is copied from this stage, as a derivation.
# 6: cargo build --release --locked
# 8: cargo build --release --locked --features metrics
{ pkgs }:
let
  inherit (pkgs) lib;
in
pkgs.rustPlatform.buildRustPackage {
  pname = "rust-build";
  version = "0";
  src = lib.fileset.toSource {
    root = ../../.;
    fileset = lib.fileset.unions [
      ../../src
      ../../Cargo.lock
      ../../Cargo.toml
    ];
  };
  cargoLock.lockFile = ../../Cargo.lock;
  buildFeatures = [ "metrics" ];
  nativeBuildInputs = [ pkgs.pkg-config ];
  buildInputs = [ pkgs.openssl ];
  doCheck = false;
}
