# autoPatchelfHook, as nixpkgs has it: what is in the outputs finds its loader and its libraries in the store, or the build fails.
{ lib, pkgs }:
{
  autoPatchelfHook =
    pkgs.writeTextFile {
      name = "auto-patchelf-hook";
      destination = "/nix-support/propagated";
      text = "";
    }
    // {
      setupHook = pkgs.writeText "auto-patchelf.sh" ''
        autoPatchelfGlibc=${pkgs.glibc}
        . ${./auto-patchelf.sh}
      '';
    };
}
