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

  # 4: apt-get install -y --no-install-recommends python3
  pkgs.python3 # python3
]
