# The packages of the image. The number is the line of the Dockerfile that asked for it.
{ pkgs }:
[
  # 2: FROM php:8.3-apache
  pkgs.apacheHttpd
  pkgs.bashInteractive
  pkgs.cacert
  pkgs.coreutils
  pkgs.curl
  pkgs.findutils
  pkgs.gawk
  pkgs.gnugrep
  pkgs.gnused
  pkgs.gnutar
  pkgs.gzip
  pkgs.tzdata.out
  pkgs.xz

  # 3: apt-get install -y --no-install-recommends libzip-dev
  pkgs.libzip # libzip-dev (the library)

  # 5: pecl install apcu, and line 5
  ((pkgs.php83.override {
    apxs2Support = true;
    ztsSupport = false;
  }).withExtensions (
    { enabled, all }:
    enabled
    ++ [
      all.apcu # apcu
    ]
  ))
]
