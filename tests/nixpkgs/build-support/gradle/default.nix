# gradle.fetchDeps: nixpkgs' arguments. Gradle itself is a stand-in, whose hook runs the task that it is given: nothing.
{ lib, pkgs, packages }:
let
  fetchDeps =
    {
      pkg ? null,
      pname ? null,
      attrPath ? pname,
      data,
      bwrapFlags ? "",
      silent ? true,
      useBwrap ? true,
    }:
    assert lib.assertMsg (lib.isAttrs (lib.importJSON data)) "gradle.fetchDeps: data is a set in JSON";
    pkgs.runCommand "${pkg.pname or pname}-deps" { } "mkdir $out";
in
lib.mapAttrs (_: gradle: gradle // { inherit fetchDeps; }) (
  lib.filterAttrs (name: _: builtins.match "gradle(_[0-9]+)?" name != null) packages
)
