"""The configuration of an image is what buildah makes of the same Dockerfile, key for key, on written cases.

What buildah says is recorded, so that the comparison runs everywhere; where there is a buildah, the record is checked too.
"""

from __future__ import annotations

import json
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from buildah import Buildah, why_no_buildah
from dock2nix.cli import main
from dock2nix.verify.configuration import compare_config

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(__file__).parents[1] / "data/image-configs"
RECORD = FOLDER / "recorded.json"
CASES: Mapping[str, dict[str, Any]] = tomllib.loads((FOLDER / "cases.toml").read_text(encoding="utf-8"))
# What is of the container that buildah worked in, or says nothing.
_OF_BUILDAH = {
    "Hostname",
    "Domainname",
    "Image",
    "OpenStdin",
    "StdinOnce",
    "Tty",
    "AttachStdin",
    "AttachStdout",
    "AttachStderr",
}
_LABEL = "io.buildah.version"


@cache
def recorded() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(RECORD.read_text(encoding="utf-8"))
    return found


def built(name: str, folder: Path) -> dict[str, Any]:
    """The configuration that buildah gives the image of a case, less what is its own."""
    (folder / "context").mkdir()
    (folder / "context/Dockerfile").write_text(CASES[name]["text"].lstrip("\n"))
    buildah = Buildah(folder / "buildah")
    buildah.build(folder / "context", "case", CASES[name].get("arguments"))
    config = {key: value for key, value in buildah.config("case").items() if value and key not in _OF_BUILDAH}
    labels = {key: value for key, value in config.pop("Labels", {}).items() if key != _LABEL}
    return config | ({"Labels": labels} if labels else {})


def converted(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    (folder / "Dockerfile").write_text(CASES[name]["text"].lstrip("\n"))
    given = [f"--build-arg={key}={value}" for key, value in CASES[name].get("arguments", {}).items()]
    capsys.readouterr()
    code = main([str(folder), "--json", "--offline", *given])
    assert code < 2
    config: dict[str, Any] = json.loads(capsys.readouterr().out)["image"]["config"]
    for key in ("ExposedPorts", "Volumes"):
        config[key] = {one: {} for one in config.get(key, ())}
    return config


@pytest.mark.parametrize("name", CASES)
def test_configuration_is_that_of_buildah(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ours = converted(name, tmp_path, capsys)
    expected = recorded()[name] | CASES[name].get("docker", {})
    assert [str(one) for one in compare_config(ours, expected)] == []


@pytest.mark.parametrize("name", [name for name in CASES if "docker" in CASES[name]])
def test_a_case_that_goes_by_docker_says_why_and_differs_in_just_that(name: str) -> None:
    case = CASES[name]
    assert case["why"]
    assert all(recorded()[name].get(key) != value for key, value in case["docker"].items())


def test_there_are_enough_cases_and_each_is_recorded() -> None:
    assert len(CASES) >= 25
    assert sorted(recorded()) == sorted(CASES)


@pytest.mark.skipif(bool(why_no_buildah()), reason=f"the record is not checked: {why_no_buildah()}")
def test_the_record_is_what_buildah_says(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    found = {}
    for name in CASES:
        (tmp_path / name).mkdir()
        found[name] = built(name, tmp_path / name)
    if request.config.getoption("--update-samples"):
        RECORD.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        recorded.cache_clear()
    assert found == recorded()
