# Local files as sources, by filter.
{ lib }:
rec {
  # Nix before 2.14 has to look into the parent, which it may not where the parent is the store: a source is a folder there.
  pathType =
    builtins.readFileType or (
      path:
      if toString path == "/" || builtins.match "[0-9a-z]{32}-.*" (baseNameOf path) != null then
        "directory"
      else
        (builtins.readDir (dirOf path)).${baseNameOf path}
    );
  pathIsDirectory = path: builtins.pathExists path && pathType path == "directory";
  pathIsRegularFile = path: builtins.pathExists path && pathType path == "regular";

  # The files that version control and editors leave behind are left out.
  cleanSourceFilter =
    path: type:
    let
      name = baseNameOf (toString path);
    in
    !(
      (
        builtins.elem name [
          ".git"
          ".svn"
          "CVS"
          ".hg"
          ".jj"
          ".pijul"
          "_darcs"
        ]
        && (type == "directory" || name == ".git")
      )
      || lib.hasSuffix "~" name
      || builtins.match "^\\.sw[a-z]$" name != null
      || builtins.match "^\\..*\\.sw[a-z]$" name != null
      || lib.hasSuffix ".o" name
      || lib.hasSuffix ".so" name
      || (type == "symlink" && lib.hasPrefix "result" name)
      || type == "unknown"
    );
  cleanSource = src: cleanSourceWith {
    inherit src;
    filter = cleanSourceFilter;
  };

  # A source out of a folder, or out of another such source: the filters of both apply.
  cleanSourceWith =
    {
      src,
      filter ? _: _: true,
      name ? null,
    }:
    let
      filtered = src ? _isLibCleanSourceWith;
      origSrc = if filtered then src.origSrc else src;
      both = path: type: filter path type && (!filtered || src.filter path type);
      named = if name != null then name else if filtered then src.name else "source";
    in
    {
      inherit origSrc;
      _isLibCleanSourceWith = true;
      filter = both;
      name = named;
      outPath = builtins.path {
        filter = both;
        path = origSrc;
        name = named;
      };
    };

  sourceFilesBySuffices =
    src: suffixes:
    cleanSourceWith {
      inherit src;
      filter = path: type: type == "directory" || lib.any (suffix: lib.hasSuffix suffix (baseNameOf path)) suffixes;
    };
}
