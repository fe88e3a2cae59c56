# The packages of the image. The number is the line of the Dockerfile that asked for it.
{ pkgs }:
[
  # 1: FROM node:22-alpine
  pkgs.busybox
  pkgs.cacert
  pkgs.nodejs_22

  # 2: apk add --no-cache tini git
  pkgs.git # git
  pkgs.tini # tini
]
