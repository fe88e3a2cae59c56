# What the Dockerfile installs for building only: compilers, headers, and the packages of stages that are copied from.
# The development shell has them; the image has not.
{ pkgs }:
[
  # 2: FROM rust:1.94-slim
  pkgs.rustc

  # 3: apt-get install
  pkgs.openssl.dev # libssl-dev
  pkgs.pkg-config # pkg-config
]
