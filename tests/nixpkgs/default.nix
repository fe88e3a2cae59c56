# The package set: what nixpkgs calls `import nixpkgs { system = …; config = …; }`.
{
  system ? builtins.currentSystem,
  localSystem ? { inherit system; },
  config ? { },
  overlays ? [ ],
}:
let
  lib = import ./lib;
  cpu = lib.head (lib.splitString "-" localSystem.system);

  platform = {
    inherit (localSystem) system;
    isLinux = lib.hasSuffix "-linux" localSystem.system;
    isDarwin = lib.hasSuffix "-darwin" localSystem.system;
    isx86_64 = cpu == "x86_64";
    isAarch64 = cpu == "aarch64";
    parsed.cpu.name = cpu;
    go.GOARCH =
      {
        x86_64 = "amd64";
        aarch64 = "arm64";
      }
      .${cpu};
  };

  base =
    pkgs:
    let
      arguments = {
        inherit lib pkgs;
      };
      packages = import ./packages.nix (arguments // { tree = lib.importJSON ./attributes.json; });
    in
    packages
    // lib.optionalAttrs (packages ? maven) {
      maven = packages.maven // {
        buildMavenPackage = import ./build-support/maven arguments;
      };
    }
    // import ./build-support/gradle (arguments // { inherit packages; })
    // import ./languages arguments
    // import ./build-support/trivial.nix arguments
    // import ./build-support/rust arguments
    // import ./build-support/fetchers.nix arguments
    // import ./build-support/yarn arguments
    // import ./build-support/auto-patchelf arguments
    // {
      inherit lib pkgs;
      inherit (pkgs.stdenv.hostPlatform) system;
      config = if lib.isFunction config then config { inherit pkgs; } else config;
      path = ./.;
      stdenv = import ./stdenv arguments // {
        hostPlatform = platform;
        buildPlatform = platform;
        targetPlatform = platform;
        inherit (platform) system isLinux isDarwin;
      };
      stdenvNoCC = removeAttrs pkgs.stdenv [ "cc" ];
      buildEnv = import ./build-support/build-env arguments;
      dockerTools = import ./build-support/docker-tools arguments;
      fakeNss = import ./build-support/fake-nss.nix arguments;
      importNpmLock = import ./build-support/import-npm-lock arguments;
      buildNpmPackage = import ./build-support/npm arguments;
      bundlerEnv = import ./build-support/bundler arguments;
      buildDotnetModule = import ./build-support/dotnet arguments;
      buildGoModule = import ./build-support/go arguments;
    };
in
lib.fix (lib.foldl' (lib.flip lib.extends) base overlays)
