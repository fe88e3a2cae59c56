"""`nix` on PATH for `dock2nix lock`: the one of the tests, with our package set in the place of nixpkgs."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from nix_lab import flake_packages, package_set

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from nix_lab import Nix

NIX_STANDS_IN = """#!{python}
import os, sys
arguments = sys.argv[1:]
if "eval" in arguments:
    arguments += ["--offline", "--override-input", "nixpkgs", "path:{packages}"]
os.execv("{nix}", ["nix", *arguments])
"""


def use_nix(nix: Nix, flake: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`nix` on PATH is this one, with our package set in the place of nixpkgs."""
    for name, value in nix._environment().items():
        monkeypatch.setenv(name, value)
    tools = folder / "tools"
    tools.mkdir()
    text = NIX_STANDS_IN.format(
        python=sys.executable,
        packages=package_set(flake_packages(flake)["nixpkgs"]),
        nix=nix.binaries / "nix",
    )
    (tools / "nix").write_text(text)
    (tools / "nix").chmod(0o755)
    (tools / "nix-store").symlink_to(nix.binaries / "nix-store")
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.defpath}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
