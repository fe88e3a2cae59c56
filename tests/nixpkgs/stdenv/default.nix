# stdenv: mkDerivation as packages and generated flakes call it, on the machine's shell.
{ lib, pkgs }:
let
  # What nixpkgs' meta checks say of a package that may not be used; "" for one that may.
  refusal =
    package:
    let
      licenses = lib.toList (package.meta.license or [ ]);
      unfree = lib.filter (license: !(license.free or true)) licenses;
      allowed = pkgs.config.allowUnfree or false || (pkgs.config.allowUnfreePredicate or (_: false)) package;
    in
    if unfree == [ ] || allowed then
      ""
    else
      ''
        Package ‘${package.name}’ has an unfree license (‘${(lib.head unfree).shortName or "unfree"}’), refusing to evaluate.

        Allow it with `{ nixpkgs.config.allowUnfree = true; }`, or only some packages with
          { nixpkgs.config.allowUnfreePredicate = pkg: builtins.elem (lib.getName pkg) [
              "${lib.getName package}"
            ];
          }
      '';

  # The attributes of a derivation and of each of its outputs: what it may be asked besides its paths.
  withAttributes =
    attributes: drv:
    let
      message = refusal attributes;
      names = drv.drvAttrs.outputs or [ "out" ];
      checked = output: {
        outPath = if message == "" then output.outPath else throw message;
        drvPath = if message == "" then output.drvPath else throw message;
        inherit (output) type outputName;
      };
      common = drv // outputs // { all = map (name: outputs.${name}) names; } // attributes;
      outputs = lib.genAttrs names (name: common // checked drv.${name} // { outputSpecified = true; });
    in
    common // checked drv;

  outputsToInstall =
    outputs:
    let
      main = lib.findFirst (name: lib.elem name outputs) (lib.head outputs) [
        "bin"
        "out"
      ];
    in
    lib.unique ([ main ] ++ lib.optional (lib.elem "man" outputs) "man");

  build =
    arguments:
    let
      name = lib.strings.sanitizeDerivationName (arguments.name or "${arguments.pname}-${arguments.version}");
      passthru = arguments.passthru or { };
      outputs = arguments.outputs or [ "out" ];
      meta = {
        inherit name;
        outputsToInstall = outputsToInstall outputs;
      }
      // arguments.meta or { };
      environment = arguments.env or { };
      hooks = map (input: input.setupHook) (
        lib.filter (input: input ? setupHook) (lib.flatten (arguments.nativeBuildInputs or [ ]))
      );
      drvAttrs =
        {
          nativeBuildInputs = [ ];
          buildInputs = [ ];
          propagatedBuildInputs = [ ];
        }
        // removeAttrs arguments [
          "env"
          "meta"
          "passthru"
          "pos"
        ]
        // environment
        // {
          inherit name;
          inherit (pkgs.stdenv.hostPlatform) system;
          builder = "/bin/bash";
          args = [
            "-e"
            ./setup.sh
          ];
          ${if hooks == [ ] then null else "setupHooks"} = hooks;
          # each stage of the phases finds its inputs by these
          toolPath = lib.makeBinPath (lib.flatten (arguments.nativeBuildInputs or [ ]));
        };
    in
    assert lib.assertMsg (lib.isAttrs environment) "mkDerivation: the `env` argument must be an attribute set";
    withAttributes (
      passthru
      // {
        inherit meta name passthru;
        overrideAttrs =
          change:
          build (
            arguments
            // (if !lib.isFunction change then change else if lib.isFunction (change arguments) then change arguments arguments else change arguments)
          );
      }
      // lib.getAttrs (lib.filter (key: arguments ? ${key}) [
        "pname"
        "version"
        "src"
      ]) arguments
    ) (derivation drvAttrs);

  mkDerivation =
    arguments:
    if lib.isFunction arguments then
      let
        final = arguments (final // { finalPackage = build final; });
      in
      build final
    else
      build arguments;
in
{
  inherit mkDerivation;
  shell = "${pkgs.bash}/bin/bash";
  shellDryRun = "/bin/bash -n -O extglob";
  cc = pkgs.gcc // {
    isGNU = true;
    isClang = false;
    cc = pkgs.gcc-unwrapped;
    libc = pkgs.glibc;
    bintools = pkgs.binutils;
  };
}
