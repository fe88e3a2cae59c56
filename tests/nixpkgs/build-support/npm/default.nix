# buildNpmPackage, with dependencies by importNpmLock: the lock is what nixpkgs makes of it, the phases are nixpkgs', and in the
# place of npm a program of ours unpacks packages and runs scripts of package.json.
{ lib, pkgs }:
let
  program = pkgs.writeTextFile {
    name = "npm-stand-in";
    destination = "/bin/npm";
    executable = true;
    text = ''
      #!/bin/bash
      exec /usr/bin/python3 -I ${./npm.py} "$@"
    '';
  };
in
lib.makeOverridable (
  {
    name ? "${arguments.pname}-${arguments.version}",
    src ? null,
    nativeBuildInputs ? [ ],
    buildInputs ? [ ],
    npmDepsHash ? "",
    npmFlags ? [ ],
    npmInstallFlags ? [ ],
    npmRebuildFlags ? [ ],
    npmBuildFlags ? [ ],
    npmBuildScript ? "build",
    nodejs ? pkgs.nodejs,
    npmDeps ? throw "tests/nixpkgs: fetchNpmDeps is not provided, only importNpmLock",
    npmConfigHook ? throw "tests/nixpkgs: the hook for fetchNpmDeps is not provided, only that of importNpmLock",
    ...
  }@arguments:
  assert lib.assertMsg (npmConfigHook == pkgs.importNpmLock.npmConfigHook) "buildNpmPackage: the hook does not go with npmDeps";
  assert lib.assertMsg (lib.all lib.isList [ npmFlags npmInstallFlags npmRebuildFlags npmBuildFlags ]) "buildNpmPackage: flags are lists here";
  pkgs.stdenv.mkDerivation (
    removeAttrs arguments [ "npmConfigHook" ]
    // {
      inherit name npmDeps npmBuildScript;
      nativeBuildInputs = nativeBuildInputs ++ [
        program
        nodejs
      ];
      buildInputs = buildInputs ++ [ nodejs ];
      task = builtins.toJSON (npmDeps.task // { node = "${nodejs}/bin/node"; });
      passAsFile = [ "task" ];
      configurePhase =
        arguments.configurePhase or ''
          runHook preConfigure
          mv package.json .package.json.orig
          if test -f package-lock.json; then mv package-lock.json .package-lock.json.orig; fi
          cp --no-preserve=mode "$npmDeps/package.json" "$npmDeps/package-lock.json" .
          /usr/bin/python3 -I ${../import-npm-lock/install.py} "$taskPath" modules \
            --install $npmInstallFlags $npmFlags --rebuild $npmRebuildFlags $npmFlags
          if test -d modules/node_modules; then mv modules/node_modules .; fi
          rm -r modules
          runHook postConfigure
        '';
      buildPhase =
        arguments.buildPhase or ''
          runHook preBuild
          npm run "$npmBuildScript" $npmBuildFlags $npmFlags
          runHook postBuild
        '';
      installPhase = arguments.installPhase or (throw "tests/nixpkgs: npm pack is not provided");
    }
  )
)
