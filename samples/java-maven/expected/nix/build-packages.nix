# What the Dockerfile installs for building only: compilers, headers, and the packages of stages that are copied from.
# The development shell has them; the image has not.
{ pkgs }:
[
  # 2: FROM maven:3.9-eclipse-temurin-21
  pkgs.maven
  pkgs.temurin-bin-21
]
