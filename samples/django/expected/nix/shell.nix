# The development shell, `nix develop`: the packages of the image and those that build it.
{ pkgs }:
pkgs.mkShell {
  packages = import ./packages.nix { inherit pkgs; };

  # What the Dockerfile sets by ENV, as far as it holds outside of the image.
  env = {
    LANG = "C.UTF-8";
    PYTHONUNBUFFERED = "1";
  };
}
