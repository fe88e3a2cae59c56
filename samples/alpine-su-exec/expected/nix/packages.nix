# The packages of the image. The number is the line of the Dockerfile that asked for it.
{ pkgs }:
[
  # 2: FROM alpine:3.20
  pkgs.busybox
  pkgs.cacert

  # 3: apk add --no-cache su-exec tini
  pkgs.su-exec # su-exec
  pkgs.tini # tini
]
