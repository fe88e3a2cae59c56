# Interpreters together with their modules: python3xx.withPackages and its like, over the sets of attributes.json.
{ lib, pkgs }:
let
  tree = (lib.importJSON ../attributes.json).attributes;
  packagesOf = tree: import ../packages.nix { inherit lib pkgs tree; };

  # Top-level packages whose names have a form; one of them without its modules; a set of modules.
  interpreters = form: lib.filterAttrs (name: node: node ? pname && builtins.match form name != null) tree;
  plain = name: removeAttrs (packagesOf { attributes.${name} = tree.${name}; }).${name} [ "override" ];
  modules = set: packagesOf ({ attributes = { }; } // tree.${set} or { });

  joined =
    name: interpreter: chosen:
    pkgs.buildEnv {
      inherit name;
      paths = [ interpreter ] ++ chosen;
      passthru = { inherit interpreter; };
    };

  # withPackages FUNCTION, where the function takes the set of modules and returns a list out of it.
  choose =
    what: set: function:
    let
      chosen = function set;
    in
    assert lib.assertMsg (lib.isList chosen && lib.all lib.isDerivation chosen)
      "${what}.withPackages: the function must return a list of packages";
    chosen;

  withModules =
    name: set:
    let
      interpreter = plain name // {
        pkgs = set;
        withPackages = function: joined "${interpreter.name}-env" interpreter (choose name set function);
      };
    in
    interpreter;

  # --- Python
  pythonNames = lib.attrNames (interpreters "python3[0-9]*");
  python =
    name:
    let
      interpreter = plain name;
      version = lib.versions.majorMinor interpreter.version;
      complete = interpreter // {
        pythonVersion = version;
        sitePackages = "lib/python${version}/site-packages";
        interpreter = "${interpreter}/bin/python${version}";
        executable = "python${version}";
        isPy3 = true;
        pkgs = set;
        withPackages = function: environment { ignoreCollisions = false; } (choose name set function);
        buildEnv.override =
          {
            extraLibs ? [ ],
            extraOutputsToInstall ? [ ],
            postBuild ? "",
            ignoreCollisions ? false,
            permitUserSite ? false,
            makeWrapperArgs ? [ ],
          }:
          environment { inherit ignoreCollisions; } extraLibs;
      };
      environment =
        arguments: chosen:
        pkgs.buildEnv {
          inherit (arguments) ignoreCollisions;
          name = "${interpreter.name}-env";
          paths = [ interpreter ] ++ lib.unique (lib.concatMap closure chosen);
          passthru.interpreter = complete;
          postBuild = "site=${complete.sitePackages} interpreter=${interpreter} shell=${pkgs.bash}/bin/bash; . ${./python_environment.sh}";
        };
      closure =
        module:
        [ module ]
        ++ lib.concatMap closure (
          lib.filter (input: input ? pythonModule) (module.passthru.dependencies or [ ])
        );
      # A package of the set with other arguments: by the same recipe, which is not known here.
      overridden =
        module: change:
        buildPythonPackage (
          {
            inherit (module) pname version;
            pyproject = true;
          }
          // change { inherit (module) pname version; }
        );
      ofThis =
        module:
        if lib.isDerivation module then
          module
          // {
            pythonModule = complete;
            overridePythonAttrs = overridden module;
          }
        else
          module;
      buildPythonPackage =
        arguments:
        let
          given = if lib.isFunction arguments then lib.fix arguments else arguments;
          dependencies = given.dependencies or [ ] ++ given.propagatedBuildInputs or [ ];
          format = if given.pyproject or false == true then "pyproject" else given.format or "setuptools";
        in
        assert lib.assertMsg (given ? pname && given ? version || given ? name) "buildPythonPackage: pname and version are missing";
        pkgs.stdenv.mkDerivation (
          removeAttrs given [ "dependencies" "optional-dependencies" "build-system" "pythonImportsCheck" ]
          // {
            name = "python${version}-${given.name or "${given.pname}-${given.version}"}";
            inherit format;
            nativeBuildInputs = given.nativeBuildInputs or [ ] ++ given.build-system or [ ];
            propagatedBuildInputs = dependencies;
            passthru = given.passthru or { } // {
              pythonModule = complete;
              inherit dependencies;
            };
            buildCommandPath = ./python_package.sh;
            site = complete.sitePackages;
            interpreter = complete.interpreter;
            unpacker = ./unpack_wheel.py;
          }
        );
      set = lib.mapAttrs (_: ofThis) (modules "${name}Packages") // {
        inherit buildPythonPackage;
        buildPythonApplication = buildPythonPackage;
        toPythonModule = ofThis;
        python = complete;
        pythonOlder = lib.versionOlder version;
        pythonAtLeast = lib.versionAtLeast version;
        inherit (pkgs) fetchPypi;
      };
    in
    complete;

  # --- PHP: extensions are chosen out of all of them by a function that is told which are enabled by default.
  php =
    name: given:
    let
      taken = [
        "apxs2Support"
        "embedSupport"
        "ztsSupport"
      ];
      wrong = lib.attrNames (removeAttrs given taken);
      interpreter =
        assert lib.assertMsg (wrong == [ ]) "php: unexpected argument ${toString wrong}";
        plain name
        // lib.optionalAttrs (given != { }) (
          packagesOf { attributes.${name} = tree.${name} // { environment = given; }; }
        ).${name};
      buildEnv =
        {
          extensions ? { enabled, ... }: enabled,
          extraConfig ? "",
        }:
        pkgs.symlinkJoin {
          name = "php-with-extensions-${interpreter.version}";
          paths = [
            interpreter
          ]
          ++ extensions {
            enabled = [ ];
            all = complete.extensions;
          };
        }
        // {
          inherit (complete) packages;
        };
      complete = interpreter // {
        inherit buildEnv;
        extensions = modules "${name}Extensions";
        packages = modules "${name}Packages";
        mkComposerVendor = import ../build-support/composer { inherit lib pkgs; };
        withExtensions = extensions: buildEnv { inherit extensions; };
        override = more: php name (given // more);
      };
    in
    complete;
in
lib.mapAttrs (name: _: python name) (interpreters "python3[0-9]*")
// lib.genAttrs (map (name: "${name}Packages") pythonNames) (
  set: pkgs.${lib.removeSuffix "Packages" set}.pkgs
)
// lib.mapAttrs (name: _: php name { }) (interpreters "php[0-9]*")
// lib.mapAttrs (name: _: withModules name (modules "${name}Packages")) (interpreters "perl(5[0-9]*)?")
// lib.mapAttrs (
  name: _: withModules name (modules "rubyPackages${lib.removePrefix "ruby" name}")
) (interpreters "ruby(_[0-9]_[0-9])?")
// lib.mapAttrs (
  name: _: withModules name (modules "${lib.replaceStrings [ "_" ] [ "" ] name}Packages")
) (interpreters "postgresql(_[0-9]+)?")
