"""Bills of materials of all samples are what the standards say, by the validators of the formats' own libraries."""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from dock2nix.cli import main

SAMPLES = Path(__file__).parents[2] / "samples"
NAMES = sorted(path.parent.name for path in SAMPLES.glob("*/Dockerfile"))


def written(name: str, folder: Path, form: str) -> Path:
    """The bill of materials of a sample, as a file."""
    copy = folder / name
    shutil.copytree(SAMPLES / name, copy, ignore=shutil.ignore_patterns("expected", "sample.toml"))
    file = folder / f"bom.{form}.json"
    assert main(["sbom", str(copy), "--offline", "--format", form, "--output", str(file)]) in {0, 1}
    return file


def document(name: str, folder: Path, form: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(written(name, folder, form).read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_cyclonedx_is_valid(name: str, tmp_path: Path) -> None:
    text = written(name, tmp_path, "cyclonedx").read_text(encoding="utf-8")
    assert json.loads(text)["specVersion"] == "1.6"
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


@pytest.mark.parametrize("name", NAMES)
def test_spdx_is_valid(name: str, tmp_path: Path) -> None:
    file = written(name, tmp_path, "spdx").rename(tmp_path / "bom.spdx.json")
    assert validate_full_spdx_document(parse_file(str(file))) == []


def test_locked_wheels_have_the_hashes_of_the_lock(tmp_path: Path) -> None:
    found = document("locked-python", tmp_path, "cyclonedx")["components"]
    told = {
        digest["content"]
        for one in found
        if one["purl"].startswith("pkg:pypi/")
        for file in one["externalReferences"]
        for digest in file["hashes"]
    }
    lock = tomllib.loads((SAMPLES / "locked-python/nix/pylock.toml").read_text(encoding="utf-8"))
    wheels = [wheel for one in lock["packages"] for wheel in one["wheels"]]
    assert told == {wheel["hashes"]["sha256"] for wheel in wheels}


def test_packages_of_nixpkgs_tell_where_they_were_asked_for(tmp_path: Path) -> None:
    found = document("flask", tmp_path, "cyclonedx")["components"]
    (curl,) = [one for one in found if one["name"] == "curl"]
    assert curl["evidence"]["occurrences"][0]["line"] == 8
    assert curl["purl"].startswith("pkg:generic/curl@")


@pytest.mark.parametrize("form", ["cyclonedx", "spdx"])
def test_the_same_bytes_twice(form: str, tmp_path: Path) -> None:
    texts = []
    for number in range(2):
        (tmp_path / str(number)).mkdir()
        texts.append(written("alpine-node", tmp_path / str(number), form).read_bytes())
    assert texts[0] == texts[1]
