# The packages of attributes.json, nested as their attribute paths are.
#
# A node is a package (`pname`, `version`, `outputs`, `mainProgram`, `programs`, `unfree`), a set of further ones
# (`attributes`), or both. Each package is a stand-in: it has nixpkgs' name, version and outputs; when it is built, the
# machine's own programs of those names are put into it, and failing ones for what the machine does not have.
{
  lib,
  pkgs,
  tree,
}:
let
  # What the list does not tell, where it matters. The package itself is its first output: nixpkgs has `bin` first, but
  # for these; and these give way to others with the same programs (numbers above 5) when they are in one environment.
  firstOutputs = {
    glibc = "out";
    tzdata = "out";
  };
  priorities = {
    binutils-wrapper = 10;
    busybox = 15;
    gcc-wrapper = 10;
    inetutils = 7;
    procps = 11;
    util-linux = 6;
  };

  # What package functions take that a flake may override; nothing comes of it here.
  arguments' = {
    uwsgi = [
      "plugins"
      "python3"
      "withPAM"
      "withSystemd"
    ];
  };

  ordered =
    node:
    let
      outputs = node.outputs or [ "out" ];
      first =
        firstOutputs.${node.pname} or (lib.findFirst (name: lib.elem name outputs) (lib.head outputs) [
          "bin"
          "out"
        ]);
    in
    [ first ] ++ lib.remove first outputs;

  standIn =
    node:
    pkgs.stdenvNoCC.mkDerivation (node.environment or { } // {
      inherit (node) pname;
      version = if node.version or "" == "" then "0" else node.version;
      outputs = ordered node;
      programs = node.programs or [ ];
      standIn = true; # the harness tells packages from what a flake makes of them by it
      buildCommandPath = ./stand-in.sh;
      # glibc is what all programs stand on, and bash what scripts are run by
      glibc = lib.optionalString (node.pname != "glibc") pkgs.glibc;
      shell = lib.optionalString (!(lib.elem node.pname [ "bash" "bash-interactive" "glibc" ])) pkgs.runtimeShell;
      meta = {
        license = if node.unfree or false then lib.licenses.unfree else lib.licenses.mit;
      }
      // lib.optionalAttrs (node.mainProgram or "" != "") { inherit (node) mainProgram; }
      // lib.optionalAttrs (priorities ? ${node.pname}) { priority = priorities.${node.pname}; };
    });

  fromNode =
    node:
    lib.optionalAttrs (node ? pname) (
      standIn node
      // {
        override =
          arguments:
          let
            taken =
              arguments'.${node.pname}
                or (throw "a stand-in for ${node.pname}: it is not known here what its package function takes");
            wrong = lib.attrNames (removeAttrs arguments taken);
          in
          assert lib.assertMsg (wrong == [ ]) "${node.pname}: unexpected argument ${toString wrong}";
          standIn node;
      }
    )
    // lib.mapAttrs (_: fromNode) (node.attributes or { });
in
lib.mapAttrs (_: fromNode) tree.attributes
