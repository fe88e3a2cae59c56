"""The command line from the outside: what it writes, prints and returns."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dock2nix.cli import main

MESSAGE = re.compile(
    r"^(?P<file>[^:\n]+):(?P<line>\d+):(?P<column>\d+): error: .+ \[D2N\d{3}\]$", re.MULTILINE
)


def write(folder: Path, text: str | bytes, name: str = "Dockerfile") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("content", "line", "column"),
    [
        pytest.param("", 1, 1, id="empty file"),
        pytest.param("# only\n# comments\n", 1, 1, id="only comments"),
        pytest.param("FROM debian\nINSTALL curl\n", 2, 1, id="unknown instruction"),
        pytest.param("RUN true\n", 1, 1, id="no FROM"),
        pytest.param("FROM debian\nCOPY --form=x a b\n", 2, 6, id="bad flag"),
        pytest.param("FROM debian\nRUN <<EOF\ntrue\n", 2, 5, id="unterminated heredoc"),
        pytest.param("ARG BASE\nFROM ${BASE}\n", 2, 6, id="FROM of an unset argument"),
        pytest.param("FROM debian\nCOPY --from=7 a b\n", 2, 6, id="COPY from a stage that does not exist"),
        pytest.param(
            "FROM debian AS a\nCOPY --from=aa a b\n", 2, 1, id="COPY from a stage with a slip in its name"
        ),
        pytest.param("FROM debian AS a\nCOPY --from=a x y\n", 2, 6, id="COPY from its own stage"),
        pytest.param(b"\x7fELF\x02\x01\x01\0\0\0\0\0", 1, 8, id="binary garbage"),
    ],
)
def test_what_buildkit_refuses_is_refused_with_its_place(
    content: str | bytes, line: int, column: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, content)
    assert main([str(path)]) == 2
    found = MESSAGE.match(capsys.readouterr().err)
    assert found is not None
    assert found["file"] == str(path)
    assert int(found["line"]) == line
    assert int(found["column"]) in {1, column}
    assert names(tmp_path) == ["Dockerfile"]


def test_a_huge_file_is_refused_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "Dockerfile"
    with path.open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    assert main([str(path)]) == 2
    assert "is no Dockerfile" in capsys.readouterr().err


@pytest.mark.parametrize("argument", ["missing/Dockerfile", "."])
def test_a_missing_dockerfile_is_an_error(
    argument: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([argument]) == 2
    assert re.search(r"no Dockerfile in this folder|No such file", capsys.readouterr().err)
    assert names(tmp_path) == []


def test_a_folder_that_cannot_be_written_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, "FROM scratch\n")
    (tmp_path / "out").write_text("a file, no folder\n")
    assert main([str(path), "--output", str(tmp_path / "out")]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_a_flake_of_the_users_own_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, "FROM debian:bookworm-slim\n")
    write(tmp_path, "{ mine = true; }\n", "flake.nix")
    assert main([str(path)]) == 2
    assert "--force" in capsys.readouterr().err
    assert names(tmp_path) == ["Dockerfile", "flake.nix"]
    assert main([str(path), "--force", "-q"]) == 0
    assert "mine" not in (tmp_path / "flake.nix").read_text()


def test_nothing_left_to_look_at_is_zero(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(
        tmp_path, 'FROM debian:bookworm-slim\nRUN apt-get update && apt-get install -y jq\nCMD ["jq"]\n'
    )
    assert main([str(path)]) == 0
    assert "1 of 1 packages resolved, 2 of 2 commands accounted for: converted." in capsys.readouterr().err
    assert names(tmp_path) == [
        "Dockerfile",
        "flake.lock",
        "flake.nix",
        "nix/image.nix",
        "nix/load.nix",
        "nix/module.nix",
        "nix/packages.nix",
        "nix/report.json",
        "nix/report.md",
        "nix/shell.nix",
    ]


def test_converting_twice_gives_the_same_files(tmp_path: Path) -> None:
    path = write(tmp_path, "FROM debian:bookworm-slim\nCOPY . /srv\n")
    write(tmp_path, "x", "file")
    assert main([str(path), "-q"]) == 0
    first = {name: (tmp_path / name).read_bytes() for name in names(tmp_path)}
    assert main([str(path), "-q"]) == 0
    assert {name: (tmp_path / name).read_bytes() for name in names(tmp_path)} == first


def test_an_unknown_package_needs_review_and_stays_visible(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, "FROM debian:bookworm-slim\nRUN apt-get install -y no-such-package-at-all\n")
    assert main([str(path)]) == 1
    assert f"{path}:2:24: error: apt: no-such-package-at-all" in capsys.readouterr().err
    assert "# UNRESOLVED no-such-package-at-all" in (tmp_path / "nix/packages.nix").read_text()


def test_json_is_the_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, "FROM debian:bookworm-slim\nRUN apt-get install -y jq nonsense-xyz\n")
    assert main([str(path), "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["result"] == "needs-review"
    assert [(one["name"], one["outcome"], one["column"]) for one in report["requirements"]] == [
        ("jq", "nixpkgs", 24),
        ("nonsense-xyz", "unresolved", 27),
    ]
    assert report["coverage"] == {
        "requirements": {"total": 2, "resolved": 1},
        "commands": {"total": 1, "accounted": 1},
    }


def test_standard_input_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Input:
        buffer = io.BytesIO(b"FROM scratch\nCOPY a /a\n")

    write(tmp_path, "x", "a")
    monkeypatch.setattr(sys, "stdin", Input)
    assert main(["-", "--context", str(tmp_path), "-q", "--name", "piped"]) == 0
    assert 'name = "piped";' in (tmp_path / "nix/image.nix").read_text()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(["--name", "Not Valid"], "--name", id="image name"),
        pytest.param(["--tag", "a b"], "--tag", id="tag"),
        pytest.param(["--platform", "windows/amd64"], "--platform", id="platform"),
        pytest.param(["--channel", "nixos-00.00"], "nixos-00.00", id="channel"),
        pytest.param(["--nixpkgs", "0" * 40], "--nixpkgs", id="revision"),
        pytest.param(["--build-arg", "=x"], "--build-arg", id="build argument"),
        pytest.param(["--target", "nowhere"], "nowhere", id="target"),
        pytest.param(["--mappings", "nowhere.toml"], "nowhere.toml", id="mappings"),
    ],
)
def test_options_that_cannot_be_used_are_named(
    options: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, "FROM debian:bookworm-slim\n")
    assert main([str(path), *options]) == 2
    assert message in capsys.readouterr().err
    assert names(tmp_path) == ["Dockerfile"]


def test_the_users_rows_win(tmp_path: Path) -> None:
    path = write(tmp_path, "FROM debian:bookworm-slim\nRUN apt-get install -y our-tools\n")
    write(tmp_path, '[apt]\nour-tools = "hello"\n', "dock2nix.toml")
    assert main([str(path), "-q"]) == 0
    assert "pkgs.hello # our-tools" in (tmp_path / "nix/packages.nix").read_text()


HOSTILE = """FROM debian:bookworm-slim
ENV A="${builtins_abort}" B='${builtins.abort "x"}' C="''" D='\\' E="a\\\\"
LABEL "x${y}"="'' ''${z} \\" q" 'back\\slash'='*/ #'
COPY ["we ird '' ${x}.txt", "/srv/q '' $(touch pwned)/"]
RUN mkdir -p '/srv/a b/${builtins.abort "x"}/'"''"'/$(touch pwned)'
CMD ["sh", "-c", "echo '' ${HOME} \\"$(id)\\""]
"""


def test_no_text_of_a_dockerfile_becomes_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, HOSTILE)
    write(tmp_path, "x", "we ird '' ${x}.txt")
    main([str(path)])
    image = (tmp_path / "nix/image.nix").read_text()
    unescaped = re.findall(r"(?<![\\'])\$\{([^}]*)\}", image)
    assert all(re.fullmatch(r"[a-z]+\d*(?:_\d+)?|\.\./.*", inside) for inside in unescaped), unescaped
    assert "\x1b" not in capsys.readouterr().err


def test_control_characters_never_reach_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, b"FROM debian:bookworm-slim\nRUN apt-get install -y '\x1b]0;pwned\x07' \x1b[31m\n")
    main([str(path)])
    captured = capsys.readouterr()
    assert "\x1b" not in captured.err + captured.out
    assert "\x1b" not in (tmp_path / "nix/packages.nix").read_text()


def test_network_libraries_are_not_imported(tmp_path: Path) -> None:
    path = write(tmp_path, "FROM debian:bookworm-slim\nRUN apt-get install -y jq\n")
    program = (
        "import sys; from dock2nix.cli import main; main(sys.argv[1:]); "
        "print([name for name in ('requests', 'urllib3', 'ssl', 'rich', 'zstandard') if name in sys.modules])"
    )
    source = str(Path(__file__).parents[2] / "convert")
    done = subprocess.run(
        [sys.executable, "-c", program, str(path), "-q"],
        env=os.environ | {"PYTHONPATH": source},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
