# The packages of the image. The number is the line of the Dockerfile that asked for it.
{ pkgs }:
[
  # 12: FROM eclipse-temurin:21-jre
  pkgs.bashInteractive
  pkgs.cacert
  pkgs.coreutils
  pkgs.curl
  pkgs.findutils
  pkgs.fontconfig
  pkgs.gawk
  pkgs.gnugrep
  pkgs.gnused
  pkgs.gnutar
  pkgs.gzip
  pkgs.temurin-jre-bin-21
  pkgs.tzdata.out
  pkgs.wget
]
