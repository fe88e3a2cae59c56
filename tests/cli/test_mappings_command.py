"""`dock2nix mappings check` and `sort`."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest

from dock2nix.cli import main
from dock2nix.cli.table_text import sorted_text
from dock2nix.folders import data_folder

if TYPE_CHECKING:
    from pathlib import Path

TABLES = ("apk", "apt", "commands", "dnf", "gem", "go", "npm", "pip", "zypper")


@pytest.fixture(autouse=True)
def in_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def check(folder: Path, text: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    (folder / "dock2nix.toml").write_text(text, encoding="utf-8")
    code = main(["mappings", "check"])
    return code, capsys.readouterr().out.splitlines()


def test_nothing_is_said_of_good_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = '[apt]\na = "hello"\nb = ["zlib^dev"]\n[base-images]\n"acme/base" = "python:3.12"\n'
    assert check(tmp_path, text, capsys) == (0, [])


def test_every_problem_is_shown_in_the_order_of_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = '[apt]\nb = "helo"\na = { x = 1 }\n[yum]\n[base-images]\n"acme/base" = "nowhere"\n'
    code, lines = check(tmp_path, text, capsys)
    assert code == 1
    assert [line.split(": error: ")[0] for line in lines] == [
        "dock2nix.toml:2:1",
        "dock2nix.toml:3:1",
        "dock2nix.toml:3:1",
        "dock2nix.toml:4:1",
        "dock2nix.toml:6:1",
    ]
    assert "belongs before b" in lines[1] or "belongs before b" in lines[2]


@pytest.mark.parametrize("action", ["check", "sort"])
@pytest.mark.parametrize(
    "content",
    [pytest.param(None, id="missing"), pytest.param("[apt\n", id="no TOML")],
)
def test_a_file_that_cannot_be_read_is_refused(
    action: str, content: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        (tmp_path / "dock2nix.toml").write_text(content, encoding="utf-8")
    assert main(["mappings", action]) == 2
    assert "dock2nix.toml" in capsys.readouterr().err


@pytest.mark.parametrize("table", TABLES)
def test_the_tables_that_ship_with_dock2nix_are_good(table: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = data_folder("mappings") / f"{table}.toml"
    main(["mappings", "check", str(path)])
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param('[apt]\nb = "x"\na = "y"\n', '[apt]\na = "y"\nb = "x"\n', id="rows"),
        pytest.param(
            '[apt]\n# of b\nb = "x"\na = "y" # of a\n',
            '[apt]\na = "y" # of a\n# of b\nb = "x"\n',
            id="comments",
        ),
        pytest.param(
            '[apt]\nb = [\n  "x",\n]\na = "y"\n',
            '[apt]\na = "y"\nb = [\n  "x",\n]\n',
            id="list over several lines",
        ),
        pytest.param(
            '[apt]\nc = "1"\nb = "2"\n\na = "3"\n',
            '[apt]\nb = "2"\nc = "1"\n\na = "3"\n',
            id="groups by themselves",
        ),
        pytest.param(
            '[apt]\nb = "x"\n[apk]\na = "y"\n',
            '[apt]\nb = "x"\n[apk]\na = "y"\n',
            id="tables stay where they are",
        ),
        pytest.param(
            '[base-images]\n"b/b" = "python"\n"a/a" = "debian"\n[base-images.x]\nevidence = "e"\ncmd = 1\n',
            '[base-images]\n"a/a" = "debian"\n"b/b" = "python"\n[base-images.x]\nevidence = "e"\ncmd = 1\n',
            id="not inside of a row",
        ),
        pytest.param(
            'inherit = "x"\n[packages]\nb = "1"\na = "2"\n[[rules]]\npattern = "p"\nexamples = []\n',
            'inherit = "x"\n[packages]\na = "2"\nb = "1"\n[[rules]]\npattern = "p"\nexamples = []\n',
            id="table that ships with dock2nix",
        ),
        pytest.param('[apt]\nb = "x"\na = "y"', '[apt]\na = "y"\nb = "x"', id="no line end at the end"),
    ],
)
def test_rows_are_sorted_and_nothing_else_changes(before: str, after: str) -> None:
    assert sorted_text(before) == after
    assert tomllib.loads(before) == tomllib.loads(after)


def test_sorting_writes_the_file_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "dock2nix.toml"
    path.write_text('[apt]\nb = "x"\na = "y"\n', encoding="utf-8")
    path.chmod(0o640)
    assert main(["mappings", "sort"]) == 0
    assert path.read_text(encoding="utf-8") == '[apt]\na = "y"\nb = "x"\n'
    assert path.stat().st_mode & 0o777 == 0o640
    assert capsys.readouterr().out == "dock2nix.toml: sorted\n"
    assert main(["mappings", "sort"]) == 0
    assert capsys.readouterr().out == ""
    assert [one.name for one in tmp_path.iterdir()] == ["dock2nix.toml"]


def test_text_that_deceives_about_lines_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = '[apt]\nz = """\nb = "1"\na = "2"\n"""\n'
    path = tmp_path / "dock2nix.toml"
    path.write_text(text, encoding="utf-8")
    assert main(["mappings", "sort"]) in {0, 2}
    assert path.read_text(encoding="utf-8") == text
    capsys.readouterr()
