"""flake.nix: where its package sets come from, and what of them is allowed by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from dock2nix.cli import main
from dock2nix.emit.render import render
from emit.plans import INPUT, plan
from nix_lab import Nix, check_flake

if TYPE_CHECKING:
    from pathlib import Path

OLD = replace(INPUT, name="nixos-23_05", channel="nixos-23.05")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({}, ["pkgs = nixpkgs.legacyPackages.${system};"], id="one input"),
        pytest.param(
            {"inputs": (INPUT, OLD)},
            [
                "pkgs = nixpkgs.legacyPackages.${system};",
                "nixos-23_05 = nixos-23_05.legacyPackages.${system};",
            ],
            id="an old release",
        ),
        pytest.param(
            {"unfree": ("unrar",)},
            [
                "pkgs = import nixpkgs {",
                "inherit system;",
                "config = { inherit allowUnfreePredicate; };",
                "};",
            ],
            id="unfree packages",
        ),
        pytest.param(
            {"inputs": (INPUT, replace(OLD, insecure=("nodejs-16.20.2",)))},
            [
                "pkgs = nixpkgs.legacyPackages.${system};",
                "nixos-23_05 = import nixos-23_05 {",
                "inherit system;",
                "config = {",
                'permittedInsecurePackages = [ "nodejs-16.20.2" ];',
                "};",
                "};",
            ],
            id="an insecure package of an old release",
        ),
        pytest.param(
            {"inputs": (INPUT, replace(OLD, unfree=True)), "unfree": ("mongodb",)},
            [
                "pkgs = import nixpkgs {",
                "inherit system;",
                "config = { inherit allowUnfreePredicate; };",
                "};",
                "nixos-23_05 = import nixos-23_05 {",
                "inherit system;",
                "config = { inherit allowUnfreePredicate; };",
                "};",
            ],
            id="unfree packages of an old release",
        ),
        pytest.param(
            {"inputs": (replace(INPUT, insecure=("b-2", "a-1")),), "unfree": ("unrar",)},
            [
                "pkgs = import nixpkgs {",
                "inherit system;",
                "config = {",
                "inherit allowUnfreePredicate;",
                "permittedInsecurePackages = [",
                '"a-1"',
                '"b-2"',
                "];",
                "};",
                "};",
            ],
            id="both",
        ),
    ],
)
def test_package_sets(fields: dict[str, object], expected: list[str]) -> None:
    text = render(plan(**fields))["flake.nix"]
    inside = text.split("packagesOf = system: {\n")[1].split("    in\n")[0]
    assert [line.strip() for line in inside.splitlines()][:-1] == expected


INSECURE = """
[base-images.php]
distribution = "debian"
language = "php"
versions = { "8.0" = { packages = ["php80"], channel = "nixos-23.05", insecure = ["php-8.0.30"] } }
"""


@pytest.mark.nix
def test_nix_accepts_an_input_with_a_permitted_package(tmp_path: Path, nix: Nix) -> None:
    (tmp_path / "Dockerfile").write_text('FROM php:8.0\nCMD ["php", "-a"]\n', encoding="utf-8")
    (tmp_path / "dock2nix.toml").write_text(INSECURE, encoding="utf-8")
    assert main(["convert", str(tmp_path / "Dockerfile"), "-q"]) == 1
    assert '"php-8.0.30"' in (tmp_path / "flake.nix").read_text(encoding="utf-8")
    assert check_flake(tmp_path, nix)
