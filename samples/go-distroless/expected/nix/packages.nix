# The packages of the image. The number is the line of the Dockerfile that asked for it.
{ pkgs }:
[
  # 13: FROM gcr.io/distroless/static-debian12:nonroot
  pkgs.cacert
  pkgs.tzdata.out
]
