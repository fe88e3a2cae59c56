# What the Dockerfile installs for building only: compilers, headers, and the packages of stages that are copied from.
# The development shell has them; the image has not.
{ pkgs }:
[
  # 6: apt-get install
  pkgs.gcc # gcc
  pkgs.gnumake # make
  pkgs.ncurses.dev # libncurses-dev
  pkgs.wget # wget
]
