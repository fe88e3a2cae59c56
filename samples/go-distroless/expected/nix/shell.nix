# The development shell, `nix develop`: the packages of the image and those that build it.
{ pkgs }:
pkgs.mkShell {
  packages =
    import ./packages.nix { inherit pkgs; }
    ++ import ./build-packages.nix { inherit pkgs; };
}
