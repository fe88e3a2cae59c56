# The packages of the image. The number is the line of the Dockerfile that asked for it.
{ pkgs }:
[
  # 9: FROM ruby:3.4-slim
  pkgs.bashInteractive
  pkgs.cacert
  pkgs.coreutils
  pkgs.findutils
  pkgs.gawk
  pkgs.gnugrep
  pkgs.gnused
  pkgs.gnutar
  pkgs.gzip
  pkgs.ruby_3_4
  pkgs.tzdata.out
]
