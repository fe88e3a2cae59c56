# The packages of the image. The number is the line of the Dockerfile that asked for it.
{ pkgs }:
[
  # 2: FROM python:3.12-slim
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

  # 10: pip install --no-cache-dir -r requirements.txt
  (pkgs.python312.withPackages (ps: [
    ps.django # django
    ps.gunicorn # gunicorn
  ]))
]
