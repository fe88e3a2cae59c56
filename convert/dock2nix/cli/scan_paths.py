"""Which Dockerfiles `dock2nix scan` is asked to look at: files, trees, lists of paths."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dock2nix.errors import UsageError
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pathspec import GitIgnoreSpec

_NAME = regex(r"(?:Dockerfile|Containerfile)(?:\..+)?|.+\.(?:Dockerfile|Containerfile|dockerfile)")
_SKIPPED = frozenset({".git", ".hg", ".svn", ".venv", "node_modules"})
_LARGEST_IGNORE = 2**20


def find_dockerfiles(paths: Iterable[Path], *, ignored: bool = False) -> list[Path]:
    """The Dockerfiles named, and those below the folders named, sorted, each once.

    Args:
        paths: files, taken whatever their names; folders, in which the names decide.
        ignored: those that .gitignore leaves out too.

    Raises:
        UsageError: a path does not exist.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            rules = () if ignored else _rules_above(path)
            found.update(dict.fromkeys(sorted(_below(path, rules, ignored=ignored))))
        elif path.is_file():
            found[path] = None
        else:
            raise UsageError(f"{path}: no such file or folder")
    return list(found)


def listed_paths(listing: str) -> list[Path]:
    """The paths of a list: one a line, or, as of `find -print0` and `git ls-files -z`, with NUL between them.

    Args:
        listing: the file's path; `-` is standard input.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        content = sys.stdin.buffer.read() if listing == "-" else Path(listing).read_bytes()
    except OSError as error:
        raise UsageError(f"{listing}: cannot be read: {error.strerror}") from error
    words = content.split(b"\0") if b"\0" in content else content.splitlines()
    return [Path(os.fsdecode(word)) for word in words if word.strip()]


class _Rules:
    """The patterns of one .gitignore, of paths below its folder."""

    def __init__(self, folder: Path, spec: GitIgnoreSpec) -> None:
        self.folder = folder
        self.spec = spec

    def verdict(self, path: Path, *, folder: bool) -> bool | None:
        """Whether the path is ignored; None when no pattern speaks of it."""
        relative = Path(os.path.relpath(path, self.folder)).as_posix()
        return self.spec.check_file(f"{relative}/" if folder else relative).include


def _below(folder: Path, rules: tuple[_Rules, ...], *, ignored: bool) -> Iterator[Path]:
    """The Dockerfiles below a folder. What a rule says further down holds, as in gitignore(5); an ignored folder is not entered."""
    known = {folder: rules}
    for parent, folders, names in os.walk(folder):
        here = Path(parent)
        mine = known.pop(here)
        if not ignored:
            mine = (*mine, *_rules_in(here, ".gitignore"))
        folders[:] = sorted(
            name
            for name in folders
            if name not in _SKIPPED and not _is_ignored(here / name, mine, folder=True)
        )
        known |= {here / name: mine for name in folders}
        yield from (here / name for name in names if _is_wanted(here / name, mine))


def _is_wanted(path: Path, rules: tuple[_Rules, ...]) -> bool:
    named = bool(_NAME.fullmatch(path.name)) and not path.name.endswith(".dockerignore")
    return named and path.is_file() and not _is_ignored(path, rules, folder=False)


def _is_ignored(path: Path, rules: tuple[_Rules, ...], *, folder: bool) -> bool:
    for rule in reversed(rules):
        verdict = rule.verdict(path, folder=folder)
        if verdict is not None:
            return verdict
    return False


def _rules_above(folder: Path) -> tuple[_Rules, ...]:
    """The rules of a repository that hold in a folder of it: .git/info/exclude, and .gitignore down to the folder's parent."""
    start = folder.resolve()
    above = [start, *start.parents]
    root = next((at for at, one in enumerate(above) if (one / ".git").exists()), None)
    if root is None:
        return ()
    repository = above[root]
    found = [*_rules_in(repository, ".git/info/exclude")]
    for one in reversed(above[1 : root + 1]):
        found += _rules_in(one, ".gitignore")
    return tuple(found)


def _rules_in(folder: Path, name: str) -> tuple[_Rules, ...]:
    path = folder / name
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST_IGNORE:
            return ()
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ()
    from pathspec import GitIgnoreSpec  # noqa: PLC0415 - only where there are such patterns

    return (_Rules(folder, GitIgnoreSpec.from_lines(lines)),)
