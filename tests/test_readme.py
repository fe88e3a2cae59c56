"""What the README shows is what dock2nix writes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dock2nix.catalogue.base_images import BaseImages
from dock2nix.cli import main
from dock2nix.cli.mappings import examine

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", ["Dockerfile", "expected/nix/packages.nix", "expected/nix/image.nix"])
def test_the_example_is_the_flask_sample(path: str) -> None:
    assert (ROOT / "samples/flask" / path).read_text(encoding="utf-8").rstrip() in README


def test_the_number_of_base_images_is_right() -> None:
    assert f"`FROM` of {len(BaseImages.load().repositories())} published images" in README


def block(language: str, beginning: str) -> str:
    """The block of code of the README that begins with a text."""
    found = re.search(rf"```{language}\n({re.escape(beginning)}.*?)```", README, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_rows_shown_are_good_ones(tmp_path: Path) -> None:
    path = tmp_path / "dock2nix.toml"
    path.write_text(block("toml", "[apt]"), encoding="utf-8")
    assert examine(path) == ()


def test_the_annotations_shown_take_effect(tmp_path: Path) -> None:
    shown = block("dockerfile", "# dock2nix:")
    (tmp_path / "Dockerfile").write_text(f"FROM debian:bookworm-slim\n{shown}", encoding="utf-8")
    assert main(["convert", str(tmp_path / "Dockerfile"), "-q"]) == 0
    packages = (tmp_path / "nix" / "packages.nix").read_text(encoding="utf-8")
    for line in ("pkgs.hello # our-tool", "pkgs.zlib.dev # libfoo", "pkgs.gnupg # gnupg"):
        assert line in packages
    assert "pkgs.jq" not in packages
