"""A small flake in the form that dock2nix writes, for tests that spoil it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from nix_lab import StandIn

if TYPE_CHECKING:
    from pathlib import Path

REV = "832efc09b4caf6b4569fbf9dc01bec3082a00611"
NODE = {"owner": "NixOS", "repo": "nixpkgs", "rev": REV, "type": "github"}
LOCKED = NODE | {"lastModified": 1774610258, "narHash": "sha256-HaThtroVD9wRdx7KQk0B75JmFcXlMUoEdDFNOMOlsOs="}

FLAKE = """{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/%s";
  outputs = { self, nixpkgs }:
    let
      eachSystem = nixpkgs.lib.genAttrs [ "x86_64-linux" "aarch64-linux" ];
    in
    {
      packages = eachSystem (system: { default = import ./nix/image.nix { pkgs = nixpkgs.legacyPackages.${system}; }; });
      devShells = eachSystem (system: {
        default = nixpkgs.legacyPackages.${system}.mkShell {
          packages = import ./nix/packages.nix { pkgs = nixpkgs.legacyPackages.${system}; };
        };
      });
    };
}
"""
PACKAGES = """{ pkgs }:
[
  pkgs.bashInteractive
  pkgs.sqlite.bin
  (pkgs.python313.withPackages (ps: [ ps.idna ]))
]
"""
IMAGE = """{ pkgs }:
let
  inherit (pkgs) dockerTools lib;
  context = lib.fileset.toSource {
    root = ../.;
    fileset = lib.fileset.difference ../. (lib.fileset.unions [ ../flake.nix ../flake.lock ./. ]);
  };
in
dockerTools.buildImage {
  name = "notes";
  tag = "latest";
  copyToRoot = pkgs.buildEnv {
    name = "root";
    paths = import ./packages.nix { inherit pkgs; } ++ [
      dockerTools.binSh
      (dockerTools.fakeNss.override { extraPasswdLines = [ "notes:x:1000:1000::/srv:/bin/sh" ]; })
    ];
    pathsToLink = [ "/bin" "/etc" ];
  };
  extraCommands = "cp -r ${context}/. srv";
  config.Cmd = [ "sqlite3" ];
}
"""
INDEX = {
    "sqlite": StandIn(
        pname="sqlite",
        version="3.51.2",
        outputs=("bin", "dev", "out"),
        main_program="sqlite3",
        programs=("sqlite3",),
    ),
    "python313": StandIn(
        pname="python3", version="3.13.12", outputs=("debug", "out"), main_program="python3.13"
    ),
    "python313Packages.idna": StandIn(pname="python3.13-idna", version="3.11", outputs=("dist", "out")),
    "unrar": StandIn(pname="unrar", version="7.2.3", unfree=True),
}


def write_notes(folder: Path) -> Path:
    """Write the flake, its context and its lock into a new folder."""
    write(folder / "flake.nix", FLAKE % REV)
    write(folder / "flake.lock", lock_file(NODE))
    write(folder / "nix/packages.nix", PACKAGES)
    write(folder / "nix/image.nix", IMAGE)
    write(folder / "notes.txt", "remember\n")
    return folder


def write(file: Path, text: str) -> None:
    """Write a file with the folders above it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def lock_file(original: dict[str, str], *inputs: str) -> str:
    """A flake.lock for these inputs (`nixpkgs` when none is given), all of the one pinned revision."""
    names = inputs or ("nixpkgs",)
    nodes: dict[str, object] = {name: {"locked": LOCKED, "original": original} for name in names}
    root = {"inputs": {name: name for name in names}}
    return json.dumps({"nodes": nodes | {"root": root}, "root": "root", "version": 7})


def edit(file: Path, old: str, new: str) -> None:
    """Replace a text that is there."""
    text = file.read_text()
    assert old in text, old
    file.write_text(text.replace(old, new))
