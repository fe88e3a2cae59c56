# fetchYarnDeps and yarnConfigHook, for locks of yarn 1: what is fetched has nixpkgs' names and form, so it has nixpkgs' hash. In the
# place of yarn a program of ours puts every package of the lock at the top of node_modules, one version of each.
{ lib, pkgs }:
let
  hashArguments = import ../hash.nix { inherit lib; };
in
{
  fetchYarnDeps =
    {
      name ? "offline",
      src ? null,
      yarnLock ? "${src}/yarn.lock",
      hash ? "",
      sha256 ? "",
    }:
    pkgs.stdenvNoCC.mkDerivation (
      {
        inherit name yarnLock;
        dontUnpack = true;
        buildPhase = ''
          mkdir -p $out
          /usr/bin/python3 -I ${./fetch.py} $yarnLock ${../../downloads} $out
        '';
        outputHashMode = "recursive";
      }
      // hashArguments "fetchYarnDeps" { inherit hash sha256; }
    );

  yarnConfigHook =
    pkgs.writeTextFile {
      name = "yarn-config-hook";
      destination = "/bin/yarn";
      executable = true;
      text = ''
        #!/bin/bash
        exec /usr/bin/python3 -I ${./yarn.py} "$@"
      '';
    }
    // {
      setupHook = ./yarn-config-hook.sh;
    };
}
