# A NixOS host runs the image by `imports = [ inputs.….nixosModules.default ];` and rolls it out and back with its own configuration.
flake:
{ lib, pkgs, ... }:
{
  virtualisation.oci-containers.containers.ubuntu-tools = {
    image = "ubuntu-tools:latest";
    imageFile = flake.packages.${pkgs.stdenv.hostPlatform.system}.default;

    # VOLUME: kept when the image is replaced.
    volumes = lib.mkDefault [ "ubuntu-tools-workspace:/workspace" ];
  };
}
