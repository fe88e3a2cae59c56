# 2: FROM maven:3.9-eclipse-temurin-21 AS build: what is copied from this stage, as a derivation.
# 7: mvn -B -q dependency:go-offline
# 10: mvn -B package -DskipTests -pl server -am
{ pkgs }:
let
  inherit (pkgs) lib;
in
pkgs.maven.buildMavenPackage {
  pname = "java-maven-build";
  version = "0";
  src = lib.fileset.toSource {
    root = ../../.;
    fileset = lib.fileset.unions [
      ../../server/src
      ../../tides/src
      ../../pom.xml
      ../../server/pom.xml
      ../../tides/pom.xml
    ];
  };
  mvnJdk = pkgs.temurin-bin-21;
  mvnHash = lib.fakeHash; # for 4f5e1e2e906adac4
  mvnParameters = "-pl server -am";
  doCheck = false;
  installPhase = ''
    runHook preInstall
    mkdir -p $out/src/server/target
    cp -r server/target/server-*.jar $out/src/server/target
    runHook postInstall
  '';
}
