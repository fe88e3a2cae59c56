"""Packages that are a distribution's own files: real Nix unpacks and patches them, and what they hold runs in the image."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from deb_archive import MadeDeb, MadeSource, archive
from dock2nix.cli import main
from dock2nix.locking.debs import archive as archives
from file_server import Answers, serving
from nix.images import read_image
from nix.running import run_image, why_no_runs
from nix_lab import (
    DEBIAN,
    available_nixes,
    build_flake,
    check_flake,
    flake_packages,
    package_set,
    why_no_builds,
)

if TYPE_CHECKING:
    from pathlib import Path

    from nix.images import Image

pytestmark = [pytest.mark.nix, pytest.mark.skipif(bool(why_no_builds()), reason=why_no_builds())]

DOCKERFILE = """
FROM debian:12
RUN apt-get update && apt-get install -y made-packer && rm -rf /var/lib/apt/lists/*
CMD ["sh", "-c", "echo packed | made-packer | made-packer -d"]
"""


def debs() -> tuple[MadeDeb, MadeDeb]:
    """A program with a library of another package, both real: xz of the small Debian system, under another name."""
    program, library = (
        (DEBIAN / "usr/bin/xz").read_bytes(),
        (DEBIAN / "lib/x86_64-linux-gnu/liblzma.so.5").read_bytes(),
    )
    return (
        MadeDeb(
            name="made-packer",
            files={
                "usr/sbin/made-packer": program,
                "usr/games/made-game": b"#!/bin/sh\necho played\n",
                "usr/lib/made/rights": b"#!/bin/sh\n",
                "etc/made.conf": b"setting\n",
            },
            links={
                "usr/share/made/etc": "../../../etc/made.conf",
                "usr/share/made/packer": "../../sbin/made-packer",
            },
            modes={"usr/lib/made/rights": 0o4755, "usr/games/made-game": 0o755},
            folders=("var", "var/lib", "var/lib/made"),
            fields={"Depends": "libmade5"},
        ),
        MadeDeb(name="libmade5", files={"usr/lib/x86_64-linux-gnu/liblzma.so.5": library}),
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive of the image; its .deb files are in the store beforehand, as if Nix had fetched them."""
    flake, nix = tmp_path_factory.mktemp("debs"), available_nixes()[-1]
    (flake / "Dockerfile").write_text(DOCKERFILE)
    with pytest.MonkeyPatch.context() as patch, serving(Answers(files=archive(*debs()))) as server:
        patch.setattr(archives, "machine_keyrings", dict)  # nobody signs what a test makes
        patch.setenv("XDG_CACHE_HOME", str(flake.parent / "cache"))
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            patch.delenv(name, raising=False)
            patch.delenv(name.upper(), raising=False)
        main([str(flake), "--quiet", "--fallback", "deb", "--debian-mirror", server])
    assert {one["name"] for one in json.loads((flake / "nix/debs.json").read_text())["packages"]} == {
        one.name for one in debs()
    }
    for one in debs():
        path = flake.parent / f"{one.name}.deb"
        path.write_bytes(one.content())
        nix.run("nix-store", "--add-fixed", "sha256", path)
    return build_flake(flake, nix)


@pytest.fixture(scope="module")
def image(built: Path) -> Image:
    return read_image(built)


@pytest.mark.skipif(bool(why_no_runs()), reason=why_no_runs())
def test_programs_find_their_libraries_and_run(built: Path) -> None:
    assert run_image(built).output.strip() == "packed"
    assert run_image(built, "/usr/games/made-game").output.strip() == "played"


def test_files_stand_where_the_distribution_has_them(image: Image) -> None:
    assert image.read("etc/made.conf") == "setting\n"
    assert image.entry("usr/sbin/made-packer").isreg()
    assert image.entry("var/lib/made").isdir()


def test_relative_links_lead_where_they_led(image: Image) -> None:
    assert image.read("usr/share/made/etc") == "setting\n"
    assert image.path("usr/share/made/packer") == image.path("bin/made-packer")


def test_nothing_has_the_rights_of_its_owner(image: Image) -> None:
    assert not image.entry("usr/lib/made/rights").mode & 0o6000


def test_recipe_with_other_sources_is_what_nix_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = MadeDeb(name="tree", version="2.0.1-1")
    sources = (MadeSource(name="tree", version="2.0.1-1", files={"tree_2.0.1.orig.tar.gz": b"tree"}),)
    (tmp_path / "Dockerfile").write_text("FROM debian:12\nRUN apt-get install -y tree=2.0.1-1\n")
    monkeypatch.setattr(archives, "machine_keyrings", dict)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with serving(Answers(files=archive(tree, sources=sources))) as server:
        main([str(tmp_path), "--quiet", "--pin", "exact", "--debian-mirror", server])
    nix = available_nixes()[-1]
    assert check_flake(tmp_path, nix).derivations
    listed = f"(import {tmp_path}/nix/packages.nix {{ pkgs = import {package_set(flake_packages(tmp_path)['nixpkgs'])} {{ }}; }})"
    assert json.loads(
        nix.evaluate(f'map (one: one.name) (builtins.filter (one: one.pname or "" == "tree") {listed})')
    ) == ["tree-2.0.1"]
