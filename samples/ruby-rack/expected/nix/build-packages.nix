# What the Dockerfile installs for building only: compilers, headers, and the packages of stages that are copied from.
# The development shell has them; the image has not.
{ pkgs }:
[
  # 3: apt-get install -y --no-install-recommends build-essential
  pkgs.gnumake # build-essential
  pkgs.stdenv.cc # build-essential
]
