"""The documentation: its commands are run and print what stands there, and it is a site without broken links.

A block `console sample=NAME` runs in a fresh copy of that sample. A line `…` stands for what is not shown, `[exit code N]` for
how a command ended. `--update-samples` rewrites what the commands print.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dock2nix.cli.arguments import COMMANDS
from test_samples import copy_context

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").glob("cookbook/*.md"))
BLOCK = re.compile(r"```console sample=([a-z-]+)\n(.*?)```", re.DOTALL)
LANGUAGES = {"console", "sh", "python", "yaml"}


def blocks() -> Iterator[object]:
    for page in PAGES:
        for number, match in enumerate(BLOCK.finditer(page.read_text(encoding="utf-8")), 1):
            yield pytest.param(page, match[1], match[2], id=f"{page.stem}-{number}")


def environment(folder: Path) -> dict[str, str]:
    programs = folder / "programs"
    programs.mkdir()
    (programs / "dock2nix").write_text(f'#!/bin/sh\nexec {sys.executable} -m dock2nix "$@"\n')
    (programs / "dock2nix").chmod(0o755)
    return os.environ | {"PATH": f"{programs}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}


def played(folder: Path, sample: str, block: str) -> str:
    """The block as it comes out today."""
    copy, around = copy_context(sample, folder), environment(folder)
    text = ""
    for command in re.findall(r"^\$ (.*)$", block, re.MULTILINE):
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=copy,
            env=around,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        code = f"[exit code {done.returncode}]\n" if done.returncode else ""
        text += f"$ {command}\n{done.stdout}{code}"
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


@pytest.mark.parametrize(("page", "sample", "block"), list(blocks()))
def test_commands_of_the_cookbook_print_what_stands_there(
    page: Path, sample: str, block: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    now = played(tmp_path, sample, block)
    if request.config.getoption("--update-samples"):
        text = page.read_text(encoding="utf-8")
        page.write_text(
            text.replace(f"```console sample={sample}\n{block}```", f"```console sample={sample}\n{now}```")
        )
        return
    assert now == block


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_page_has_commands_that_are_run(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert BLOCK.search(text)
    assert set(re.findall(r"^```([a-z]+)", text, re.MULTILINE)) <= LANGUAGES
    assert set(re.findall(r"dock2nix ([a-z]{3,}) [^<`]", " ".join(re.findall(r"`(.*?)`", text)))) <= set(
        COMMANDS
    )


def test_the_python_that_is_shown_runs(tmp_path: Path) -> None:
    text = (ROOT / "docs/python-api.md").read_text(encoding="utf-8")
    script = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert script
    folder = copy_context("ubuntu-tools", tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", script[1]], cwd=folder, check=True, capture_output=True, text=True
    )
    assert done.stdout.startswith("converted\n")
    assert (folder / "out/flake.nix").is_file()


def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    pages = list((tmp_path / "site").rglob("*.html"))
    assert len(pages) > len(PAGES)
    loaded = re.compile(
        r'<(?:script|img|iframe)[^>]* src="?https?:|<link[^>]*rel="?(?:stylesheet|preconnect)"?[^>]*https?:'
    )
    assert [page.name for page in pages if loaded.search(page.read_text(encoding="utf-8"))] == []
