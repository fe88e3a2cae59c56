"""Paths as Docker cleans them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from dock2nix.cli import main
from dock2nix.paths import normal_path

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/a/./b//c/", "/a/b/c"),
        ("//a", "/a"),
        ("//", "/"),
        ("///a", "/a"),
        ("/a/../..", "/"),
        ("", "."),
        ("a/../../b", "../b"),
    ],
)
def test_a_path_is_cleaned(path: str, expected: str) -> None:
    assert normal_path(path) == expected


def test_two_slashes_in_front_are_one(tmp_path: Path) -> None:
    text = "FROM debian:bookworm\nWORKDIR //srv//x\nCOPY f //opt/f\nRUN mkdir //data && cp //opt/f //data && chmod 600 /data/f\n"
    (tmp_path / "Dockerfile").write_text(text, encoding="utf-8")
    (tmp_path / "f").write_text("f\n", encoding="utf-8")
    assert main([str(tmp_path), "--offline", "--quiet"]) == 0
    report = json.loads((tmp_path / "nix/report.json").read_text(encoding="utf-8"))
    assert report["image"]["config"]["WorkingDir"] == "/srv/x"
    assert {row["outcome"] for row in report["commands"]} == {"translated"}
