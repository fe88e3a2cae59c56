# What the Dockerfile installs for building only: compilers, headers, and the packages of stages that are copied from.
# The development shell has them; the image has not.
{ pkgs }:
[
  # 2: FROM golang:1.25
  pkgs.go_1_25
]
