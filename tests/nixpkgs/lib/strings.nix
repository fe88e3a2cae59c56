# Functions over strings.
{ lib }:
let
  inherit (builtins)
    concatStringsSep
    replaceStrings
    split
    stringLength
    substring
    ;
  lower = lib.stringToCharacters "abcdefghijklmnopqrstuvwxyz";
  upper = lib.stringToCharacters "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
in
rec {
  inherit (builtins)
    concatStringsSep
    fromJSON
    isString
    match
    readFile
    replaceStrings
    split
    stringLength
    substring
    toJSON
    typeOf
    ;

  concatStrings = concatStringsSep "";
  concatMapStrings = f: list: concatStrings (map f list);
  concatMapStringsSep =
    separator: f: list:
    concatStringsSep separator (map f list);
  concatImapStringsSep =
    separator: f: list:
    concatStringsSep separator (lib.imap1 f list);
  concatLines = concatMapStrings (line: line + "\n");
  concatMapAttrsStringSep =
    separator: f: attrs:
    concatStringsSep separator (lib.mapAttrsToList f attrs);
  optionalString = condition: text: if condition then text else "";
  stringToCharacters = text: lib.genList (index: substring index 1 text) (stringLength text);
  hasPrefix = prefix: text: substring 0 (stringLength prefix) text == prefix;
  hasSuffix =
    suffix: text:
    let
      rest = stringLength text - stringLength suffix;
    in
    rest >= 0 && substring rest (-1) text == suffix;
  hasInfix = infix: text: lib.any builtins.isList (split (lib.escapeRegex infix) text);
  removePrefix =
    prefix: text: if hasPrefix prefix text then substring (stringLength prefix) (-1) text else text;
  removeSuffix =
    suffix: text:
    if hasSuffix suffix text then substring 0 (stringLength text - stringLength suffix) text else text;
  splitString = separator: text: lib.filter builtins.isString (split (lib.escapeRegex separator) text);
  escape = characters: replaceStrings characters (map (character: "\\${character}") characters);
  escapeRegex = escape (stringToCharacters "\\[{()^$?*+|.");
  escapeShellArg =
    value:
    let
      text = toString value;
    in
    if builtins.match "[[:alnum:],._+:@%/-]+" text == null then
      "'${replaceStrings [ "'" ] [ "'\\''" ] text}'"
    else
      text;
  escapeShellArgs = concatMapStringsSep " " escapeShellArg;
  escapeNixString = text: escape [ "$" ] (builtins.toJSON text);
  toShellVar =
    name: value:
    if builtins.isList value then
      "declare -a ${name}=(${escapeShellArgs value})"
    else if builtins.isAttrs value && !(isConvertibleWithToString value) then
      "declare -A ${name}=(${
        concatStringsSep " " (
          lib.mapAttrsToList (key: item: "[${escapeShellArg key}]=${escapeShellArg item}") value
        )
      })"
    else
      "${name}=${escapeShellArg value}";
  toShellVars = vars: concatStringsSep "\n" (lib.mapAttrsToList toShellVar vars);
  isStringLike =
    value: builtins.isString value || builtins.isPath value || value ? outPath || value ? __toString;
  isConvertibleWithToString =
    value:
    builtins.isList value && lib.all isConvertibleWithToString value
    || isStringLike value
    || lib.elem (builtins.typeOf value) [
      "null"
      "int"
      "float"
      "bool"
    ];
  sanitizeDerivationName =
    name:
    let
      legal = lib.filter builtins.isString (split "[^[:alnum:]+._?=-]+" (toString name));
      joined = concatStringsSep "-" legal;
      bare = lib.head (builtins.match "\\.*(.*)" (builtins.unsafeDiscardStringContext joined));
      length = stringLength bare;
      short = if length > 207 then substring (length - 207) 207 bare else bare;
    in
    if short == "" then "unknown" else short;
  toLower = replaceStrings upper lower;
  toUpper = replaceStrings lower upper;
  trim =
    text:
    let
      inner = builtins.match "[ \t\r\n]*(.*[^ \t\r\n])[ \t\r\n]*" text;
    in
    if inner == null then "" else lib.head inner;
  fixedWidthNumber =
    width: number:
    let
      digits = toString number;
    in
    concatStrings (lib.genList (_: "0") (width - stringLength digits)) + digits;
  toInt = text: builtins.fromJSON text;
  versionOlder = one: two: builtins.compareVersions two one == 1;
  versionAtLeast = one: two: !(versionOlder one two);
  getName = value: if builtins.isString value then (builtins.parseDrvName value).name else value.pname or (builtins.parseDrvName value.name).name;
  getVersion = value: if builtins.isString value then (builtins.parseDrvName value).version else value.version or (builtins.parseDrvName value.name).version;
  makeSearchPath =
    folder: packages:
    concatStringsSep ":" (map (package: "${package}/${folder}") (lib.filter (package: package != null) packages));
  makeSearchPathOutput =
    output: folder: packages:
    makeSearchPath folder (map (lib.getOutput output) packages);
  makeLibraryPath = makeSearchPathOutput "lib" "lib";
  makeIncludePath = makeSearchPathOutput "dev" "include";
  makeBinPath = makeSearchPathOutput "bin" "bin";
}
