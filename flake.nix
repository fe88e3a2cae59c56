{
  description = "Convert a Dockerfile to a pinned Nix flake with a dockerTools image";

  # The revision that the package index describes (mappings/pins.toml).
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/832efc09b4caf6b4569fbf9dc01bec3082a00611";

  outputs =
    { self, nixpkgs }:
    let
      inherit (nixpkgs) lib;
      eachSystem = lib.genAttrs [
        "aarch64-darwin"
        "aarch64-linux"
        "x86_64-darwin"
        "x86_64-linux"
      ];
    in
    {
      packages = eachSystem (system: {
        default = import ./package.nix { pkgs = nixpkgs.legacyPackages.${system}; };
      });

      # nix run . -- Dockerfile
      apps = eachSystem (system: {
        default = {
          type = "app";
          program = "${self.packages.${system}.default}/bin/dock2nix";
          meta.description = "Convert a Dockerfile to a pinned Nix flake with a dockerTools image";
        };
      });

      # `make check` and `make test` make themselves an environment with what pyproject.toml asks for.
      devShells = eachSystem (
        system:
        let
          pkgs = nixpkgs.legacyPackages.${system};
        in
        {
          default = pkgs.mkShell {
            packages = [
              pkgs.git
              pkgs.gnumake
              pkgs.python313
              pkgs.uv
            ];
          };
        }
      );
    };
}
