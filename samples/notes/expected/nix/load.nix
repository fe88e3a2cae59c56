# `nix run .#load` builds the image and loads it into docker, or into podman where there is no docker.
{ pkgs, image }:
let
  load = pkgs.writeShellScript "load" ''
    engine=$(command -v docker || command -v podman) || {
      echo "neither docker nor podman is on PATH" >&2
      exit 1
    }
    ${pkgs.gzip}/bin/gzip -dc ${image} | "$engine" load
  '';
in
{
  type = "app";
  program = "${load}";
  meta.description = "Load the image into docker or podman";
}
