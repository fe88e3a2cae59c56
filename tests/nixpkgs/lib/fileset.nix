# File sets: which local files go into the store.
#
# A file set knows the deepest folder that can hold its files (`base`, null for the empty set without any) and answers
# for a path, given as its components, whether that file is in it (`holds`). Set operations are then operations of logic;
# only `toSource` and `toList` walk the folders.
{ lib }:
let
  inherit (builtins)
    elemAt
    isFunction
    isList
    isPath
    length
    pathExists
    readDir
    typeOf
    ;
  inherit (lib.sources) pathType;

  components = path: lib.filter (name: name != "") (lib.splitString "/" (toString path));
  toPath = names: /. + "/${lib.concatStringsSep "/" names}";
  isWithin = base: names: lib.take (length base) names == base;
  commonBase =
    one: two:
    let
      count = lib.min (length one) (length two);
      differing = lib.findFirst (index: elemAt one index != elemAt two index) count (lib.range 0 (count - 1));
    in
    lib.take differing one;

  create = base: holds: {
    _type = "fileset";
    _internalBase = base;
    _internalHolds = holds;
    _noEval = throw ''
      lib.fileset: Directly evaluating a file set is not supported.
        To turn it into a usable source, use `lib.fileset.toSource`.
        To pretty-print the contents, use `lib.fileset.trace` or `lib.fileset.traceVal`.'';
  };
  empty = create null (_: _: false);

  # All files under a folder, or the one file.
  fromPath =
    path:
    let
      names = components path;
      base = if names == [ ] || pathType path == "directory" then names else lib.init names;
    in
    create base (file: _: isWithin names file);

  isStringLike = value: builtins.isString value || value ? outPath;
  coerce =
    context: value:
    if value._type or "" == "fileset" then
      value
    else if !isPath value then
      if value ? _isLibCleanSourceWith then
        throw ''
          ${context} is a `lib.sources`-based value, but it should be a file set or a path instead.
              To convert a `lib.sources`-based value to a file set you can use `lib.fileset.fromSource`.
              Note that this only works for sources created from paths.''
      else if isStringLike value then
        throw ''
          ${context} ("${toString value}") is a string-like value, but it should be a file set or a path instead.
              Paths represented as strings are not supported by `lib.fileset`, use `lib.sources` or derivations instead.''
      else
        throw "${context} is of type ${typeOf value}, but it should be a file set or a path instead."
    else if !pathExists value then
      throw ''
        ${context} (${toString value}) is a path that does not exist.
            To create a file set from a path that may not exist, use `lib.fileset.maybeMissing`.''
    else
      fromPath value;

  unite =
    sets:
    let
      based = lib.filter (set: set._internalBase != null) sets;
      bases = map (set: set._internalBase) based;
    in
    if based == [ ] then
      empty
    else
      create (lib.foldl' commonBase (lib.head bases) bases) (
        file: type: lib.any (set: set._internalHolds file type) based
      );

  # The files of a set under a folder: { name = type or a set of the same form; }, folders without files left out.
  filesUnder =
    set: folder:
    let
      entry =
        name: type:
        if type == "directory" then
          filesUnder set (folder ++ [ name ])
        else if set._internalHolds (folder ++ [ name ]) type then
          type
        else
          null;
      kept = lib.filterAttrs (_: value: value != null) (lib.mapAttrs entry (readDir (toPath folder)));
    in
    if kept == { } then null else kept;
in
{
  maybeMissing =
    path:
    if !isPath path then
      if isStringLike path then
        throw ''lib.fileset.maybeMissing: Argument ("${toString path}") is a string-like value, but it should be a path instead.''
      else
        throw "lib.fileset.maybeMissing: Argument is of type ${typeOf path}, but it should be a path instead."
    else if pathExists path then
      fromPath path
    else
      empty;

  union =
    one: two:
    unite [
      (coerce "lib.fileset.union: First argument" one)
      (coerce "lib.fileset.union: Second argument" two)
    ];

  unions =
    sets:
    if !isList sets then
      throw "lib.fileset.unions: Argument is of type ${typeOf sets}, but it should be a list instead."
    else
      unite (lib.imap0 (index: coerce "lib.fileset.unions: Element ${toString index}") sets);

  intersection =
    one: two:
    let
      first = coerce "lib.fileset.intersection: First argument" one;
      second = coerce "lib.fileset.intersection: Second argument" two;
      overlap = if length first._internalBase > length second._internalBase then first else second;
      within = commonBase first._internalBase second._internalBase;
    in
    if
      first._internalBase == null
      || second._internalBase == null
      || !(lib.elem within [
        first._internalBase
        second._internalBase
      ])
    then
      empty
    else
      create overlap._internalBase (
        file: type: first._internalHolds file type && second._internalHolds file type
      );

  difference =
    positive: negative:
    let
      all = coerce "lib.fileset.difference: First argument (positive set)" positive;
      less = coerce "lib.fileset.difference: Second argument (negative set)" negative;
    in
    builtins.seq less (
      create all._internalBase (file: type: all._internalHolds file type && !(less._internalHolds file type))
    );

  fileFilter =
    predicate: path:
    if !isFunction predicate then
      throw "lib.fileset.fileFilter: First argument is of type ${typeOf predicate}, but it should be a function instead."
    else if path._type or "" == "fileset" then
      throw ''
        lib.fileset.fileFilter: Second argument is a file set, but it should be a path instead.
            If you need to filter files in a file set, use `intersection fileset (fileFilter pred ./.)` instead.''
    else if !isPath path then
      throw "lib.fileset.fileFilter: Second argument is of type ${typeOf path}, but it should be a path instead."
    else if !pathExists path then
      throw "lib.fileset.fileFilter: Second argument (${toString path}) is a path that does not exist."
    else
      let
        whole = fromPath path;
      in
      create whole._internalBase (
        file: type:
        let
          name = lib.last file;
        in
        whole._internalHolds file type
        && predicate {
          inherit name type;
          hasExt = extension: lib.hasSuffix ".${extension}" name;
          # a predicate that takes `{ name, type, hasExt }` and nothing more is refused, as nixpkgs does
          "lib.fileset.fileFilter: The predicate function passed as the first argument must be able to handle extra attributes for future compatibility. If you're using `{ name, file, hasExt }:`, use `{ name, file, hasExt, ... }:` instead." = null;
        }
      );

  fromSource =
    source:
    let
      filtered = source ? _isLibCleanSourceWith;
      path = if filtered then source.origSrc else source;
      filter = if filtered then source.filter else _: _: true;
      whole = fromPath path;
      base = length whole._internalBase;
      # As builtins.path does it: what is below a folder that the filter refuses is not looked at.
      passes =
        file: type:
        lib.all (
          count: filter (toString (toPath (lib.take count file))) (if count == length file then type else "directory")
        ) (lib.range (base + 1) (length file));
    in
    if !isPath path then
      if isStringLike path then
        throw ''
          lib.fileset.fromSource: The source origin of the argument is a string-like value ("${toString path}"), but it should be a path instead.
              Sources created from paths in strings cannot be turned into file sets, use `lib.sources` or derivations instead.''
      else
        throw "lib.fileset.fromSource: The source origin of the argument is of type ${typeOf path}, but it should be a path instead."
    else if !pathExists path then
      throw "lib.fileset.fromSource: The source origin (${toString path}) of the argument is a path that does not exist."
    else if pathType path != "directory" then
      whole # builtins.path never asks the filter about the path itself
    else
      create whole._internalBase (file: type: whole._internalHolds file type && passes file type);

  toList =
    fileset:
    let
      set = coerce "lib.fileset.toList: Argument" fileset;
      list =
        folder: tree:
        lib.concatMap (
          name:
          if lib.isAttrs tree.${name} then list (folder ++ [ name ]) tree.${name} else [ (toPath (folder ++ [ name ])) ]
        ) (lib.attrNames tree);
      tree = if set._internalBase == null then null else filesUnder set set._internalBase;
    in
    if tree == null then [ ] else list set._internalBase tree;

  toSource =
    { root, fileset }:
    let
      set = coerce "lib.fileset.toSource: `fileset`" fileset;
      rootNames = components root;
      tree = if set._internalBase == null then null else filesUnder set rootNames;
      found = file: lib.attrByPath (lib.drop (length rootNames) (components file)) null tree;
    in
    if !isPath root then
      if isStringLike root then
        throw ''
          lib.fileset.toSource: `root` ("${toString root}") is a string-like value, but it should be a path instead.
              Paths in strings are not supported by `lib.fileset`, use `lib.sources` or derivations instead.''
      else
        throw "lib.fileset.toSource: `root` is of type ${typeOf root}, but it should be a path instead."
    else if !pathExists root then
      throw "lib.fileset.toSource: `root` (${toString root}) is a path that does not exist."
    else if rootNames != [ ] && pathType root != "directory" then
      throw ''
        lib.fileset.toSource: `root` (${toString root}) is a file, but it should be a directory instead. Potential solutions:
            - If you want to import the file into the store _without_ a containing directory, use string interpolation or `builtins.path` instead of this function.
            - If you want to import the file into the store _with_ a containing directory, set `root` to the containing directory, such as ${toString (dirOf root)}, and set `fileset` to the file path.''
    else if set._internalBase != null && !(isWithin rootNames set._internalBase) then
      throw ''
        lib.fileset.toSource: `fileset` could contain files in ${toString (toPath set._internalBase)}, which is not under the `root` (${toString root}). Potential solutions:
            - Set `root` to ${toString (toPath set._internalBase)} or any directory higher up. This changes the layout of the resulting store path.
            - Set `fileset` to a file set that cannot contain files outside the `root` (${toString root}). This could change the files included in the result.''
    else
      lib.cleanSourceWith {
        name = "source";
        src = root;
        filter = path: _: tree != null && found path != null;
      };
}
