"""Nothing that dock2nix writes can reach the network while it is built, but downloads whose hash is fixed."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from nix_lab import check_flake

if TYPE_CHECKING:
    from nix_lab import Nix

SAMPLES = Path(__file__).parents[2] / "samples"
NAMES = sorted(path.parent.name for path in SAMPLES.glob("*/Dockerfile"))
# What opens a build to the network, or lets it be without a hash (Nix manual, "Advanced Attributes").
_OPENING = re.compile(
    r"\b(?:outputHash|outputHashAlgo|outputHashMode|__impure|__noChroot|impureEnvVars|__darwin\w+)\b"
)


def steps_of(flake: Path, nix: Nix) -> dict[str, dict[str, Any]]:
    """All derivations that the flake's packages stand on, for every system, by path."""
    derivations = check_flake(flake, nix).derivations
    show = ["derivation", "show"] if nix.version >= (2, 15) else ["show-derivation"]
    found: dict[str, dict[str, Any]] = json.loads(
        nix.run("nix", *show, "--recursive", *sorted(set(derivations.values())))
    )
    return found


@pytest.mark.parametrize("name", NAMES)
def test_no_expression_opens_its_build(name: str) -> None:
    files = sorted((SAMPLES / name / "expected").rglob("*.nix"))
    assert files
    for file in files:
        assert not _OPENING.search(file.read_text(encoding="utf-8")), file.name


@pytest.mark.nix
@pytest.mark.parametrize("name", NAMES)
def test_only_fetchers_have_a_fixed_output(name: str, nix: Nix, tmp_path: Path) -> None:
    flake = tmp_path / name
    shutil.copytree(SAMPLES / name, flake, ignore=shutil.ignore_patterns("expected", "sample.toml"))
    shutil.copytree(SAMPLES / name / "expected", flake, dirs_exist_ok=True)
    steps = steps_of(flake, nix)
    assert steps
    for path, step in steps.items():
        variables = step["env"]
        assert not {"__impure", "__noChroot"} & set(variables), path
        fixed = any("hash" in output for output in step["outputs"].values())
        # the fetchers of the package set are what has a list of addresses, and where to find them in tests; what Maven downloads is
        # one derivation of buildMavenPackage
        fetcher = ("urls" in variables and "downloads" in variables) or variables["name"].endswith(
            "-maven-deps"
        )
        assert fixed == fetcher, path
