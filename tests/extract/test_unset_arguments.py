"""Build arguments without value in RUN: empty, as BuildKit has them, and told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from dock2nix.cli import main

if TYPE_CHECKING:
    from pathlib import Path


def report(folder: Path, text: str, *options: str) -> dict[str, Any]:
    (folder / "Dockerfile").write_text(text)
    main([str(folder), "--quiet", "--offline", *options])
    found: dict[str, Any] = json.loads((folder / "nix/report.json").read_text())
    return found


def told(found: dict[str, Any]) -> list[tuple[str, str, int]]:
    return [(one["code"], one["severity"], one["line"]) for one in found["findings"]]


@pytest.mark.parametrize(
    ("command", "names"),
    [
        ("apt-get install -y curl $EXTRA", ["curl"]),
        ('apt-get install -y curl "${EXTRA:-jq}"', ["curl", "jq"]),
        ("apt-get install -y curl${EXTRA:+ jq}", ["curl"]),
        ('if [ -n "$EXTRA" ]; then apt-get install -y jq; fi; apt-get install -y curl', ["curl"]),
        ("<<EOF\napt-get install -y curl $EXTRA\nEOF", ["curl"]),
    ],
    ids=["a word", "a default", "an alternative", "a condition", "a here-document"],
)
def test_a_build_argument_without_value_is_empty(command: str, names: list[str], tmp_path: Path) -> None:
    found = report(tmp_path, f"FROM debian:bookworm\nARG EXTRA\nRUN {command}\n")
    assert [one["name"] for one in found["requirements"]] == names
    assert [code for code, severity, _ in told(found) if severity != "info"] == []
    assert ("D2N102", "info") in [(code, severity) for code, severity, _ in told(found)]


def test_one_that_is_given_is_what_it_is(tmp_path: Path) -> None:
    text = "FROM debian:bookworm\nARG EXTRA\nRUN apt-get install -y curl $EXTRA\n"
    found = report(tmp_path, text, "--build-arg", "EXTRA=jq")
    assert [one["name"] for one in found["requirements"]] == ["curl", "jq"]
    assert told(found) == []


def test_one_that_the_base_image_may_set_stays_unknown(tmp_path: Path) -> None:
    found = report(tmp_path, "FROM acme/unknown:1\nARG EXTRA\nRUN apt-get install -y curl $EXTRA\n")
    assert ("D2N204", "error", 3) in told(found)


def test_one_that_nothing_uses_is_not_told(tmp_path: Path) -> None:
    assert told(report(tmp_path, "FROM debian:bookworm\nARG EXTRA\nRUN apt-get install -y curl\n")) == []
