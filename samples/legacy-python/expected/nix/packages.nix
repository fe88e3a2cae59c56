# The packages of the image. The number is the line of the Dockerfile that asked for it.
{ pkgs, nixos-23_11 }:
[
  # 1: FROM python:3.8
  nixos-23_11.bashInteractive
  nixos-23_11.bzip2
  nixos-23_11.cacert
  nixos-23_11.coreutils
  nixos-23_11.curl
  nixos-23_11.file
  nixos-23_11.findutils
  nixos-23_11.gawk
  nixos-23_11.gcc
  nixos-23_11.git
  nixos-23_11.gnugrep
  nixos-23_11.gnumake
  nixos-23_11.gnupatch
  nixos-23_11.gnupg
  nixos-23_11.gnused
  nixos-23_11.gnutar
  nixos-23_11.gzip
  nixos-23_11.openssh
  nixos-23_11.procps
  nixos-23_11.tzdata.out
  nixos-23_11.unzip
  nixos-23_11.wget
  nixos-23_11.xz

  # 8: pip install -r requirements.txt
  (nixos-23_11.python38.withPackages (ps: [
    ps.pyyaml # pyyaml
    ps.requests # requests==2.31.0
  ]))
]
