"""`dock2nix diff` tells two conversions apart, on one screen."""

from __future__ import annotations

import copy
import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from dock2nix.cli import main
from dock2nix.review.difference import Difference, difference
from dock2nix.review.manifest import NOTHING, Manifest
from dock2nix.review.shown import COLUMNS, MARK, ROWS, difference_text, differences_json, differences_markdown

if TYPE_CHECKING:
    from pathlib import Path

DOCKERFILE = """\
FROM python:3.13-slim
ENV LEVEL=1
RUN apt-get update && apt-get install -y curl libpq5
RUN pip install flask
RUN mkdir /srv/app
EXPOSE 8000
CMD ["flask", "run"]
"""


def convert(folder: Path, text: str = DOCKERFILE) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Dockerfile").write_text(text, encoding="utf-8")
    assert main([str(folder), "--offline", "--quiet", "--name", "harbour"]) in {0, 1}
    return folder


def manifest(folder: Path) -> Manifest:
    report = json.loads((folder / "nix/report.json").read_text())
    return Manifest(report=report, digests=report["digests"], lines=report["lines"])


def diff(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    capsys.readouterr()
    assert main(["diff", *map(str, arguments)]) == 0
    return capsys.readouterr().out


def changed(old: str, new: str) -> str:
    assert DOCKERFILE.count(old) == 1
    return DOCKERFILE.replace(old, new)


ONE_CHANGE = [
    pytest.param("curl libpq5", "curl", "packages - apt:libpq5 pkgs.libpq 18.2", id="package-removed"),
    pytest.param("curl libpq5", "curl libpq5 jq", "packages + apt:jq pkgs.jq 1.8.1", id="package-added"),
    pytest.param(
        "flask\n", "'flask>=3'\n", "packages ~ pip:flask nothing → >=3", id="package-asked-otherwise"
    ),
    pytest.param("LEVEL=1", "LEVEL=2", "image ~ ENV LEVEL 1 → 2", id="variable"),
    pytest.param("3.13", "3.12", "base ~ base of the image python:3.13-slim → python:3.12-slim", id="base"),
    pytest.param('"run"', '"run", "-h"', 'image ~ CMD ["flask", "run"] → ["flask", "run", "-h"]', id="start"),
    pytest.param(
        "mkdir /srv/app", "mkdir /srv", "commands ~ mkdir /srv mkdir /srv/app → mkdir /srv", id="command"
    ),
    pytest.param("libpq5", "nosuchthing", "packages + apt:nosuchthing left to a human", id="unresolved"),
    pytest.param("libpq5", "nosuchthing", "to do ! line 3", id="finding"),
    pytest.param("libpq5", "jq", "files ~ nix/packages.nix", id="files"),
]


@pytest.mark.parametrize(("old", "new", "line"), ONE_CHANGE)
def test_a_change_is_told(
    old: str, new: str, line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, after = convert(tmp_path / "old"), convert(tmp_path / "new", changed(old, new))
    shown = [" ".join(one.split()) for one in diff(capsys, before, after).splitlines()]
    title = line.split(" ", 1)[0]
    assert any(one.startswith(line) or f"{title} {one}".startswith(line) for one in shown[1:]), shown


@pytest.mark.parametrize(
    ("form", "expected"),
    [("text", "Nothing differs.\n"), ("markdown", f"{MARK}\n**dock2nix**: nothing differs.\n")],
)
def test_nothing_to_say_is_one_line(
    form: str, expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = convert(tmp_path / "old")
    assert diff(capsys, folder, folder, "--format", form) == expected


def test_the_figures_come_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before, after = convert(tmp_path / "old"), convert(tmp_path / "new", changed("libpq5", "nosuchthing"))
    assert diff(capsys, before, after).splitlines()[0] == (
        "harbour: 2 changes; 2 of 3 packages resolved, 1 left to do (before: nothing left to do)."
    )


# --- nixpkgs -----------------------------------------------------------------------------------------------------------------


def bumped(old: Manifest, count: int = 60) -> tuple[Manifest, Manifest]:
    """A conversion with many packages, and the same with another nixpkgs: other versions, one of them with another first number."""
    report = copy.deepcopy(old.report)
    row = report["requirements"][0]
    rows = [{**row, "name": f"p{at}", "attributes": [f"p{at}"], "version": f"1.{at}"} for at in range(count)]
    newer = [{**one, "version": f"2.{at}" if at == 7 else f"1.{at}.1"} for at, one in enumerate(rows)]
    before, after = {**report, "requirements": rows}, copy.deepcopy({**report, "requirements": newer})
    after["nixpkgs"] = {"channel": "nixos-26.05", "rev": "f" * 40, "narHash": "sha256-x"}
    return Manifest(report=before, digests={}, lines={}), Manifest(report=after, digests={}, lines={})


def test_another_nixpkgs_is_summarised(tmp_path: Path) -> None:
    lines = difference_text(difference("harbour", *bumped(manifest(convert(tmp_path))))).splitlines()
    assert len(lines) == 3
    assert " ".join(lines[1].split()) == (
        "nixpkgs ~ nixpkgs 60 packages in other versions, 1 major; 832efc09 → ffffffff nixos-26.05"
    )
    assert " ".join(lines[2].split()) == "~ apt:p7 1.7 → 2.7"


def test_a_change_of_attribute_is_not_hidden_by_another_nixpkgs(tmp_path: Path) -> None:
    old, new = bumped(manifest(convert(tmp_path)))
    new.report["requirements"][3]["attributes"] = ["p3_next"]
    found = difference("harbour", old, new)
    assert [one.item.name for one in found.changes] == ["apt:p3"]
    assert len(found.bumps[0].packages) == 59


def test_json_lists_what_the_summary_does_not(tmp_path: Path) -> None:
    found = difference("harbour", *bumped(manifest(convert(tmp_path))))
    flake = json.loads(differences_json([found]))["flakes"][0]
    assert len(flake["inputs"][0]["packages"]) == 60
    assert flake["changes"] == []


# --- one screen --------------------------------------------------------------------------------------------------------------


def everything_differs() -> Difference:
    rows = [
        {"manager": "apt", "name": f"p{at}" * 20, "outcome": "nixpkgs", "attributes": ["x" * 99]}
        for at in range(99)
    ]
    commands = [
        {"program": "x", "text": f"x{at} {'y' * 500}", "outcome": "unresolved", "line": at + 1}
        for at in range(99)
    ]
    findings = [
        {"code": "D", "severity": "error", "message": f"{at} {'z' * 500}", "line": at} for at in range(99)
    ]
    config = {"Env": [f"V{at}={'v' * 300}" for at in range(99)]}
    report: dict[str, Any] = {
        "requirements": rows,
        "commands": commands,
        "findings": findings,
        "image": {"config": config},
    }
    files = {f"nix/{at}.nix": "x" for at in range(99)}
    return difference(
        "harbour",
        Manifest(report={"x": 1}, digests={}, lines={}),
        Manifest(report=report, digests=files, lines={}),
    )


def test_whatever_differs_fits_one_screen() -> None:
    lines = difference_text(everything_differs()).splitlines()
    assert len(lines) <= ROWS + 8
    assert max(map(len, lines)) <= COLUMNS
    assert sum("more (--all lists them)" in line for line in lines) == 4


def test_all_of_it_when_it_is_asked_for() -> None:
    assert len(difference_text(everything_differs(), everything=True).splitlines()) > 4 * 99


def test_a_comment_is_short_and_the_rest_is_folded() -> None:
    text = differences_markdown([everything_differs()])
    unfolded = text.partition("<details>")[0] + text.rpartition("</details>")[2]
    assert len(unfolded.splitlines()) <= 4
    assert text.count("<details>") == text.count("</details>") == 1


# --- git ---------------------------------------------------------------------------------------------------------------------


def git(folder: Path, *arguments: str) -> None:
    settings = ["-c", "user.name=x", "-c", "user.email=x@x.example", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *settings, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two flakes; a branch changes one of them and adds a third."""
    git(tmp_path, "init")
    for name in ("api", "web"):
        convert(tmp_path / name)
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "1")
    git(tmp_path, "checkout", "-b", "work")
    convert(tmp_path / "api", changed("libpq5", "jq"))
    convert(tmp_path / "jobs")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "2")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("revisions", ["main..work", "main..", "main...work", "main..HEAD"])
def test_two_revisions(revisions: str, repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = diff(capsys, "--git", revisions).splitlines()
    assert lines[0].startswith("api: 2 changes;")
    assert any(line.startswith("jobs: converted for the first time: 3 of 3 packages") for line in lines)
    assert not any(line.startswith("web") for line in lines)


def test_a_revision_and_the_files_as_they_are(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    convert(repository / "web", changed("LEVEL=1", "LEVEL=2"))
    assert diff(capsys, "--git", "HEAD").splitlines()[0].startswith("web: 1 change;")
    assert diff(capsys, "--git", "HEAD", "api") == "Nothing differs.\n"


def test_a_flake_that_is_gone(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    git(repository, "rm", "-r", "-q", "jobs")
    assert diff(capsys, "--git", "HEAD").startswith("jobs: the conversion is gone")


@pytest.mark.parametrize("revisions", ["--output=x", "nowhere..HEAD", "$(id)", "main..-x", "a b", "\x1b[31m"])
def test_what_is_no_revision(revisions: str, repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(repository.iterdir())
    assert main(["diff", f"--git={revisions}"]) == 2
    assert "\x1b" not in (message := capsys.readouterr().err)
    assert "revision" in message
    assert sorted(repository.iterdir()) == before


def test_there_is_no_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert main(["diff", "--git", "HEAD"]) == 2
    assert "Traceback" not in capsys.readouterr().err


# --- bad usage, hostile text ---------------------------------------------------------------------------------------------------


def test_one_folder_is_not_enough(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", str(tmp_path)]) == 2
    assert "OLD and NEW" in capsys.readouterr().err
    assert main(["diff", str(tmp_path), str(tmp_path)]) == 2


@pytest.mark.parametrize(
    "text",
    [
        "\x1b]0;owned\x07\x1b[31m",
        "\u202egnp.x",
        "</summary></details><script>alert(1)</script>",
        "|x|[y](https://evil.example)|`z`|``",
        "@everybody #1",
        '"},"x":{"',
    ],
)
def test_nothing_of_a_report_gets_out_of_its_place(text: str) -> None:
    report = {
        "version": 1,
        "requirements": [
            {"manager": text, "name": text, "specifier": text, "attributes": [text], "outcome": text}
        ],
        "commands": [{"text": text, "outcome": text}],
        "copies": [{"text": text, "sources": [text]}],
        "findings": [{"message": text, "severity": text, "line": 1}],
        "image": {"name": text, "config": {"Env": [f"{text}={text}"], "Cmd": [text], "Labels": {text: text}}},
        "fetched": [{"url": text, "hash": text}],
        "files": [text],
        "nixpkgs": {"rev": text, "channel": text},
    }
    found = difference(text, NOTHING, Manifest(report=report, digests={text: "x"}, lines={}))
    terminal, comment, data = difference_text(found), differences_markdown([found]), differences_json([found])
    for shown in (terminal, comment, data):
        assert [ch for ch in shown if not (ch.isprintable() or ch == "\n")] == []
    json.loads(data)
    rows = [line for line in comment.splitlines() if line.startswith("|")]
    assert all(_cells(row) == 3 for row in rows)
    outside = _without_code(comment)
    assert "<script" not in outside
    assert "@everybody" not in outside
    assert outside.count("</details>") == 1


def _cells(row: str) -> int:
    """Cells of a table's row in GitHub-flavoured Markdown: `|` divides, even in code, unless a backslash stands before it."""
    return row.replace("\\|", "").count("|") - 1


def _without_code(text: str) -> str:
    """Markdown without its code spans (CommonMark 6.1: as many back-ticks at the end as at the beginning)."""
    import re

    return re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", text)
