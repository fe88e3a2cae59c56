# dock2nix itself.
{ pkgs }:
let
  inherit (pkgs) lib;
  python = pkgs.python313;
  module = builtins.readFile ./convert/dock2nix/__init__.py;
in
python.pkgs.buildPythonApplication {
  pname = "dock2nix";
  version = builtins.head (builtins.match ".*\n__version__ = \"([^\"]+)\".*" module);
  pyproject = true;

  src = lib.fileset.toSource {
    root = ./.;
    fileset = lib.fileset.unions [
      ./LICENSE
      ./README.md
      ./convert
      ./mappings
      ./pyproject.toml
      ./templates
    ];
  };

  build-system = [ python.pkgs.hatchling ];

  dependencies = [
    python.pkgs.dockerfile-parse
    python.pkgs.jinja2
    python.pkgs.msgspec
    python.pkgs.packaging
    python.pkgs.pathspec
    python.pkgs.pebble
    python.pkgs.pyyaml
    python.pkgs.requests
    python.pkgs.rich
    python.pkgs.shtab
    python.pkgs.tomli
    python.pkgs.tree-sitter
    python.pkgs.tree-sitter-bash
    python.pkgs.tree-sitter-grammars.tree-sitter-nix
    python.pkgs.urllib3
  ];

  # nixpkgs numbers this grammar otherwise; uv is a program here, not a wheel that brings one.
  pythonRelaxDeps = [ "tree-sitter-nix" ];
  pythonRemoveDeps = [ "uv" ];
  makeWrapperArgs = [ "--suffix PATH : ${pkgs.uv}/bin" ];

  pythonImportsCheck = [ "dock2nix.cli" ];

  meta = {
    description = "Convert a Dockerfile to a pinned Nix flake with a dockerTools image";
    mainProgram = "dock2nix";
  };
}
