# The development shell, `nix develop`: the packages of the image and those that build it.
{ pkgs, nixos-23_11 }:
pkgs.mkShell {
  packages = import ./packages.nix { inherit pkgs nixos-23_11; };

  # What the Dockerfile sets by ENV, as far as it holds outside of the image.
  env = {
    LANG = "C.UTF-8";
  };
}
