# importNpmLock and its buildNodeModules: node_modules out of package-lock.json. What can be evaluated is what nixpkgs can evaluate; the
# installation itself is done by a program of ours in the place of npm, which runs no scripts of packages.
{ lib, pkgs }:
let
  # The hook of buildNpmPackage; a name for it is all that is needed here.
  npmConfigHook = pkgs.writeTextFile {
    name = "npm-config-hook";
    text = "";
  };

  isDownload = address: builtins.match "https?://.+" address != null;

  # The file that an entry of the lock names, null when it names none.
  source =
    npmRoot: path: entry:
    let
      address = entry.resolved or null;
    in
    if address == null then
      null
    else if isDownload address then
      pkgs.fetchurl {
        url = address;
        hash = entry.integrity;
      }
    else if builtins.match ".+://.+" address != null then
      throw "tests/nixpkgs: ${path}: git repositories in a lock are not provided"
    else
      assert npmRoot != null;
      npmRoot + "/${address}";

  # What is to be installed, for our npm, and whether nixpkgs could evaluate it.
  taskOf =
    {
      npmRoot,
      package,
      packageLock,
      nodejs,
    }:
    let
      sources = lib.mapAttrs (source npmRoot) packageLock.packages;
      top = name: packageLock.packages."node_modules/${name}";

      # nixpkgs replaces these by the files of the lock, so each must be there and have one
      direct = package.dependencies or { } // package.devDependencies or { };
      replaced = lib.mapAttrs (name: _: (top name).resolved) direct;

      # versions without a number are replaced by that of the package at the top
      isFloating = version: version == "latest" || builtins.match "github(.com)?:.+" version != null;
      versions =
        entry:
        lib.mapAttrs (name: version: if isFloating version then (top name).version else version) (
          entry.dependencies or { } // entry.optionalDependencies or { }
        );
    in
    {
      inherit package packageLock replaced;
      versions = lib.mapAttrs (_: versions) packageLock.packages;
      files = lib.mapAttrs (_: file: "${file}") (lib.filterAttrs (_: file: file != null) sources);
      node = "${nodejs}/bin/node";
    };

  # importNpmLock itself: package.json and the lock with store paths in the place of versions and addresses.
  importNpmLock =
    {
      npmRoot ? null,
      package ? lib.importJSON (npmRoot + "/package.json"),
      packageLock ? lib.importJSON (npmRoot + "/package-lock.json"),
      pname ? package.name or "unknown",
      version ? package.version or "0.0.0",
      fetcherOpts ? { },
      packageSourceOverrides ? { },
    }:
    let
      task = taskOf {
        inherit npmRoot package packageLock;
        inherit (pkgs) nodejs;
      };
      located = lib.mapAttrs (name: _: "file:${task.files."node_modules/${name}"}");
      dependencies = kind: lib.optionalAttrs (package ? ${kind}) { ${kind} = located package.${kind}; };
      entry = path: found: found // lib.optionalAttrs (task.files ? ${path}) { resolved = "file:${task.files.${path}}"; };
    in
    pkgs.runCommand "${pname}-${version}-sources"
      {
        passAsFile = [
          "package"
          "packageLock"
        ];
        package = builtins.toJSON (package // dependencies "dependencies" // dependencies "devDependencies");
        packageLock = builtins.toJSON (packageLock // { packages = lib.mapAttrs entry packageLock.packages; });
        passthru = { inherit task; };
      }
      ''
        mkdir $out
        cp "$packagePath" $out/package.json
        cp "$packageLockPath" $out/package-lock.json
      '';

  buildNodeModules =
    {
      nodejs,
      derivationArgs ? { },
      npmRoot ? null,
      package ? lib.importJSON (npmRoot + "/package.json"),
      packageLock ? lib.importJSON (npmRoot + "/package-lock.json"),
    }:
    let
      task = taskOf {
        inherit
          npmRoot
          package
          packageLock
          nodejs
          ;
      };
      flags = name: toString (derivationArgs.${name} or "");
    in
    pkgs.stdenv.mkDerivation (
      {
        pname = "${package.name or "unknown"}-node-modules";
        version = package.version or "0.0.0";
      }
      // derivationArgs
      // {
        task = builtins.toJSON task;
        passAsFile = [ "task" ];
        nativeBuildInputs = [ nodejs ] ++ derivationArgs.nativeBuildInputs or [ ];
        buildCommand = ''
          /usr/bin/python3 -I ${./install.py} "$taskPath" "$out" \
            --install ${flags "npmInstallFlags"} ${flags "npmFlags"} --rebuild ${flags "npmRebuildFlags"} ${flags "npmFlags"}
          runHook postInstall
        '';
      }
    );
in
{
  inherit buildNodeModules npmConfigHook;
  __functor = _: importNpmLock;
}
