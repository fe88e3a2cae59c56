# Converted from Dockerfile by dock2nix. Yours to edit: convert again into another folder to compare.
{
  description = "legacy-python: the image of Dockerfile";

  # nixpkgs-unstable of 2026-03-27: the revision whose packages dock2nix resolved against.
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/832efc09b4caf6b4569fbf9dc01bec3082a00611";

  # nixos-23.11 of 2024-07-02: the last release that has what the base image brings.
  inputs.nixos-23_11.url = "github:NixOS/nixpkgs/7144d6241f02d171d25fba3edeaf15e0f2592105";

  outputs =
    { self, nixpkgs, nixos-23_11 }:
    let
      inherit (nixpkgs) lib;
      eachSystem = lib.genAttrs [
        "x86_64-linux"
        "aarch64-linux"
      ];
      packagesOf = system: {
        pkgs = nixpkgs.legacyPackages.${system};
        nixos-23_11 = nixos-23_11.legacyPackages.${system};
      };
    in
    {
      packages = eachSystem (system: {
        default = import ./nix/image.nix (packagesOf system);
      });

      apps = eachSystem (system: {
        load = import ./nix/load.nix {
          inherit (packagesOf system) pkgs;
          image = self.packages.${system}.default;
        };
      });

      devShells = eachSystem (system: {
        default = import ./nix/shell.nix (packagesOf system);
      });

      nixosModules.default = import ./nix/module.nix self;
    };
}
