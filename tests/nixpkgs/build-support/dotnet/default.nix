# buildDotnetModule: nixpkgs' arguments, and its failure on a list of packages that is not complete. There is no compiler: what is
# published are the names of the sources, and how they were to be compiled.
{ lib, pkgs }:
{
  pname,
  version,
  dotnet-sdk ? pkgs.dotnet-sdk,
  projectFile ? null,
  nugetDeps ? null,
  buildType ? "Release",
  selfContainedBuild ? false,
  useAppHost ? true,
  dotnetFlags ? [ ],
  dotnetBuildFlags ? [ ],
  dotnetInstallFlags ? [ ],
  installPath ? null,
  executables ? null,
  ...
}@arguments:
assert lib.assertMsg (lib.all lib.isList [
  dotnetFlags
  dotnetBuildFlags
  dotnetInstallFlags
]) "buildDotnetModule: flags are lists";
assert lib.assertMsg (nugetDeps == null || lib.isList (lib.importJSON nugetDeps)) "buildDotnetModule: nugetDeps is a list in JSON";
pkgs.stdenv.mkDerivation (
  removeAttrs arguments [
    "dotnet-sdk"
    "executables"
    "nugetDeps"
    "useAppHost"
  ]
  // {
    nativeBuildInputs = arguments.nativeBuildInputs or [ ] ++ [ dotnet-sdk ];
    names = lib.optionals (nugetDeps != null) (map (package: package.pname) (lib.importJSON nugetDeps));
    place = if installPath == null then "${placeholder "out"}/lib/${pname}" else installPath;
    appHost = useAppHost;
    buildPhase = ''
      runHook preBuild
      for package in $(sed -n 's/.*<PackageReference Include="\([^"]*\)".*/\1/p' "$projectFile"); do
        case " $names " in *" $package "*) ;; *) echo "error NU1101: Unable to find package $package." >&2; exit 1 ;; esac
      done
      runHook postBuild
    '';
    installPhase = ''
      runHook preInstall
      mkdir -p "$place"
      name=$(basename "''${projectFile%.*}")
      echo "$name: $buildType $dotnetFlags" > "$place/$name.dll"
      if [ -n "$appHost" ]; then printf '#!%s\necho %s\n' "/bin/sh" "$name" > "$place/$name"; chmod +x "$place/$name"; fi
      runHook postInstall
    '';
    buildType = buildType;
  }
)
