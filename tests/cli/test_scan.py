"""Many Dockerfiles at once: none stops the others, and the number of processes changes nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from dock2nix.cli import main
from dock2nix.cli.scan import find_dockerfiles, scan_context

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def tree(folder: Path) -> Path:
    texts = {
        "a/Dockerfile": "FROM debian:bookworm-slim\nRUN apt-get install -y jq\n",
        "b/prod.Dockerfile": "FROM debian:bookworm-slim\nRUN apt-get install -y no-such-thing-here\n",
        "c/Containerfile": "FROM debian\nNONSENSE\n",
        "d/Dockerfile.dev": "FROM scratch\n",
        "d/Dockerfile.dev.dockerignore": "x\n",
        "e/README.md": "no Dockerfile\n",
        "node_modules/x/Dockerfile": "FROM scratch\n",
    }
    for path, text in texts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def test_finds_dockerfiles_by_name(tmp_path: Path) -> None:
    found = find_dockerfiles([tree(tmp_path)])
    assert [path.relative_to(tmp_path).as_posix() for path in found] == [
        "a/Dockerfile",
        "b/prod.Dockerfile",
        "c/Containerfile",
        "d/Dockerfile.dev",
    ]


def test_one_report_a_line_in_the_order_of_the_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tree(tmp_path / "in")
    assert main(["scan", str(folder), "--json", str(tmp_path / "1.jsonl"), "--jobs", "1"]) == 1
    printed = capsys.readouterr().out
    assert (
        main(
            [
                "scan",
                str(folder),
                "--json",
                str(tmp_path / "3.jsonl"),
                "--jobs",
                "3",
                "--output",
                str(tmp_path / "out"),
            ]
        )
        == 1
    )
    assert (tmp_path / "1.jsonl").read_bytes() == (tmp_path / "3.jsonl").read_bytes()
    reports = [json.loads(line) for line in (tmp_path / "1.jsonl").read_text().splitlines()]
    assert [report["result"] for report in reports] == ["converted", "needs-review", "failed", "converted"]
    assert reports[2]["findings"][0]["line"] == 2
    assert (tmp_path / "out/a/flake.nix").is_file()
    assert (tmp_path / "out/b/prod.Dockerfile/flake.nix").is_file()
    assert "4 files: 2 with nothing left to do, 1 failed; 1 of 2 packages resolved" in printed


def test_the_context_is_the_nearest_folder_with_the_sources(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "docker").mkdir()
    (tmp_path / "src").mkdir()
    path = tmp_path / "docker/Dockerfile"
    path.write_text("FROM scratch\nCOPY src /src\n")
    assert scan_context(path).resolve() == tmp_path.resolve()


def test_a_missing_path_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", str(tmp_path / "nowhere")]) == 2
    assert "no such file or folder" in capsys.readouterr().err
