# The packages of the image. The number is the line of the Dockerfile that asked for it.
{ pkgs }:
[
  # 2: FROM debian:bookworm-slim
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
  pkgs.cronie # cron
  pkgs.nginx # nginx

  # 3: apt-get install
  (pkgs.python3.withPackages (ps: [
    ps.supervisor # supervisor
  ]))
]
