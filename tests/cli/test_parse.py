"""`dock2nix parse` shows what BuildKit reads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from dock2nix.cli import main

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

TEXT = """# syntax=docker/dockerfile:1
ARG V=3
FROM debian:$V AS base
RUN --mount=type=cache,target=/x <<EOF
echo hi
EOF
COPY --from=base ["a", "b"]
"""


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text(TEXT.replace("--from=base", "").replace("  ", " "))
    assert main(["parse", str(path), "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["directives"]["syntax"] == "docker/dockerfile:1"
    assert [one["keyword"] for one in data["instructions"]] == ["ARG", "FROM", "RUN", "COPY"]
    run = data["instructions"][2]
    assert run["flags"] == ["--mount=type=cache,target=/x"]
    assert run["heredocs"] == [{"name": "EOF", "body": "echo hi\n", "expand": True, "chomp": False}]
    assert (run["first_line"], run["last_line"]) == (4, 6)
    assert data["instructions"][3]["form"] == "exec"


def test_expand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text("FROM debian\nENV A=1\nWORKDIR /x/$A\n")
    assert main(["parse", str(path), "--json", "--expand"]) == 0
    assert json.loads(capsys.readouterr().out)["instructions"][2]["arguments"] == ["/x/1"]


def test_listing_is_one_line_an_instruction(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text("FROM debian\nRUN a && \\\n  b\n")
    assert main(["parse", str(path)]) == 0
    assert capsys.readouterr().out == "    1  FROM debian\n    2  RUN a && b\n"
