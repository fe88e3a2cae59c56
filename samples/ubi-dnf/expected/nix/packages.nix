# The packages of the image. The number is the line of the Dockerfile that asked for it.
{ pkgs }:
[
  # 1: FROM registry.access.redhat.com/ubi9/ubi:9.4
  pkgs.bashInteractive
  pkgs.cacert
  pkgs.coreutils
  pkgs.curl
  pkgs.findutils
  pkgs.gawk
  pkgs.gnugrep
  pkgs.gnused
  pkgs.gnutar
  pkgs.gzip
  pkgs.tzdata.out

  # 6: dnf install
  pkgs.jdk17_headless # java-17-openjdk-headless
  pkgs.python3 # python3
  pkgs.which # which
]
