# The trivial builders, with nixpkgs' argument names; an argument that nixpkgs does not take is refused.
{ lib, pkgs }:
let
  inherit (pkgs) stdenv;
  runIn =
    extra: name: environment: buildCommand:
    stdenv.mkDerivation (
      extra
      // removeAttrs environment [ "passAsFile" ]
      // {
        inherit name buildCommand;
        passAsFile = [ "buildCommand" ] ++ environment.passAsFile or [ ];
      }
    );
in
rec {
  runtimeShell = "${pkgs.bash}/bin/bash";

  runCommand = runIn { };
  runCommandCC = runIn { };
  runCommandLocal = runIn {
    preferLocalBuild = true;
    allowSubstitutes = false;
  };

  writeTextFile =
    {
      name,
      text,
      executable ? false,
      destination ? "",
      checkPhase ? "",
      meta ? { },
      passthru ? { },
      allowSubstitutes ? false,
      preferLocalBuild ? true,
      derivationArgs ? { },
    }:
    assert lib.assertMsg (destination != "" -> (lib.hasPrefix "/" destination && destination != "/")) ''
      destination must be an absolute path, relative to the derivation's out path,
      got '${destination}' instead.

      Ensure that the path starts with a / and specifies at least the filename.
    '';
    let
      program = builtins.match "/bin/([^/]+)" destination;
    in
    runCommand name
      (
        {
          inherit
            text
            executable
            destination
            checkPhase
            allowSubstitutes
            preferLocalBuild
            passthru
            ;
          passAsFile = [ "text" ] ++ derivationArgs.passAsFile or [ ];
          meta = lib.optionalAttrs (executable && program != null) { mainProgram = lib.head program; } // meta;
        }
        // removeAttrs derivationArgs [
          "passAsFile"
          "meta"
          "passthru"
        ]
      )
      ''
        target=$out$destination
        mkdir -p "$(dirname "$target")"
        cp "$textPath" "$target"
        if [ -n "$executable" ]; then chmod +x "$target"; fi
        eval "$checkPhase"
      '';

  writeText =
    name: text:
    assert lib.assertMsg (lib.strings.isConvertibleWithToString text)
      "pkgs.writeText ${lib.strings.escapeNixString name}: The second argument should be a string, but it's a ${builtins.typeOf text} instead.";
    writeTextFile { inherit name text; };
  writeTextDir =
    path: text:
    writeTextFile {
      inherit text;
      name = baseNameOf path;
      destination = "/${path}";
    };
  writeScript =
    name: text:
    writeTextFile {
      inherit name text;
      executable = true;
    };
  writeScriptBin =
    name: text:
    writeTextFile {
      inherit name text;
      executable = true;
      destination = "/bin/${name}";
    };
  writeShellScript =
    name: text:
    writeTextFile {
      inherit name;
      executable = true;
      text = "#!${runtimeShell}\n${text}\n";
      checkPhase = ''${stdenv.shellDryRun} "$target"'';
    };
  writeShellScriptBin =
    name: text:
    writeTextFile {
      inherit name;
      executable = true;
      destination = "/bin/${name}";
      text = "#!${runtimeShell}\n${text}\n";
      checkPhase = ''${stdenv.shellDryRun} "$target"'';
      meta.mainProgram = name;
    };

  writeShellApplication =
    {
      name,
      text,
      runtimeInputs ? [ ],
      runtimeEnv ? null,
      meta ? { },
      passthru ? { },
      checkPhase ? null,
      excludeShellChecks ? [ ],
      extraShellCheckFlags ? [ ],
      bashOptions ? [
        "errexit"
        "nounset"
        "pipefail"
      ],
      derivationArgs ? { },
      inheritPath ? true,
    }:
    let
      variable = key: value: "${lib.toShellVar key value}\nexport ${key}\n";
      path = lib.makeBinPath runtimeInputs + lib.optionalString inheritPath ":$PATH";
      excluded = lib.optionals (excludeShellChecks != [ ]) [
        "--exclude"
        (lib.concatStringsSep "," excludeShellChecks)
      ];
    in
    writeTextFile {
      inherit
        name
        meta
        passthru
        derivationArgs
        ;
      executable = true;
      destination = "/bin/${name}";
      allowSubstitutes = true;
      preferLocalBuild = false;
      text =
        "#!${runtimeShell}\n"
        + lib.concatMapStrings (option: "set -o ${option}\n") bashOptions
        + lib.optionalString (runtimeEnv != null) (
          lib.concatStrings (lib.mapAttrsToList variable runtimeEnv)
        )
        + lib.optionalString (runtimeInputs != [ ]) "\nexport PATH=\"${path}\"\n"
        + "\n${text}\n";
      checkPhase =
        if checkPhase != null then
          checkPhase
        else
          ''
            ${stdenv.shellDryRun} "$target"
            if [ -x /usr/bin/shellcheck ]; then
              /usr/bin/shellcheck ${lib.escapeShellArgs (excluded ++ extraShellCheckFlags)} "$target"
            fi
          '';
    };

  symlinkJoin =
    arguments@{
      name ?
        assert lib.assertMsg (
          arguments ? pname && arguments ? version
        ) "symlinkJoin requires either a `name` OR `pname` and `version`";
        "${arguments.pname}-${arguments.version}",
      paths,
      stripPrefix ? "",
      postBuild ? "",
      failOnMissing ? stripPrefix == "",
      ...
    }:
    runCommand name
      (
        removeAttrs arguments [
          "name"
          "paths"
          "postBuild"
          "stripPrefix"
          "failOnMissing"
        ]
        // {
          joined = map (path: "${path}${stripPrefix}") (lib.remove null (lib.flatten paths));
        }
      )
      ''
        mkdir -p $out
        for path in $joined; do
          ${lib.optionalString (!failOnMissing) "[ -d $path ] || continue"}
          cp -rs --no-clobber $path/. $out/
          chmod -R u+w $out
        done
        ${postBuild}
      '';

  linkFarm =
    name: entries:
    let
      links =
        if lib.isAttrs entries then
          entries
        else if lib.isList entries then
          lib.listToAttrs (map (entry: lib.nameValuePair entry.name entry.path) entries)
        else
          throw "linkFarm entries must be either attrs or a list!";
      link = path: target: ''
        mkdir -p "$(dirname ${lib.escapeShellArg path})"
        ln -s ${lib.escapeShellArg "${target}"} ${lib.escapeShellArg path}
      '';
    in
    runCommand name { passthru.entries = links; } ''
      mkdir -p $out
      cd $out
      ${lib.concatStrings (lib.mapAttrsToList link links)}
    '';

  # The source tree of a package, which stand-ins do not have.
  srcOnly =
    package:
    runCommand "${package.name}-source" { } "echo 'tests/nixpkgs: ${package.name} has no sources' >&2; exit 1";

  mkShell = lib.makeOverridable (
    {
      name ? "nix-shell",
      packages ? [ ],
      inputsFrom ? [ ],
      nativeBuildInputs ? [ ],
      buildInputs ? [ ],
      shellHook ? "",
      stdenv ? pkgs.stdenv,
      ...
    }@arguments:
    stdenv.mkDerivation (
      removeAttrs arguments [
        "packages"
        "inputsFrom"
        "stdenv"
      ]
      // {
        inherit name shellHook;
        nativeBuildInputs =
          packages ++ nativeBuildInputs ++ lib.concatMap (package: package.nativeBuildInputs or [ ]) inputsFrom;
        buildInputs = buildInputs ++ lib.concatMap (package: package.buildInputs or [ ]) inputsFrom;
        buildCommand = "export >> $out";
      }
    )
  );
  mkShellNoCC = mkShell;
}
