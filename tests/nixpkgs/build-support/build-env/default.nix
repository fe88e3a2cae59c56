# buildEnv: one tree of links to what is in several packages.
{ lib, pkgs }:
lib.makeOverridable (
  {
    name,
    paths,
    manifest ? "",
    ignoreCollisions ? false,
    ignoreSingleFileOutputs ? false,
    includeClosures ? false,
    checkCollisionContents ? true,
    pathsToLink ? [ "/" ],
    extraOutputsToInstall ? [ ],
    extraPrefix ? "",
    postBuild ? "",
    nativeBuildInputs ? [ ],
    buildInputs ? [ ],
    passthru ? { },
    meta ? { },
    pname ? null,
    version ? null,
  }:
  let
    # The outputs of a package that it wants to be installed, unless one of them was chosen (`pkgs.curl.dev`).
    outputs =
      package:
      (
        if !(package.outputSpecified or false) && package.meta.outputsToInstall or null != null then
          map (output: package.${output}) package.meta.outputsToInstall
        else
          [ package ]
      )
      ++ lib.remove null (map (output: package.${output} or null) extraOutputsToInstall);
    chosen = map (package: {
      paths = outputs package;
      priority = package.meta.priority or lib.meta.defaultPriority;
    }) paths;
  in
  assert lib.assertMsg (!includeClosures) "tests/nixpkgs: buildEnv has no includeClosures";
  pkgs.runCommand name
    (
      {
        inherit
          manifest
          extraPrefix
          postBuild
          nativeBuildInputs
          buildInputs
          passthru
          meta
          ;
        specification = builtins.toJSON {
          inherit
            ignoreCollisions
            ignoreSingleFileOutputs
            checkCollisionContents
            pathsToLink
            chosen
            ;
        };
        passAsFile = [ "specification" ];
      }
      // lib.optionalAttrs (pname != null) { inherit pname; }
      // lib.optionalAttrs (version != null) { inherit version; }
    )
    ''
      /usr/bin/python3 -I ${./link_tree.py} "$specificationPath" "$out$extraPrefix"
      if [ -n "$manifest" ]; then ln -s "$manifest" $out/manifest; fi
      eval "$postBuild"
    ''
)
