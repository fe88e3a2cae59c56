# bundlerEnv: nixpkgs' arguments, its gems one by one and the tree of links that they make; what is not taken apart by gem but by a
# program of ours are the files of gems, of which no extension is compiled.
{ lib, pkgs }:
{
  name ? null,
  pname ? null,
  gemdir ? null,
  gemfile ? null,
  lockfile ? null,
  gemset ? null,
  ruby ? pkgs.ruby,
  groups ? [ "default" ],
  ignoreCollisions ? false,
  ...
}:
assert lib.assertMsg (name != null || pname != null) "bundlerEnv: either pname or name must be set";
let
  file = given: base: if given == null then gemdir + "/${base}" else given;
  given = file gemset "gemset.nix";
  entries = if lib.isAttrs given then given else import given;
  chosen = lib.filterAttrs (
    _: entry: !(entry ? groups) || lib.any (group: lib.elem group groups) entry.groups
  ) entries;

  version = "${lib.versions.majorMinor ruby.version}.0";
  gemPath = "lib/ruby/gems/${version}";

  gem =
    name: entry:
    let
      platform = entry.platform or "ruby";
      full = if platform == "ruby" then entry.version else "${entry.version}-${platform}";
    in
    assert lib.assertMsg (entry.source.type == "gem") "tests/nixpkgs: ${name}: gems of repositories are not provided";
    pkgs.stdenv.mkDerivation {
      name = "ruby${lib.versions.majorMinor ruby.version}-${name}-${full}";
      gem = pkgs.fetchurl {
        urls = map (remote: "${remote}/gems/${name}-${full}.gem") entry.source.remotes;
        inherit (entry.source) sha256;
      };
      needs = map (other: chosenGems.${other}) entry.dependencies or [ ];
      buildCommand = "/usr/bin/python3 -I ${./unpack_gem.py} ${name} ${full} $out/${gemPath} ${ruby}/bin/ruby";
    };
  chosenGems = lib.mapAttrs gem chosen;
in
pkgs.buildEnv {
  name = if name != null then name else pname;
  inherit ignoreCollisions;
  paths = lib.attrValues chosenGems;
  pathsToLink = [ "/lib" ];
  # the stubs of nixpkgs read both files when they start
  postBuild = ''
    mkdir -p $out/share
    cp ${file gemfile "Gemfile"} $out/share/Gemfile
    cp ${file lockfile "Gemfile.lock"} $out/share/Gemfile.lock
  '';
  passthru = {
    inherit ruby;
    gems = chosenGems;
  };
}
