# The packages of the image. The number is the line of the Dockerfile that asked for it.
{ pkgs }:
[
  # 4: FROM python:3.12-slim
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

  # 10: apt-get install
  pkgs.curl # curl
  pkgs.jq # jq
  pkgs.libpq # libpq5
  pkgs.postgresql_15 # postgresql-client-15

  # 15: apt-get install -y "$t"
  pkgs.git # git
  pkgs.vim # vim

  # 16: apt-get install -y >/dev/null 2>&1 $PKGS
  pkgs.tree # tree
  pkgs.wget # wget

  # 29: apt-get install -y npm
  pkgs.nodejs # npm

  # 29: npm i -g typescript@5
  pkgs.typescript # typescript

  # 25: pip install 'flask>=2,<3' requests
  (pkgs.python312.withPackages (ps: [
    ps.flask # flask>=2,<3
    ps.requests # requests
  ]))
]
