# The packages of the image. The number is the line of the Dockerfile that asked for it.
{ pkgs }:
[
  # 1: FROM python:3.12-slim
  pkgs.bashInteractive
  pkgs.cacert
  pkgs.coreutils
  pkgs.findutils
  pkgs.gawk
  pkgs.gnugrep
  pkgs.gnused
  pkgs.gnutar
  pkgs.gzip
  pkgs.tzdata.out

  # 4: pip install (2 requirements, 4 distributions locked)
  (import ./python.nix { inherit pkgs; })
]
