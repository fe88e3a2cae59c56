# What the Dockerfile installs for building only: compilers, headers, and the packages of stages that are copied from.
# The development shell has them; the image has not.
{ pkgs }:
[
  # 5: apk add --no-cache ca-certificates git
  pkgs.cacert # ca-certificates
  pkgs.git # git
]
