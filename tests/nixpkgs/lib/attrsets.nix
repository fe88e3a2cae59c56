# Functions over attribute sets, and what picks an output of a package.
{ lib }:
let
  inherit (builtins)
    attrNames
    foldl'
    hasAttr
    isAttrs
    listToAttrs
    mapAttrs
    ;
in
rec {
  inherit (builtins)
    attrNames
    attrValues
    catAttrs
    getAttr
    hasAttr
    intersectAttrs
    isAttrs
    listToAttrs
    mapAttrs
    removeAttrs
    zipAttrsWith
    ;

  nameValuePair = name: value: { inherit name value; };
  genAttrs = names: f: listToAttrs (map (name: nameValuePair name (f name)) names);
  mapAttrsToList = f: attrs: map (name: f name attrs.${name}) (attrNames attrs);
  attrsToList = mapAttrsToList nameValuePair;
  mapAttrs' = f: attrs: listToAttrs (mapAttrsToList f attrs);
  filterAttrs = keep: attrs: removeAttrs attrs (lib.filter (name: !(keep name attrs.${name})) (attrNames attrs));
  concatMapAttrs = f: attrs: foldl' (result: new: result // new) { } (mapAttrsToList f attrs);
  mergeAttrsList = foldl' (result: new: result // new) { };
  optionalAttrs = condition: attrs: if condition then attrs else { };
  recursiveUpdate =
    old: new:
    old
    // mapAttrs (
      name: value:
      if isAttrs value && isAttrs (old.${name} or null) then recursiveUpdate old.${name} value else value
    ) new;
  attrByPath =
    path: default: attrs:
    if path == [ ] then
      attrs
    else if isAttrs attrs && hasAttr (lib.head path) attrs then
      attrByPath (lib.tail path) default attrs.${lib.head path}
    else
      default;
  hasAttrByPath =
    path: attrs:
    path == [ ]
    || isAttrs attrs && hasAttr (lib.head path) attrs && hasAttrByPath (lib.tail path) attrs.${lib.head path};
  getAttrFromPath =
    path:
    attrByPath path (throw "cannot find attribute '${lib.concatStringsSep "." path}'");
  setAttrByPath =
    path: value:
    lib.foldr (name: inner: { ${name} = inner; }) value path;
  getAttrs = names: attrs: genAttrs names (name: attrs.${name});
  isDerivation = value: value.type or null == "derivation";
  recurseIntoAttrs = attrs: attrs // { recurseForDerivations = true; };
  dontRecurseIntoAttrs = attrs: attrs // { recurseForDerivations = false; };

  getOutput =
    output: package:
    if !(package ? outputSpecified) || !package.outputSpecified then
      package.${output} or package.out or package
    else
      package;
  getBin = getOutput "bin";
  getLib = getOutput "lib";
  getDev = getOutput "dev";
  getMan = getOutput "man";
  getInclude = getOutput "include";
  chooseDevOutputs = map getDev;
}
