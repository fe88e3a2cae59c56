"""The machinery of the samples turns red: one fault of each kind is planted into a flake that stands the proof."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from container_lab import why_no_containers
from nix.images import converted
from nix.notes import edit
from nix_lab import available_nixes, build_flake, check_flake, why_no_builds
from sample_proof import prove_image

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [
    pytest.mark.nix,
    pytest.mark.skipif(bool(why_no_builds()), reason=why_no_builds()),
]
needs_containers = pytest.mark.skipif(
    bool(why_no_containers()), reason=f"nothing is run: {why_no_containers()}"
)

DOCKERFILE = """
FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y tree && useradd --uid 1500 app
WORKDIR /srv
COPY --chown=app --chmod=400 secret .
USER app
CMD ["tree", "/srv"]
"""
SAMPLE: dict[str, Any] = {
    "exit_code": 0,
    "smoke": [
        {"output": "secret"},
        {"command": ["sh", "-c", "id -u; cat secret"], "output": "1500\nonly for app\n"},
    ],
}
SAMPLES = Path(__file__).parents[2] / "samples"


def prove(flake: Path) -> None:
    """All that a sample has to stand."""
    check_flake(flake, available_nixes()[-1])
    prove_image(flake, available_nixes()[-1], SAMPLE)


@pytest.fixture
def flake(tmp_path: Path) -> Path:
    return converted(tmp_path / "app", DOCKERFILE, {"secret": "only for app\n"})


@needs_containers
def test_the_flake_stands_the_proof(flake: Path) -> None:
    prove(flake)


def edited(file: str, old: str, new: str) -> Callable[[Path], None]:
    return lambda flake: edit(flake / file, old, new)


@pytest.mark.parametrize(
    ("plant", "message"),
    [
        pytest.param(
            edited("nix/image.nix", "contents =", "copyToRoot ="),
            "unexpected argument 'copyToRoot'",
            id="unknown-dockertools-argument",
        ),
        pytest.param(
            edited("nix/image.nix", "WorkingDir =", "Workdir ="), "Workdir is no key of a configuration", id="wrong-config-key"
        ),
        pytest.param(
            edited("nix/image.nix", "User = ", 'Labels.x = "1"; User = '), "label x", id="configuration-that-is-not-planned"
        ),
        pytest.param(
            edited("nix/image.nix", "fakeRootCommands = ''\n", "fakeRootCommands = ''\n    date +%s%N > made\n"),
            "may not be deterministic",
            id="step-that-gives-other-bytes-each-time",
        ),
        pytest.param(
            edited("nix/image.nix", "fakeRootCommands = ''\n", "fakeRootCommands = ''\n    echo built by nixbld1 > made\n"),
            "names nixbld",
            id="trace-of-the-build-machine",
        ),
        pytest.param(edited("flake.lock", '"rev": "', '"rev": "f'), "", id="drifted-lock"),
        pytest.param(edited("flake.nix", "github:NixOS/nixpkgs/", "github:NixOS/nixpkgs/f"), "", id="drifted-flake"),
        pytest.param(
            edited("nix/image.nix", '"latest"', '"${builtins.abort "executed"}"'), "executed", id="injected-interpolation"
        ),
    ],
)  # fmt: skip
def test_a_planted_fault_turns_it_red(flake: Path, plant: Callable[[Path], None], message: str) -> None:
    plant(flake)
    with pytest.raises(AssertionError, match=re.escape(message)):
        prove(flake)


@needs_containers
@pytest.mark.parametrize(
    ("plant", "message"),
    [
        pytest.param(
            edited("nix/image.nix", "chown 1500:1500 srv/secret", "chown 1501:1501 srv/secret"),
            "Permission denied",
            id="file-with-the-wrong-owner",
        ),
        pytest.param(
            edited("nix/packages.nix", "pkgs.tree", "pkgs.hello"), "tree, which the image starts with, is not in it", id="missing-command"
        ),
    ],
)  # fmt: skip
def test_a_planted_fault_shows_when_the_image_runs(
    flake: Path, plant: Callable[[Path], None], message: str
) -> None:
    plant(flake)
    with pytest.raises(AssertionError, match=re.escape(message)):
        prove(flake)


def test_a_hash_that_is_off_by_one_character_turns_it_red(tmp_path: Path) -> None:
    flake = tmp_path / "locked-python"
    shutil.copytree(SAMPLES / "locked-python", flake)
    shutil.copytree(flake / "expected", flake, dirs_exist_ok=True)
    lock = flake / "nix/pylock.toml"
    digest = re.findall(r'sha256 = "([0-9a-f]{64})"', lock.read_text())[0]
    edit(lock, digest, digest[:-1] + ("0" if digest[-1] != "0" else "1"))
    with pytest.raises(AssertionError, match="hash mismatch"):
        build_flake(flake, available_nixes()[-1])
