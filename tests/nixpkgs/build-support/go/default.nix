# buildGoModule: nixpkgs' arguments and phases, its two derivations and its failures. There is no compiler: a program of ours
# writes down what it was asked to compile, as a script that prints it.
{ lib, pkgs }:
let
  # A function that can be overridden, as what callPackage makes of one.
  withGo = go: {
    __functor = _: build go;
    override = change: withGo (change.go or go);
  };

  isList = name: value: lib.assertMsg (lib.isList value) "buildGoModule: ${name} is a list";

  build =
    go:
  {
    name ? "${arguments.pname}-${arguments.version}",
    src,
    nativeBuildInputs ? [ ],
    vendorHash ? throw "buildGoModule: vendorHash is missing",
    proxyVendor ? false,
    ldflags ? [ ],
    tags ? [ ],
    GOFLAGS ? [ ],
    subPackages ? [ ],
    env ? { },
    doCheck ? true,
    ...
  }@arguments:
  assert isList "ldflags" ldflags && isList "tags" tags && isList "GOFLAGS" GOFLAGS && isList "subPackages" subPackages;
  assert lib.assertMsg (!(arguments ? CGO_ENABLED)) "buildGoModule: CGO_ENABLED belongs into env";
  let
    common = {
      inherit src;
      sourceRoot = arguments.sourceRoot or "";
      postPatch = arguments.postPatch or "";
    };
    # what `go mod vendor` fetches: here the lock stands for it
    goModules = pkgs.stdenv.mkDerivation (
      common
      // {
        name = "${name}-go-modules";
        nativeBuildInputs = [ compiler ];
        buildPhase = ''
          if [ -d vendor ]; then echo "vendor folder exists, please set 'vendorHash = null;' in your expression" >&2; exit 10; fi
        '';
        installPhase = "mkdir $out; cp go.sum $out/modules.txt";
        outputHashMode = "recursive";
        outputHash = vendorHash;
        outputHashAlgo = if vendorHash == "" then "sha256" else null;
      }
    );
    compiler = pkgs.writeTextFile {
      name = "go-stand-in";
      destination = "/bin/go";
      executable = true;
      text = ''
        #!/bin/bash
        exec /usr/bin/python3 -I ${./go.py} "$@"
      '';
    };
  in
  pkgs.stdenv.mkDerivation (
    removeAttrs arguments [ "vendorHash" ]
    // {
      inherit name doCheck;
      nativeBuildInputs = [
        compiler
        go
      ]
      ++ nativeBuildInputs;
      interpreter = pkgs.runtimeShell;
      env = {
        CGO_ENABLED = 1;
      }
      // env;
      goModules = if vendorHash == null then "" else goModules;
      configurePhase =
        arguments.configurePhase or ''
          runHook preConfigure
          if [ -n "$goModules" ]; then rm -rf vendor; cp -r "$goModules" vendor; fi
          runHook postConfigure
        '';
      buildPhase =
        arguments.buildPhase or ''
          runHook preBuild
          for package in ''${subPackages:-.}; do go install "./$package"; done
          runHook postBuild
        '';
      installPhase =
        arguments.installPhase or ''
          runHook preInstall
          mkdir -p $out
          cp -r .installed $out/bin
          runHook postInstall
        '';
      passthru = {
        inherit go goModules vendorHash;
      };
    }
  );
in
withGo pkgs.go
