"""Many Dockerfiles at once: none stops the others, and the number of processes changes nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from dock2nix.cli import main
from dock2nix.cli.scan import find_dockerfiles, scan_context
from dock2nix.cli.scan_pool import Limits, run_all

if TYPE_CHECKING:
    from pathlib import Path


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


def test_what_git_ignores_is_left_out(tmp_path: Path) -> None:
    texts = {
        ".git/info/exclude": "private/\n",
        ".gitignore": "/build/\n*.dev\n!kept.dev\n",
        "Dockerfile": "",
        "build/Dockerfile": "",
        "Dockerfile.dev": "",
        "private/Dockerfile": "",
        "sub/.gitignore": "!Dockerfile.dev\nold*/\n",
        "sub/Dockerfile.dev": "",
        "sub/older/Dockerfile": "",
        "sub/build/Dockerfile": "",
    }
    for path, text in texts.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)

    def found(folder: Path, *, ignored: bool = False) -> list[str]:
        return [one.relative_to(tmp_path).as_posix() for one in find_dockerfiles([folder], ignored=ignored)]

    assert found(tmp_path) == ["Dockerfile", "sub/Dockerfile.dev", "sub/build/Dockerfile"]
    assert found(tmp_path / "sub") == ["sub/Dockerfile.dev", "sub/build/Dockerfile"]
    assert len(found(tmp_path, ignored=True)) == 7
    assert found(tmp_path / "build/Dockerfile") == ["build/Dockerfile"], "what is named is meant"


@pytest.mark.parametrize("end", ["\n", "\0"])
def test_a_list_names_files(tmp_path: Path, end: str, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tree(tmp_path / "in")
    listing = tmp_path / "list"
    listing.write_text(end.join([str(folder / "a/Dockerfile"), str(folder / "d")]) + end)
    assert main(["scan", "--list", str(listing)]) == 0
    assert "2 files: 2 with nothing left to do" in capsys.readouterr().out


def test_standard_input_names_files(tmp_path: Path) -> None:
    folder = tree(tmp_path / "in")
    command = [sys.executable, "-m", "dock2nix", "scan", "-", "--json", str(tmp_path / "out.jsonl")]
    done = subprocess.run(
        command, input=f"{folder}/a/Dockerfile\n{folder}/d/Dockerfile.dev\n".encode(), check=False
    )
    assert done.returncode == 0
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 2


def test_nothing_named_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan"]) == 2
    assert "--list" in capsys.readouterr().err


def test_what_is_missing_is_told_by_the_files_it_blocks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, names in enumerate(("nothing-a", "nothing-a nothing-b", "nothing-a", "jq")):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "Dockerfile").write_text(
            f"FROM debian:bookworm-slim\nRUN apt-get install -y {names}\n"
        )
    out = tmp_path / "out.md"
    page = tmp_path / "out.html"
    assert main(["scan", str(tmp_path), "--markdown", str(out), "--html", str(page)]) == 1
    text = capsys.readouterr().out
    assert "these 2 names block 3 files, and are all that 3 of them lack:" in text
    assert "    3      2  package apt:nothing-a\n    1      0  package apt:nothing-b\n" in text
    assert [line.split()[0] for line in text.splitlines()[1:5]] == ["0", "1", "1", "1"]
    assert "| `apt:nothing-a` | 3 | 2 |" in out.read_text()
    assert "<code>apt:nothing-a</code></td>" in page.read_text()


def test_names_of_files_are_no_markup(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "<img src=x onerror=alert(1)> | `x` \x1b[31m"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM debian:bookworm-slim\nRUN strange '<script>'\n")
    assert (
        main(
            [
                "scan",
                str(tmp_path),
                "--markdown",
                str(tmp_path / "o.md"),
                "--html",
                str(tmp_path / "o.html"),
            ]
        )
        == 1
    )
    assert "\x1b" not in capsys.readouterr().out
    page = (tmp_path / "o.html").read_text()
    assert "<img" not in page
    assert page.count("<script>") == 1
    markdown = (tmp_path / "o.md").read_text()
    assert "\x1b" not in markdown
    assert "`` " in markdown, "a name with back-ticks is code between two of them"


def _work(job: str) -> str:
    match job:
        case "hang":
            time.sleep(600)
        case "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        case "raise":
            raise RuntimeError("unexpected")
        case "eat":
            return str(len(bytearray(3 * 2**30)))
    return f"done {job}"


@pytest.mark.parametrize("workers", [1, 3])
def test_one_job_never_stops_the_rest(workers: int) -> None:
    jobs = ["a", "hang", "b", "crash", "raise", "c", "eat", "d"]
    limits = Limits(workers=workers, seconds=2, megabytes=1024)
    outcome = run_all(jobs, _work, lambda job, why: f"{job}: {why}", limits, lambda *_: None)
    assert outcome.results == (
        "done a",
        "hang: took longer than 2 seconds",
        "done b",
        "crash: its process ended without a result (exit code -9)",
        "raise: internal error: RuntimeError: unexpected",
        "done c",
        "eat: needs more than 1024 megabytes of memory",
        "done d",
    )


def _heeding_interrupts() -> None:
    """What runs in the background of a shell is told to ignore them."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_an_interrupt_keeps_what_is_done(tmp_path: Path) -> None:
    for name in ("a", "c"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "sitecustomize.py").write_text(SLOW)
    (tmp_path / "b").mkdir()
    (tmp_path / "b/Dockerfile").write_text("FROM scratch\n")
    done = tmp_path / "done"
    command = [sys.executable, "-m", "dock2nix", "scan", str(tmp_path), "--jobs", "2", "--json", str(done)]
    process = subprocess.Popen(
        command,
        env=os.environ | {"PYTHONPATH": str(tmp_path), "SLOW": str(tmp_path)},
        stderr=subprocess.PIPE,
        preexec_fn=_heeding_interrupts,  # noqa: PLW1509 - there is one thread
    )
    until = time.monotonic() + 60
    while not (tmp_path / "c.began").exists() and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    assert "interrupted: 2 of 3 are done and kept" in process.communicate(timeout=60)[1].decode()
    assert process.returncode == 2
    names = [json.loads(line)["dockerfile"] for line in done.read_text().splitlines()]
    assert [name.split("/")[-2] for name in names] == ["a", "c"]


# Conversions of b never end, and those of c leave a sign.
SLOW = """
import os, time
from pathlib import Path
import dock2nix.cli.scan as scan
convert = scan.convert_one
def convert_one(job):
    name = job.path.parent.name
    if name == "b":
        time.sleep(600)
    found = convert(job)
    Path(os.environ["SLOW"], name + ".began").touch()
    return found
scan.convert_one = convert_one
"""
