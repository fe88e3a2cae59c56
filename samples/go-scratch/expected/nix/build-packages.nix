# What the Dockerfile installs for building only: compilers, headers, and the packages of stages that are copied from.
# The development shell has them; the image has not.
{ pkgs }:
[
  # 3: FROM golang:1.25-alpine
  pkgs.go_1_25

  # 5: apk add --no-cache ca-certificates git
  pkgs.cacert # ca-certificates
  pkgs.git # git
]
