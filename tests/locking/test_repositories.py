"""Git repositories by commit and by the hash that Nix gives to their files."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from dock2nix.cli import main
from git_server import git, serving_git
from nix_lab import NO_NIX, available_nixes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
needs_nix = pytest.mark.skipif(not available_nixes(), reason=NO_NIX)
ANYWHERE = "--allow-private-addresses"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a tag, a branch, a link, a program, and one with a submodule beside it."""
    tool = tmp_path / "repositories" / "tool.git"
    tool.mkdir(parents=True)
    git(tool, "init", "--quiet", "--initial-branch", "main")
    (tool / "run").write_text("#!/bin/sh\n")
    (tool / "run").chmod(0o755)
    (tool / "sub").mkdir()
    (tool / "sub/é.txt").write_text("text\n")
    (tool / "sub/link").symlink_to("../run")
    (tool / ".gitattributes").write_text("ignored.txt export-ignore\n")
    (tool / "ignored.txt").write_text("no archive has it\n")
    git(tool, "add", ".")
    git(tool, "commit", "--quiet", "-m", "one")
    git(tool, "tag", "-a", "v1", "-m", "v1")
    (tool / "more").write_text("more\n")
    git(tool, "add", ".")
    git(tool, "commit", "--quiet", "-m", "two")
    return tool


@pytest.fixture
def server(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with serving_git(repository.parent) as (address, _):
        yield address


def convert(folder: Path, body: str, *options: str) -> tuple[str, list[dict[str, object]], list[str]]:
    """nix/image.nix, the report's downloads, and its serious findings."""
    folder.mkdir(exist_ok=True)
    (folder / "Dockerfile").write_text(f"FROM debian:bookworm-slim\n{body}\n")
    main([str(folder / "Dockerfile"), "--quiet", *options])
    report = json.loads((folder / "nix/report.json").read_text())
    serious = [one["message"] for one in report["findings"] if one["severity"] != "info"]
    return (folder / "nix/image.nix").read_text(), report["fetched"], serious


def nix_hash(repository: Path, rev: str, folder: Path) -> str:
    """What Nix says of the files of a commit."""
    git(repository.parent, "clone", "--quiet", str(repository), str(folder))
    git(folder, "checkout", "--quiet", rev)
    shutil.rmtree(folder / ".git")
    return available_nixes()[-1].run("nix-hash", "--type", "sha256", "--sri", folder).strip()


@needs_nix
@pytest.mark.nix
@pytest.mark.parametrize(
    ("body", "ref"),
    [
        pytest.param("RUN git clone {url} /srv/tool", "main", id="the default branch"),
        pytest.param("RUN git clone --depth 1 -b v1 {url} /srv/tool", "v1^{commit}", id="an annotated tag"),
        pytest.param("RUN git clone {url} /t && cd /t && git checkout {first}", "v1^{commit}", id="a commit"),
        pytest.param("ADD {url}#v1 /srv/tool", "v1^{commit}", id="ADD"),
        pytest.param("RUN git clone {bare} /srv/tool", "main", id="without .git"),
    ],
)
def test_a_repository_is_fetched_by_commit_and_by_the_hash_of_nix(
    tmp_path: Path, repository: Path, server: str, body: str, ref: str
) -> None:
    url, commit = f"{server}/tool.git", git(repository, "rev-parse", ref)
    shutil.copytree(repository, repository.with_name("bare"))
    first = git(repository, "rev-parse", "v1^{commit}")
    text, fetched, serious = convert(
        tmp_path / "app", body.format(url=url, first=first, bare=f"{server}/bare"), ANYWHERE
    )
    assert serious == []
    assert [row["rev"] for row in fetched] == [commit]
    assert fetched[0]["hash"] == nix_hash(repository, commit, tmp_path / "checkout")
    assert f'rev = "{commit}";' in text
    assert "fakeHash" not in text


def test_what_was_pinned_stays_when_the_branch_moves(tmp_path: Path, repository: Path, server: str) -> None:
    body = f"RUN git clone {server}/tool.git /srv/tool"
    first, _, _ = convert(tmp_path / "app", body, ANYWHERE)
    (repository / "later").write_text("later")
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "-m", "three")
    assert convert(tmp_path / "app", body, ANYWHERE)[0] == first
    assert main(["lock", str(tmp_path / "app"), "--update", "tool.git", "--quiet", ANYWHERE]) == 0
    renewed = (tmp_path / "app/nix/image.nix").read_text()
    assert f'rev = "{git(repository, "rev-parse", "main")}";' in renewed
    assert convert(tmp_path / "app", body, ANYWHERE)[0] == renewed


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param("RUN git clone -b v9 {url} /t", "it has no branch or tag v9", id="no such tag"),
        pytest.param("RUN git clone {server}/none.git /t", "status 404", id="no repository"),
        pytest.param(
            "RUN git clone {url} /t && cd /t && git checkout " + "f" * 40,
            "git could not fetch it",
            id="no such commit",
        ),
    ],
)
def test_what_there_is_not_is_told(tmp_path: Path, server: str, body: str, reason: str) -> None:
    text, _, serious = convert(
        tmp_path / "app", body.format(url=f"{server}/tool.git", server=server), ANYWHERE
    )
    assert "fakeHash" in text
    assert any(reason in message for message in serious)


@pytest.mark.parametrize("option", ["--offline", "--quiet"], ids=["offline", "a private address"])
def test_git_is_not_started_where_nothing_may_be_asked(
    tmp_path: Path, repository: Path, server: str, option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise AssertionError("a program was started")

    monkeypatch.setattr("dock2nix.locking.repositories.run_program", refuse)
    commit = git(repository, "rev-parse", "HEAD")
    body = f"RUN git clone {server}/tool.git /t && cd /t && git checkout {commit}"
    assert "fakeHash" in convert(tmp_path / "app", body, option)[0]


def test_submodules_are_fetched_where_they_are_asked_for(
    tmp_path: Path, repository: Path, server: str
) -> None:
    outer = repository.with_name("outer.git")
    outer.mkdir()
    git(outer, "init", "--quiet", "--initial-branch", "main")
    git(outer, "submodule", "--quiet", "add", f"{server}/tool.git", "tool")
    git(outer, "commit", "--quiet", "-m", "one")
    hashes = []
    for option in ("", "--recursive "):
        app = tmp_path / f"app{option.strip()}"
        text, fetched, serious = convert(app, f"RUN git clone {option}{server}/outer.git /srv/o", ANYWHERE)
        assert serious == []
        assert f"fetchSubmodules = {'true' if option else 'false'};" in text
        hashes.append(fetched[0]["hash"])
    assert hashes[0] != hashes[1]
