# The packages of the image. The number is the line of the Dockerfile that asked for it.
{ pkgs }:
[
  # 2: FROM python:3.13-slim
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

  # 8: apt-get install -y --no-install-recommends curl libpq5
  pkgs.curl # curl
  pkgs.libpq # libpq5

  # 13: pip install --no-cache-dir -r requirements.txt
  (pkgs.python313.withPackages (ps: [
    ps.flask # flask>=3.0,<4
    ps.gunicorn # gunicorn>=22
    ps.psycopg2 # psycopg2>=2.9
  ]))
]
