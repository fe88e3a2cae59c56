"""`dock2nix audit`: exit codes, forms, files."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest

from dock2nix.cli import main

if TYPE_CHECKING:
    from pathlib import Path

QUIET = "FROM scratch\nUSER 1\n"
WARNING = "FROM debian:12\nUSER 1\n"
ERROR = "FROM debian:12\nUSER 1\nRUN curl https://a.example/x | sh\n"


def dockerfile(folder: Path, text: str) -> str:
    (folder / "Dockerfile").write_text(text, encoding="utf-8")
    return str(folder / "Dockerfile")


@pytest.mark.parametrize(
    ("text", "options", "code"),
    [
        pytest.param(QUIET, [], 0, id="nothing"),
        pytest.param(WARNING, [], 0, id="warning-is-no-error"),
        pytest.param(WARNING, ["--fail-on", "warning"], 1, id="warning-fails-when-asked"),
        pytest.param(ERROR, [], 1, id="error"),
        pytest.param(ERROR, ["--fail-on", "never"], 0, id="never"),
        pytest.param("FROM\n", [], 2, id="syntax-error"),
        pytest.param(ERROR, ["--format", "xml"], 2, id="no-such-form"),
        pytest.param(ERROR, ["--target", "nowhere"], 2, id="no-such-stage"),
    ],
)
def test_exit_code(
    text: str, options: list[str], code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["audit", dockerfile(tmp_path, text), "--offline", *options]
    try:
        result = main(arguments)
    except SystemExit as stopped:  # argparse
        result = int(stopped.code or 0)
    assert result == code
    assert "Traceback" not in capsys.readouterr().err


def test_nothing_is_written_beside_the_dockerfile(tmp_path: Path) -> None:
    main(["audit", dockerfile(tmp_path, WARNING), "--offline"])
    assert [path.name for path in tmp_path.iterdir()] == ["Dockerfile"]


def test_a_file_is_replaced_as_a_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "audit.json"
    output.write_text("old " * 10_000, encoding="utf-8")
    assert main(["audit", dockerfile(tmp_path, WARNING), "--format", "json", "--output", str(output)]) == 0
    assert json.loads(output.read_text(encoding="utf-8"))["summary"]["warning"] == 1
    assert capsys.readouterr().out == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["Dockerfile", "audit.json"]


def test_a_folder_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["audit", dockerfile(tmp_path, WARNING), "--output", str(tmp_path / "no" / "x.json")]
    assert main(arguments) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(ERROR.encode())))
    assert main(["audit", "-", "--context", str(tmp_path), "--offline", "--format", "sarif"]) == 1
    run = json.loads(capsys.readouterr().out)["runs"][0]
    assert run["artifacts"][0]["location"]["uri"] == "Dockerfile"


@pytest.mark.parametrize(("inside", "uri"), [(True, "app/Dockerfile"), (False, "Dockerfile")])
def test_sarif_names_no_folder_of_the_machine(
    inside: bool,
    uri: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "elsewhere").mkdir()
    path = dockerfile(tmp_path / "app", WARNING)
    monkeypatch.chdir(tmp_path if inside else tmp_path / "elsewhere")
    main(["audit", path, "--offline", "--format", "sarif"])
    text = capsys.readouterr().out
    assert json.loads(text)["runs"][0]["artifacts"][0]["location"]["uri"] == uri
    assert str(tmp_path) not in text


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["audit", "--help"])
    shown = capsys.readouterr().out
    assert "dock2nix audit . --format sarif --output audit.sarif" in shown
    assert "exit codes:" in shown


def test_ignored_findings_are_no_idle_annotations_of_a_conversion(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = dockerfile(tmp_path, "# dock2nix: ignore=D2N510 mirrored by us\nFROM debian:12\nUSER 1\n")
    assert main(["convert", path, "--offline", "--json", "-o", str(tmp_path / "out")]) == 0
    assert "D2N121" not in capsys.readouterr().out
