# The functions of nixpkgs' lib that generated flakes use, under nixpkgs' names; what is not here, ours does not have.
let
  parts = {
    lists = import ./lists.nix { inherit lib; };
    strings = import ./strings.nix { inherit lib; };
    attrsets = import ./attrsets.nix { inherit lib; };
    trivial = import ./trivial.nix { inherit lib; };
    meta = import ./meta.nix { inherit lib; };
    sources = import ./sources.nix { inherit lib; };
    fileset = import ./fileset.nix { inherit lib; };
  };
  lib =
    parts
    // parts.lists
    // parts.strings
    // parts.attrsets
    // parts.trivial
    // parts.meta
    // parts.sources;
in
lib
