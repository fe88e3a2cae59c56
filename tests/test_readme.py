"""What the README shows is what dock2nix writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from dock2nix.catalogue.base_images import BaseImages

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", ["Dockerfile", "expected/nix/packages.nix", "expected/nix/image.nix"])
def test_the_example_is_the_flask_sample(path: str) -> None:
    assert (ROOT / "samples/flask" / path).read_text(encoding="utf-8").rstrip() in README


def test_the_number_of_base_images_is_right() -> None:
    assert f"`FROM` of {len(BaseImages.load().repositories())} published images" in README
