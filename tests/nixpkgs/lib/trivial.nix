# Functions over anything, assertions, and what makes things overridable.
{ lib }:
rec {
  inherit (builtins)
    add
    addErrorContext
    bitAnd
    deepSeq
    div
    functionArgs
    genericClosure
    isBool
    isFloat
    isFunction
    isInt
    isPath
    lessThan
    mul
    pathExists
    readDir
    seq
    sub
    toString
    trace
    tryEval
    typeOf
    unsafeGetAttrPos
    ;

  id = value: value;
  const = value: _: value;
  flip =
    f: one: two:
    f two one;
  pipe = builtins.foldl' (value: f: f value);
  min = one: two: if one < two then one else two;
  max = one: two: if one > two then one else two;
  mod = one: two: one - two * (builtins.div one two);
  boolToString = value: if value then "true" else "false";
  fix =
    f:
    let
      self = f self;
    in
    self;
  extends =
    overlay: f: final:
    let
      prev = f final;
    in
    prev // overlay final prev;
  composeExtensions =
    one: two: final: prev:
    let
      first = one final prev;
    in
    first // two final (prev // first);
  composeManyExtensions = lib.foldr composeExtensions (_: _: { });
  importJSON = path: builtins.fromJSON (builtins.readFile path);
  importTOML = path: builtins.fromTOML (builtins.readFile path);
  warn = message: builtins.trace "evaluation warning: ${message}";
  warnIf = condition: message: if condition then warn message else id;
  throwIf = condition: message: if condition then throw message else id;
  throwIfNot = condition: throwIf (!condition);
  assertMsg = condition: message: condition || throw message;
  assertOneOf =
    name: value: values:
    assertMsg (builtins.elem value values) "${name} must be one of ${builtins.toJSON values}, but is: ${builtins.toJSON value}";
  inPureEvalMode = !(builtins ? currentSystem);

  # --- what makes functions and packages overridable
  setFunctionArgs = f: args: {
    __functor = _: f;
    __functionArgs = args;
  };
  makeOverridable =
    f: args:
    let
      result = f args;
      override = new: makeOverridable f (args // (if builtins.isFunction new then new args else new));
    in
    if builtins.isAttrs result then result // { inherit override; } else result;
  overrideDerivation = package: _: throw "lib.overrideDerivation: use overrideAttrs (${package.name})";
}
