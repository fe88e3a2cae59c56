# The packages of the image. The number is the line of the Dockerfile that asked for it.
{ pkgs }:
[
  # 1: FROM debian:bookworm-slim
  pkgs.bashInteractive
  pkgs.coreutils
  pkgs.findutils
  pkgs.gawk
  pkgs.gnugrep
  pkgs.gnused
  pkgs.gnutar
  pkgs.gzip
  pkgs.tzdata.out

  # 3: apt-get install
  pkgs.cacert # ca-certificates
  pkgs.mariadb.client # default-mysql-client
  pkgs.postgresql_15 # postgresql-client-15
  pkgs.redis # redis-tools
  pkgs.sqlite # sqlite3
]
