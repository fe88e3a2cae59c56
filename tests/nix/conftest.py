"""What the tests of the Nix harness share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from nix.notes import write_notes

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def our_package_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests are about our package set, whatever else is to be used in its place."""
    monkeypatch.delenv("DOCK2NIX_NIXPKGS", raising=False)


@pytest.fixture
def flake(tmp_path: Path) -> Path:
    """A flake as dock2nix writes it."""
    return write_notes(tmp_path / "notes")
