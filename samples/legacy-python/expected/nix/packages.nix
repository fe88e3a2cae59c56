# The packages of the image. The number is the line of the Dockerfile that asked for it.
{ pkgs, nixos-23_11 }:
[
  # 1: FROM python:3.8
  pkgs.bashInteractive
  pkgs.bzip2
  pkgs.cacert
  pkgs.coreutils
  pkgs.curl
  pkgs.file
  pkgs.findutils
  pkgs.gawk
  pkgs.gcc
  pkgs.git
  pkgs.gnugrep
  pkgs.gnumake
  pkgs.gnupatch
  pkgs.gnupg
  pkgs.gnused
  pkgs.gnutar
  pkgs.gzip
  pkgs.openssh
  pkgs.procps
  pkgs.tzdata.out
  pkgs.unzip
  pkgs.wget
  pkgs.xz

  # 8: pip install -r requirements.txt
  (nixos-23_11.python38.withPackages (ps: [
    ps.pyyaml # pyyaml
    ps.requests # requests==2.31.0
  ]))
]
