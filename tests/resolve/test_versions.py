"""Packages whose version is asked for come from the attribute of that version, where nixpkgs has one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from dock2nix.cli import main

if TYPE_CHECKING:
    from pathlib import Path

ORACLE = "FROM oraclelinux:8\n"


def attributes(folder: Path, text: str) -> tuple[dict[str, list[str]], list[str]]:
    """The attributes of each package that a Dockerfile asks for, and what is said of versions."""
    (folder / "Dockerfile").write_text(text, encoding="utf-8")
    main(["convert", str(folder / "Dockerfile"), "-q", "--name", "x", "--python", "nixpkgs", "--offline"])
    report = json.loads((folder / "nix" / "report.json").read_text(encoding="utf-8"))
    found = {one["name"]: one["attributes"] for one in report["requirements"]}
    return found, [one["message"] for one in report["findings"] if one["code"] == "D2N202"]


@pytest.mark.parametrize(
    ("command", "name", "expected"),
    [
        pytest.param("dnf install -y nodejs-22.1.0", "nodejs", ["nodejs_22"], id="rpm"),
        pytest.param("dnf install -y @nodejs:22/common", "nodejs", ["nodejs_22"], id="module"),
        pytest.param("dnf install -y php-8.2.7", "php", ["php"], id="an-interpreter-with-a-set-stays"),
        pytest.param("dnf install -y nodejs-9.1.0", "nodejs", ["nodejs"], id="no-such-version"),
        pytest.param("dnf install -y 'nodejs >= 20'", "nodejs", ["nodejs"], id="any-later-version"),
    ],
)
def test_a_version_chooses_the_attribute(
    command: str, name: str, expected: list[str], tmp_path: Path
) -> None:
    found, _ = attributes(tmp_path, f"{ORACLE}RUN {command}\n")

    assert found[name] == expected


def test_a_stream_chooses_for_all_packages_of_its_name_and_its_set(tmp_path: Path) -> None:
    text = f"{ORACLE}RUN dnf module enable -y php:8.2\nRUN dnf install -y php-cli php-json php-pecl-redis\n"

    found, said = attributes(tmp_path, text)

    assert found == {
        "php-cli": ["php82"],
        "php-json": ["php82"],
        "php-pecl-redis": ["php82Extensions.redis"],
    }
    assert said == []


def test_a_stream_counts_for_later_installs_alone(tmp_path: Path) -> None:
    text = f"{ORACLE}RUN dnf install -y nodejs && dnf module switch-to -y nodejs:22 && dnf install -y npm\n"

    found, _ = attributes(tmp_path, text)

    assert (found["nodejs"], found["npm"]) == (["nodejs"], ["nodejs_22"])


def test_a_stream_that_nixpkgs_does_not_have_is_told_once(tmp_path: Path) -> None:
    found, said = attributes(
        tmp_path, f"{ORACLE}RUN dnf module enable -y php:7.2\nRUN dnf install -y php-cli php-json\n"
    )

    assert found == {"php-cli": ["php"], "php-json": ["php"]}
    assert len(said) == 1
    assert "7.2 was chosen for php, nixpkgs has 8." in said[0]
