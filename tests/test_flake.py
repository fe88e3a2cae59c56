"""The project's own flake: the same pin as the package index, every dependency of pyproject.toml, and Nix evaluates it."""

from __future__ import annotations

import json
import re
import shutil
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import dock2nix
from dock2nix.catalogue.index import PackageIndex
from nix_lab import StandIn, check_flake, flake_packages

if TYPE_CHECKING:
    from nix_lab import Nix

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PACKAGE = (ROOT / "package.nix").read_text(encoding="utf-8")


def test_the_pin_is_that_of_the_package_index() -> None:
    pins = tomllib.loads((ROOT / "mappings/pins.toml").read_text(encoding="utf-8"))
    pin = pins["channels"][pins["index"]]
    locked = json.loads((ROOT / "flake.lock").read_text(encoding="utf-8"))["nodes"]["nixpkgs"]["locked"]
    assert {key: locked[key] for key in ("rev", "narHash", "lastModified")} == pin
    assert pin["rev"] in (ROOT / "flake.nix").read_text(encoding="utf-8")


def test_it_has_every_dependency() -> None:
    asked = {re.split(r"[<>=]", one)[0] for one in PROJECT["dependencies"]}
    removed = set(re.findall(r'pythonRemoveDeps = \[ "(.*)" \]', PACKAGE))
    given = {name.rpartition(".")[2] for name in re.findall(r"python\.pkgs\.([\w.-]+)", PACKAGE)}
    assert asked == given - {"buildPythonApplication", "hatchling"} | removed


@pytest.mark.nix
def test_nix_evaluates_it_on_every_system_and_knows_its_version(nix: Nix, tmp_path: Path) -> None:
    flake = tmp_path / "dock2nix"
    flake.mkdir()
    for name in ("flake.nix", "flake.lock", "package.nix", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, flake / name)
    for name in ("convert", "mappings", "templates"):
        shutil.copytree(ROOT / name, flake / name, ignore=shutil.ignore_patterns("__pycache__"))
    # a set in the set of modules: the other names are told by the text, this one is not
    grammar = "python313Packages.tree-sitter-grammars.tree-sitter-nix"
    attribute = PackageIndex.open().attribute(grammar)
    assert attribute is not None
    packages = flake_packages(flake)["nixpkgs"] | {grammar: StandIn.of(attribute)}
    derivations = check_flake(flake, nix, {"nixpkgs": packages}).derivations
    assert any(f"dock2nix-{dock2nix.__version__}" in one for one in derivations.values())
