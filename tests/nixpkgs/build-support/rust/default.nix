# rustPlatform.buildRustPackage with cargoLock: nixpkgs' arguments, and its failures on a lock that is not complete. There is no
# compiler: each program of the crate is a script that prints what was asked for.
{ lib, pkgs }:
let
  # What importCargoLock refuses.
  checked =
    {
      lockFile,
      outputHashes ? { },
    }:
    let
      lock = builtins.fromTOML (builtins.readFile lockFile);
      named = package: "${package.name}-${package.version}";
      fromGit = lib.filter (package: lib.hasPrefix "git+" (package.source or "")) lock.package or [ ];
      missing = lib.filter (package: !(outputHashes ? ${named package})) fromGit;
      unknown = lib.filter (name: !(lib.elem name (map named fromGit))) (lib.attrNames outputHashes);
    in
    if missing != [ ] then
      throw "No hash was found while vendoring the git dependency ${named (lib.head missing)}. You can add a hash through the `outputHashes` argument of `importCargoLock`"
    else if unknown != [ ] then
      throw "A hash was specified for ${lib.head unknown}, but there is no corresponding git dependency."
    else
      lockFile;

  buildRustPackage =
    {
      name ? "${arguments.pname}-${arguments.version}",
      src ? null,
      nativeBuildInputs ? [ ],
      buildInputs ? [ ],
      cargoLock ? throw "cargoHash, cargoVendorDir, or cargoLock must be set",
      buildType ? "release",
      buildFeatures ? [ ],
      buildNoDefaultFeatures ? false,
      cargoBuildFlags ? [ ],
      buildAndTestSubdir ? null,
      doCheck ? true,
      ...
    }@arguments:
    assert lib.assertMsg (lib.isList buildFeatures && lib.isList cargoBuildFlags) "buildRustPackage: features and flags are lists";
    pkgs.stdenv.mkDerivation (
      removeAttrs arguments [ "cargoLock" ]
      // {
        inherit name doCheck;
        nativeBuildInputs = nativeBuildInputs ++ [
          pkgs.cargo
          pkgs.rustc
        ];
        cargoDeps = checked cargoLock;
        interpreter = pkgs.runtimeShell;
        cargoBuildType = buildType;
        cargoBuildFeatures = buildFeatures;
        configurePhase =
          arguments.configurePhase or ''
            runHook preConfigure
            if ! diff Cargo.lock "$cargoDeps"; then echo "ERROR: cargoHash or Cargo.lock is out of date" >&2; exit 1; fi
            runHook postConfigure
          '';
        buildPhase =
          arguments.buildPhase or ''
            runHook preBuild
            /usr/bin/python3 -I ${./cargo.py} "''${buildAndTestSubdir:-.}" target $cargoBuildFlags
            runHook postBuild
          '';
        installPhase =
          arguments.installPhase or ''
            runHook preInstall
            mkdir -p $out/bin
            cp target/* $out/bin
            runHook postInstall
          '';
      }
    );
in
{
  rustPlatform = {
    buildRustPackage = lib.makeOverridable buildRustPackage;
  };
}
