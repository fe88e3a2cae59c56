# A NixOS host runs the image by `imports = [ inputs.….nixosModules.default ];` and rolls it out and back with its own configuration.
flake:
{ lib, pkgs, ... }:
{
  virtualisation.oci-containers.containers.alpine-node = {
    image = "alpine-node:latest";
    imageFile = flake.packages.${pkgs.stdenv.hostPlatform.system}.default;

    # EXPOSE: reached from this host alone, until the host says otherwise.
    ports = lib.mkDefault [ "127.0.0.1:3000:3000/tcp" ];
  };
}
