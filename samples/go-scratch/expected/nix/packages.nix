# The packages of the image. The number is the line of the Dockerfile that asked for it.
{ pkgs }:
[ ]
