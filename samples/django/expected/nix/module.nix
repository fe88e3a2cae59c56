# A NixOS host runs the image by `imports = [ inputs.….nixosModules.default ];` and rolls it out and back with its own configuration.
flake:
{ lib, pkgs, ... }:
{
  virtualisation.oci-containers.containers.django = {
    image = "django:latest";
    imageFile = flake.packages.${pkgs.stdenv.hostPlatform.system}.default;

    # EXPOSE: reached from this host alone, until the host says otherwise.
    ports = lib.mkDefault [ "127.0.0.1:8000:8000/tcp" ];
  };
}
