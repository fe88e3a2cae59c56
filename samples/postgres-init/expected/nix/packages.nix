# The packages of the image. The number is the line of the Dockerfile that asked for it.
{ pkgs }:
[
  # 2: FROM postgres:16
  pkgs.bashInteractive
  pkgs.coreutils
  pkgs.findutils
  pkgs.gawk
  pkgs.gnugrep
  pkgs.gnused
  pkgs.gnutar
  pkgs.gosu
  pkgs.gzip
  pkgs.postgresql_16
  pkgs.tzdata.out
  pkgs.xz
  pkgs.zstd
]
