"""The GitHub Action: its shell pieces run as a runner would run them, with a `gh` that keeps comments in a file."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from dock2nix.cli import main

ROOT = Path(__file__).parents[1]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
PIECES = ("run", "comment")

# Answers `gh api` for comments as the real one does; the jq of the real one is a library, so the filter is read here.
GH = """\
#!{python}
import json, re, sys
from pathlib import Path

store = Path({store!r})
comments = json.loads(store.read_text()) if store.exists() else []
words = sys.argv[1:]
assert words.pop(0) == "api", words
method = words[words.index("--method") + 1] if "--method" in words else "GET"
path = next(word for word in words if word.startswith("repos/me/app/issues"))
body = ""
if "--field" in words:
    name, _, value = words[words.index("--field") + 1].partition("=@")
    assert name == "body"
    body = Path(value).read_text()
if method == "GET":
    form = r'[.][[][]] [|] select[(].user.type == "Bot" and [(].body [|] startswith[(]"(.*)"[)][)][)] [|] .id'
    mark = re.fullmatch(form, words[words.index("--jq") + 1])[1]
    for one in comments:
        if one["user"] == "Bot" and one["body"].startswith(mark):
            print(one["id"])
elif method == "POST":
    assert path == "repos/me/app/issues/7/comments"
    comments.append(dict(id=100 + len(comments), user="Bot", body=body))
else:
    next(one for one in comments if path == "repos/me/app/issues/comments/" + str(one["id"]))["body"] = body
store.write_text(json.dumps(comments))
"""


class Runner:
    """A repository with a flake in it, and what a job has around it."""

    def __init__(self, folder: Path) -> None:
        self.repository = folder / "app"
        self.repository.mkdir(parents=True)
        self.store = folder / "comments.json"
        self.output = folder / "output"
        programs = folder / "bin"
        programs.mkdir()
        (programs / "gh").write_text(GH.format(python=sys.executable, store=str(self.store)))
        (programs / "dock2nix").write_text(f'#!/bin/sh\nexec {sys.executable} -m dock2nix "$@"\n')
        for one in programs.iterdir():
            one.chmod(0o755)
        self.environment = os.environ | {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "GITHUB_OUTPUT": str(self.output),
            "GITHUB_REPOSITORY": "me/app",
            "NUMBER": "7",
            "FOLDER": ".",
            "MODE": "check",
            "GIT_CONFIG_GLOBAL": "/dev/null",
        }
        self.write("curl")
        assert main([str(self.repository), "--offline", "--quiet"]) == 0
        self.git("init", "-q")
        self.base = self.commit()

    def write(self, *packages: str) -> None:
        text = f"FROM debian:bookworm-slim\nRUN apt-get install -y {' '.join(packages)}\n"
        (self.repository / "Dockerfile").write_text(text)

    def git(self, *words: str) -> str:
        who = ("-c", "user.name=n", "-c", "user.email=n@example.org")
        command = ["git", *who, *words]
        return subprocess.run(
            command, cwd=self.repository, env=self.environment, check=True, capture_output=True, text=True
        ).stdout

    def commit(self) -> str:
        self.git("add", "-A")
        self.git("commit", "-qm", "state")
        return self.git("rev-parse", "HEAD").strip()

    def piece(self, name: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(ROOT / "action" / name)],
            cwd=self.repository,
            env=self.environment | {"BASE": self.base} | more,
            check=False,
            capture_output=True,
            text=True,
        )

    def result(self) -> str:
        return self.output.read_text().splitlines()[-1]

    def comments(self) -> list[dict[str, Any]]:
        return list(json.loads(self.store.read_text()))


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


def test_a_flake_in_step_is_no_reason_to_fail(runner: Runner) -> None:
    assert runner.piece("run").returncode == 0
    assert runner.result() == "result=0"


def test_drift_is_annotated_and_ends_the_job_at_its_last_step(runner: Runner) -> None:
    runner.write("curl", "jq")
    done = runner.piece("run")
    assert done.returncode == 0, "the comment comes first"
    assert "::error file=Dockerfile,line=2" in done.stdout
    assert runner.result() == "result=1"
    assert ACTION["runs"]["steps"][-1]["run"] == 'exit "$RESULT"'


def test_converting_brings_the_flake_up_to_date(runner: Runner) -> None:
    runner.write("curl", "jq")
    assert runner.piece("run", MODE="convert").returncode == 0
    assert "pkgs.jq" in (runner.repository / "nix/packages.nix").read_text()
    assert runner.piece("run").returncode == 0
    assert runner.result() == "result=0"


@pytest.mark.parametrize(
    ("more", "word"), [({"MODE": "x"}, "mode is"), ({"FOLDER": "nowhere"}, "no such folder")]
)
def test_what_cannot_run_fails_at_once(runner: Runner, more: dict[str, str], word: str) -> None:
    done = runner.piece("run", **more)
    assert done.returncode == 2
    assert word in done.stderr


def test_there_is_one_comment_which_is_updated(runner: Runner) -> None:
    runner.store.write_text(json.dumps([{"id": 1, "user": "User", "body": "<!-- dock2nix . --> not ours"}]))
    for packages in (("curl", "jq"), ("curl", "git")):
        runner.write(*packages)
        assert main([str(runner.repository), "--offline", "--quiet"]) == 0
        runner.commit()
        done = runner.piece("comment")
        assert done.returncode == 0, done.stderr
    theirs, ours = runner.comments()
    assert theirs["body"].endswith("not ours")
    assert ours["body"].startswith("<!-- dock2nix . -->\n")
    assert "git" in ours["body"]
    assert "jq" not in ours["body"]


def test_the_name_of_a_folder_is_no_code(runner: Runner) -> None:
    folder = runner.repository / 'a"b) | $(touch taken) -->'
    shutil.copytree(runner.repository, folder, ignore=lambda *_: [".git", folder.name])
    runner.commit()
    done = runner.piece("comment", FOLDER=folder.name)
    assert done.returncode == 0, done.stderr
    assert not (runner.repository / "taken").exists()
    assert runner.comments()[0]["body"].startswith("<!-- dock2nix a_b____")


def test_expressions_stand_in_env_alone_where_no_shell_reads_them() -> None:
    assert [step["run"] for step in ACTION["runs"]["steps"] if "${{" in step["run"]] == []


@pytest.mark.parametrize("name", PIECES)
def test_shellcheck_has_nothing_to_say(name: str) -> None:
    program = str(Path(sys.executable).with_name("shellcheck"))
    done = subprocess.run([program, str(ROOT / "action" / name)], check=False, capture_output=True, text=True)
    assert done.stdout == ""
