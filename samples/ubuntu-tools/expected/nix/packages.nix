# The packages of the image. The number is the line of the Dockerfile that asked for it.
{ pkgs }:
[
  # 1: FROM ubuntu:24.04
  pkgs.bashInteractive
  pkgs.coreutils
  pkgs.findutils
  pkgs.gawk
  pkgs.gnugrep
  pkgs.gnused
  pkgs.gnutar
  pkgs.gzip

  # 8: apt-get install
  pkgs.bzip2 # bzip2
  pkgs.cacert # ca-certificates
  pkgs.curl # curl
  pkgs.dnsutils # dnsutils
  pkgs.git # git
  pkgs.glibcLocales # locales
  pkgs.htop # htop
  pkgs.iproute2 # iproute2
  pkgs.iputils # iputils-ping
  pkgs.jq # jq
  pkgs.less # less
  pkgs.netcat-openbsd # netcat-openbsd
  pkgs.openssh # openssh-client
  pkgs.postgresql # postgresql-client
  pkgs.procps # procps
  pkgs.redis # redis-tools
  pkgs.ripgrep # ripgrep
  pkgs.rsync # rsync
  pkgs.sqlite # sqlite3
  pkgs.strace # strace
  pkgs.tini # tini
  pkgs.tmux # tmux
  pkgs.traceroute # traceroute
  pkgs.tree # tree
  pkgs.tzdata.out # tzdata
  pkgs.unzip # unzip
  pkgs.vim # vim
  pkgs.wget # wget
  pkgs.xz # xz-utils
  pkgs.zip # zip
  pkgs.zstd # zstd
]
