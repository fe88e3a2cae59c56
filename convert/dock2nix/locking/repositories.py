"""The files of git repositories at one commit, and the hash that Nix knows them by."""

from __future__ import annotations

import re
import shutil
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from msgspec import Struct

from dock2nix.errors import Dock2nixError
from dock2nix.indexing.nar import unpacked_hash
from dock2nix.nix import run_program

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dock2nix.locking.fetching import Fetcher
    from dock2nix.model.downloads import FetchTree

_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHORT = re.compile(r"[0-9a-f]{7,39}")
_GITHUB = re.compile(r"https?://(?:www\.)?github\.com/([A-Za-z0-9_.-]+)/([A-Za-z0-9_.-]+?)(?:\.git)?/?")
_TIMEOUT = 900.0
# Nothing of the machine's configuration, no questions, no hooks, and no protocol that reads files or runs programs.
_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "true",
    "GIT_ALLOW_PROTOCOL": "https:http:git",
    "GIT_LFS_SKIP_SMUDGE": "1",
}
_SETTINGS = (
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "init.templateDir=",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "http.followRedirects=false",
)


class Revision(Struct, frozen=True, kw_only=True):
    """The files of a repository: their commit, the hash of what they are as NAR (SRI), and whether submodules belong to them."""

    rev: str
    hash: str
    submodules: bool


class Refused(Exception):  # noqa: N818 - an answer, not an error of ours
    """There is no such revision, or it cannot be had; the text says why."""


def revision(tree: FetchTree, fetcher: Fetcher) -> Revision:
    """The commit and the hash of a repository's files.

    Args:
        tree: what is asked for.
        fetcher: for what the server says, and for archives of GitHub's.

    Raises:
        Refused: it cannot be had.
    """
    github = _GITHUB.fullmatch(tree.url)
    commit = tree.ref if github and _SHORT.fullmatch(tree.ref) else _commit(tree, fetcher)
    if github is None:
        _look_up(tree.url, fetcher)
        return _by_git(tree, commit)
    url = f"https://github.com/{github[1]}/{github[2]}/archive/{commit}.tar.gz"
    found = fetcher.fetch((url,))[url]
    if isinstance(found, str):
        raise Refused(found)
    names = _names(found.path)
    full = names[0].partition("/")[0].rpartition("-")[2] if names else ""
    commit = full if full.startswith(commit) and _COMMIT.fullmatch(full) else commit
    if tree.submodules and any(name.partition("/")[2] == ".gitmodules" for name in names):
        return _by_git(tree, commit)
    return Revision(rev=commit, hash=_nar_hash(found.path), submodules=False)


def _commit(tree: FetchTree, fetcher: Fetcher) -> str:
    """The commit that a branch, a tag or nothing stands for."""
    if _COMMIT.fullmatch(tree.ref):
        return tree.ref
    url = (
        tree.url
        if tree.url.endswith(".git") or "github.com" not in tree.url
        else f"{tree.url.rstrip('/')}.git"
    )
    return _chosen(_look_up(url, fetcher), tree.ref)


def _look_up(url: str, fetcher: Fetcher) -> Mapping[str, str]:
    """What the server advertises: git itself knows nothing of --offline, nor of addresses that must not be asked.

    Raises:
        Refused: there is nothing.
    """
    found = fetcher.references(url)
    if isinstance(found, str):
        raise Refused(found)
    return found


def _chosen(references: Mapping[str, str], ref: str) -> str:
    """A branch before a tag of the same name, as git clone has it."""
    names = (f"refs/heads/{ref}", f"refs/tags/{ref}", ref) if ref else ("HEAD",)
    commit = next((references[name] for name in names if name in references), "")
    if commit:
        return commit
    raise Refused(f"it has no branch or tag {ref}" if ref else "it has no default branch")


def _names(archive: Path) -> list[str]:
    try:
        with tarfile.open(archive, "r:gz") as tar:
            return tar.getnames()
    except (OSError, EOFError, tarfile.TarError) as error:
        raise Refused("what came is no archive") from error


def _nar_hash(archive: Path) -> str:
    with TemporaryDirectory(prefix="dock2nix-nar-") as folder:
        link = Path(folder) / "archive.tar.gz"
        link.symlink_to(archive.resolve())
        try:
            return unpacked_hash(link)[0]
        except Dock2nixError as error:
            raise Refused("what came is no archive of a repository") from error


def _by_git(tree: FetchTree, commit: str) -> Revision:
    """By git itself: other forges, and repositories with submodules. Nothing in them is run."""
    if shutil.which("git") is None:
        raise Refused("git is not installed, and this repository needs it")
    with TemporaryDirectory(prefix="dock2nix-git-") as name:
        files, archive = Path(name) / "source", Path(name) / "source.tar.gz"
        files.mkdir()
        try:
            _git(files, "init", "--quiet")
            _fetch(files, tree, commit)
            rev = _git(files, "rev-parse", "HEAD").strip()
            if tree.submodules:
                _git(files, "submodule", "update", "--init", "--recursive", "--quiet")
        except Dock2nixError as error:
            raise Refused("git could not fetch it") from error
        with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
            tar.add(files, "source", filter=_without_history)
        return Revision(rev=rev, hash=_nar_hash(archive), submodules=tree.submodules)


def _fetch(files: Path, tree: FetchTree, commit: str) -> None:
    """The one commit if the server gives it by its name, else everything."""
    try:
        _git(files, "fetch", "--quiet", "--depth", "1", "--", tree.url, commit)
    except Dock2nixError:
        _git(files, "fetch", "--quiet", "--tags", "--", tree.url, "+refs/heads/*:refs/remotes/origin/*")
    _git(files, "checkout", "--quiet", "--detach", commit)


def _git(folder: Path, *arguments: str) -> str:
    return run_program(
        ("git", *_SETTINGS, *arguments), cwd=folder, environment=_ENVIRONMENT, timeout=_TIMEOUT
    )


def _without_history(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if entry.name.rpartition("/")[2] == ".git" else entry
