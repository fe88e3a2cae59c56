# A host's configuration as nixpkgs' modules would see it, for one of their option sets: virtualisation.oci-containers.
#
# `lib.evalModules` and the module itself are nixpkgs'; here are its options as they are there (names and types of
# nixos/modules/virtualisation/oci-containers.nix), and what merging does with one module and one host: an option that is not there
# is an error, a value of another type is, and `mkDefault` gives way.
{
  pkgs,
  module,
  host ? { },
}:
let
  inherit (builtins) isString isList isAttrs isBool;
  default = 1000;
  usual = 100;
  lib = pkgs.lib // {
    mkDefault = content: {
      _type = "override";
      priority = default;
      inherit content;
    };
  };
  strings = value: isList value && builtins.all isString value;
  options = {
    image = isString;
    imageFile = value: value == null || value.type or "" == "derivation";
    imageStream = value: value == null || value.type or "" == "derivation";
    cmd = strings;
    environment = value: isAttrs value && builtins.all isString (builtins.attrValues value);
    ports = strings;
    volumes = strings;
    user = value: value == null || isString value;
    workdir = value: value == null || isString value;
    extraOptions = strings;
    autoStart = isBool;
  };

  priority = value: if value._type or "" == "override" then value.priority else usual;
  content = value: if value._type or "" == "override" then value.content else value;
  checked =
    name: value:
    if !(options ? ${name}) then
      throw "The option `virtualisation.oci-containers.containers.<name>.${name}' does not exist."
    else if !options.${name} value then
      throw "A definition for option `virtualisation.oci-containers.containers.<name>.${name}' is not of its type."
    else
      value;
  merged =
    name: ours: theirs:
    if theirs == null then
      content ours
    else if ours == null || priority theirs < priority ours then
      content theirs
    else
      throw "The option `${name}' is defined multiple times.";

  containers = definition: definition.virtualisation.oci-containers.containers;
  only =
    definition:
    if builtins.attrNames definition == [ "virtualisation" ] then
      definition
    else
      throw "the module sets more than virtualisation.oci-containers";
  own = containers (only (module {
    inherit lib pkgs;
    config = { };
    options = { };
  }));
in
builtins.mapAttrs (
  container: definition:
  let
    given = host.${container} or { };
    names = builtins.attrNames (definition // given);
    value = name: checked name (merged name (definition.${name} or null) (given.${name} or null));
    result = builtins.listToAttrs (
      map (name: {
        inherit name;
        value = value name;
      }) names
    );
  in
  if (result.imageFile or null) != null && (result.imageStream or null) != null then
    throw "You can only define one of imageFile and imageStream"
  else
    result
) own
