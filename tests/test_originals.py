"""The original beside the conversion: the same Dockerfile built by buildah, compared with the image that Nix makes.

A sample says so with a table `[original]`: `base` is the image it stands on, `intended` names the differences that are meant.
"""

from __future__ import annotations

import shutil
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import pytest

from buildah import Buildah, why_no_buildah
from container_lab import unpacked, why_no_containers
from dock2nix.catalogue.local import LocalCatalogue
from dock2nix.parse.context import BuildContext
from dock2nix.verify.comparison import compare
from dock2nix.verify.copied import copied_paths
from dock2nix.verify.image import read_image
from nix.running import run_image as ask_image
from nix_lab import available_nixes, build_flake, why_no_builds
from original import make_bases, make_debian, why_no_debian, why_no_original
from sample_proof import run_image
from test_samples import NAMES, SAMPLES, copy_context, settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dock2nix.verify.difference import Difference

WHY_NOT = why_no_builds() or why_no_buildah() or why_no_original() or why_no_containers()
COMPARED = [name for name in NAMES if "original" in settings(name)]

pytestmark = [
    pytest.mark.nix,
    pytest.mark.skipif(bool(WHY_NOT), reason=f"no original is built: {WHY_NOT}"),
]


@pytest.fixture(scope="module")
def buildah(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Buildah]:
    """A storage with the bases of all samples; it is large, so it is removed at once."""
    folder = tmp_path_factory.mktemp("buildah")
    storage = Buildah(folder / "storage")
    (folder / "base").mkdir()
    make_bases(storage, sorted({settings(name)["original"]["base"] for name in COMPARED}), folder / "base")
    yield storage
    shutil.rmtree(folder, ignore_errors=True)


def built_original(buildah: Buildah, name: str, folder: Path) -> Path:
    """The docker-archive of the sample's own Dockerfile."""
    buildah.build(copy_context(name, folder / "original"), name)
    return buildah.save(name, folder / "original.tar")


def differences(name: str, ours: Path, theirs: Path) -> tuple[Difference, ...]:
    context = SAMPLES / name
    paths = copied_paths(
        (context / "Dockerfile").read_bytes(),
        BuildContext.read(context),
        LocalCatalogue(),
        build_arguments={},
    )
    return compare(read_image(ours), read_image(theirs), paths)


@pytest.mark.parametrize("name", COMPARED)
def test_image_is_that_of_the_original_but_for_what_is_intended(
    name: str, buildah: Buildah, tmp_path: Path
) -> None:
    flake = copy_context(name, tmp_path / "flake")
    shutil.copytree(SAMPLES / name / "expected", flake, dirs_exist_ok=True)
    ours, theirs = build_flake(flake, available_nixes()[-1]), built_original(buildah, name, tmp_path)
    intended = settings(name)["original"]["intended"]
    found = differences(name, ours, theirs)
    meant = [one for one in found if any(fnmatchcase(one.name, pattern) for pattern in intended)]
    assert len(meant) == len(found), "\n".join(str(one) for one in found if one not in meant)
    unused = [meant for meant in intended if not any(fnmatchcase(one.name, meant) for one in found)]
    assert unused == [], "differences that are intended and are not there"
    with unpacked(ours) as here, unpacked(theirs) as there:
        for smoke in settings(name)["smoke"]:
            if "request" in smoke:
                with here.started() as first, there.started() as second:
                    assert first.ask(smoke["request"]) == second.ask(smoke["request"])
            else:
                command = smoke.get("command"), smoke.get("entrypoint")
                assert here.run(*command) == there.run(*command)


# --- on Debian itself --------------------------------------------------------------------------------------------------------

# What a base of Debian's has and nixpkgs' images have otherwise: shells of accounts, where certificates are, more programs.
_OF_DEBIAN = ("account nobody", "account root", "command *", "env SSL_CERT_FILE")


@pytest.fixture(scope="module")
def debian(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Buildah]:
    """A storage with Debian, in which `apt-get install` installs Debian's packages."""
    folder = tmp_path_factory.mktemp("debian")
    storage = Buildah(folder / "storage")
    make_debian(storage, "debian:bookworm-slim")
    yield storage
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.skipif(bool(why_no_debian()), reason=f"no original with packages: {why_no_debian()}")
@pytest.mark.parametrize("name", ["database-client", "supervisor"])
def test_image_is_that_of_debian_with_the_packages_that_it_installs(
    name: str, debian: Buildah, tmp_path: Path
) -> None:
    flake = copy_context(name, tmp_path / "flake")
    shutil.copytree(SAMPLES / name / "expected", flake, dirs_exist_ok=True)
    ours, theirs = build_flake(flake, available_nixes()[-1]), built_original(debian, name, tmp_path)
    found = differences(name, ours, theirs)
    assert [one.name for one in found if not any(fnmatchcase(one.name, meant) for meant in _OF_DEBIAN)] == []
    for archive in (ours, theirs):
        with unpacked(archive) as container:
            run_image(container, settings(name))
    if asked := settings(name).get("run", {}).get("ask"):
        expected = [one["expect"] for one in asked]
        for archive in (ours, theirs):
            answers = ask_image(archive, ask=tuple(asked)).answers
            assert [text in answer for text, answer in zip(expected, answers, strict=True)] == [True] * len(
                asked
            )


def test_some_samples_are_compared() -> None:
    assert len(COMPARED) >= 4
