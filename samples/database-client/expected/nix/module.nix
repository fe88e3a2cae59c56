# A NixOS host runs the image by `imports = [ inputs.….nixosModules.default ];` and rolls it out and back with its own configuration.
flake:
{ lib, pkgs, ... }:
{
  virtualisation.oci-containers.containers.database-client = {
    image = "database-client:latest";
    imageFile = flake.packages.${pkgs.stdenv.hostPlatform.system}.default;
  };
}
