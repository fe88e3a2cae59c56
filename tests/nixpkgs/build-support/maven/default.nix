# maven.buildMavenPackage: nixpkgs' arguments and its two derivations. There is no Maven here: the jar is an archive of the sources.
{ lib, pkgs }:
{
  src,
  pname,
  version,
  sourceRoot ? null,
  doCheck ? true,
  mvnJdk ? pkgs.jdk,
  mvnHash ? "",
  mvnParameters ? "",
  ...
}@arguments:
assert lib.assertMsg (lib.isString mvnParameters) "buildMavenPackage: mvnParameters is a string";
let
  # what Maven downloads: here the project's file stands for it
  fetchedMavenDeps = pkgs.stdenv.mkDerivation {
    name = "${pname}-${version}-maven-deps";
    inherit src;
    sourceRoot = if sourceRoot == null then "" else sourceRoot;
    installPhase = "mkdir -p $out/.m2; cp pom.xml $out/.m2/";
    outputHashAlgo = if mvnHash != "" then null else "sha256";
    outputHashMode = "recursive";
    outputHash = mvnHash;
  };
in
pkgs.stdenv.mkDerivation (
  arguments
  // {
    inherit fetchedMavenDeps;
    JAVA_HOME = mvnJdk;
    buildPhase = ''
      runHook preBuild
      cmp pom.xml "$fetchedMavenDeps/.m2/pom.xml"
      /usr/bin/python3 -I ${./mvn.py}
      runHook postBuild
    '';
  }
)
