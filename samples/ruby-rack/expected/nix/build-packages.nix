# What the Dockerfile installs for building only: compilers, headers, and the packages of stages that are copied from.
# The development shell has them; the image has not.
{ pkgs }:
[
  # 2: FROM ruby:3.4-slim
  pkgs.ruby_3_4

  # 3: apt-get install -y --no-install-recommends build-essential
  pkgs.gnumake # build-essential
  pkgs.stdenv.cc # build-essential
]
