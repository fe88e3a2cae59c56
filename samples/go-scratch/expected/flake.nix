# Converted from Dockerfile by dock2nix. Yours to edit: convert again into another folder to compare.
{
  description = "go-scratch: the image of Dockerfile";

  # nixpkgs-unstable of 2026-03-27: the revision whose packages dock2nix resolved against.
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/832efc09b4caf6b4569fbf9dc01bec3082a00611";

  outputs =
    { self, nixpkgs }:
    let
      inherit (nixpkgs) lib;
      eachSystem = lib.genAttrs [ "x86_64-linux" ];
      packagesOf = system: {
        pkgs = nixpkgs.legacyPackages.${system};
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
