# The packages of the image. The number is the line of the Dockerfile that asked for it.
{ pkgs }:
[
  # 11: FROM nginx:1.29-alpine
  pkgs.busybox
  pkgs.cacert
  pkgs.curl
  pkgs.gettext
  pkgs.nginxMainline
  pkgs.tzdata.out
]
