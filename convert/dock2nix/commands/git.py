"""`git clone`, and what changes the clone afterwards: the files of a repository at one commit."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dock2nix.commands.base import Translation, absolute, option_table, read_options, writes_nowhere
from dock2nix.model.downloads import ChangeTree, FetchTree
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dock2nix.commands.base import Options
    from dock2nix.model.image import Effect
    from dock2nix.model.shell import Invocation, Redirect, Word
    from dock2nix.model.source import Location

PROGRAMS = frozenset({"git"})
_QUIET = ("-q --quiet", "-v --verbose", "--progress", "--no-progress")
_CLONE = option_table(
    *_QUIET,
    *(
        "-b --branch =",
        "--depth =",
        "--single-branch",
        "--no-single-branch",
        "--recursive --recurse-submodules",
    ),
    *(
        "--shallow-submodules",
        "--no-shallow-submodules",
        "--remote-submodules",
        "-j --jobs =",
        "-c --config =",
    ),
    *(
        "--no-tags",
        "--filter =",
        "-n --no-checkout",
        "--shallow-since =",
        "-o --origin =",
        "-4 --ipv4",
        "-6 --ipv6",
    ),
)
_OTHERS: Mapping[str, Mapping[str, tuple[str, bool]]] = {
    "checkout": option_table(*_QUIET, "-f --force", "--detach -d"),
    "switch": option_table(*_QUIET, "--detach -d", "--discard-changes"),
    "reset": option_table(*_QUIET, "--hard"),
    "submodule": option_table(
        *(
            "-q --quiet",
            "--init",
            "--recursive",
            "--depth =",
            "-j --jobs =",
            "--force -f",
            "--recommend-shallow",
        ),
        *("--checkout", "--single-branch"),
    ),
    "fetch": option_table(
        *_QUIET, "--all", "-t --tags", "--unshallow", "-p --prune", "--depth =", "-f --force"
    ),
    "pull": option_table(*_QUIET, "--all", "-t --tags", "--ff-only", "--rebase"),
}
_ADDRESS = regex(r"(?:https?|git)://(?![^/]*@)[^\s\"'<>\\^`{|}]+")
_REF = regex(r"[A-Za-z0-9][A-Za-z0-9._/+@-]{0,200}")
_MOVING = frozenset({"FETCH_HEAD", "HEAD", "ORIG_HEAD", "-"})


def translate(
    invocation: Invocation, redirects: tuple[Redirect, ...], location: Location, text: str
) -> Translation | None:
    """A `FetchTree` for a clone, a `ChangeTree` for what moves it to another commit; None for everything else."""
    found = _subcommand(invocation)
    if found is None or not writes_nowhere(redirects):
        return None
    name, words, directory = found
    if name == "clone":
        effect: Effect | None = _clone(words, directory, location, text)
    else:
        effect = _change(name, words, directory, location, text)
    return Translation(effects=(effect,), reason="fetches sources by hash") if effect is not None else None


def _subcommand(invocation: Invocation) -> tuple[str, tuple[Word, ...], str | None] | None:
    """The subcommand, its words and where it works, behind `-C DIR` and `-c NAME=VALUE`."""
    words, directory, at = invocation.arguments, invocation.directory, 0
    while at < len(words):
        value = words[at].value
        if value is None:
            return None
        if value in {"-C", "-c"} and at + 1 < len(words):
            if value == "-C":
                directory = absolute(words[at + 1].value or "", directory)
            at += 2
            continue
        if value.startswith("-") and value not in {"--no-pager", "-q"}:
            return None
        if not value.startswith("-"):
            return value, words[at + 1 :], directory
        at += 1
    return None


def _clone(words: tuple[Word, ...], directory: str | None, location: Location, text: str) -> FetchTree | None:
    options = read_options(words, _CLONE)
    if options is None or not 1 <= len(options.operands) <= 2:
        return None
    url = options.operands[0].value or ""
    name = options.operands[1].value if len(options.operands) > 1 else _folder_name(url)
    path = absolute(name or "", directory)
    ref = options.last("-b") or ""
    if path is None or path == "/" or not _ADDRESS.fullmatch(url) or (ref and not is_ref(ref)):
        return None
    return FetchTree(
        path=path, url=url, ref=ref, submodules=options.has("--recursive"), location=location, text=text
    )


def _folder_name(url: str) -> str:
    return posixpath.basename(url.rstrip("/")).removesuffix(".git")


def is_ref(text: str) -> bool:
    """Whether a text can be the name of a branch, tag or commit and nothing that only git can work out (git-check-ref-format)."""
    plain = _REF.fullmatch(text) and ".." not in text and "@{" not in text and "//" not in text
    return bool(plain) and text not in _MOVING


def _change(
    name: str, words: tuple[Word, ...], directory: str | None, location: Location, text: str
) -> ChangeTree | None:
    table = _OTHERS.get(name)
    options = read_options(words, table) if table is not None else None
    if options is None or directory is None:
        return None
    operands = [word.value or "" for word in options.operands]
    if name in {"fetch", "pull"}:
        return (
            ChangeTree(path=directory, location=location, text=text) if operands in ([], ["origin"]) else None
        )
    if name == "submodule":
        used = operands[:1] in (["update"], ["init"], ["sync"]) and len(operands) == 1
        return _with_submodules(directory, location, text) if used else None
    return _at_ref(operands, options, name, directory, location, text)


def _with_submodules(directory: str, location: Location, text: str) -> ChangeTree:
    return ChangeTree(path=directory, submodules=True, location=location, text=text)


def _at_ref(
    operands: list[str], options: Options, name: str, directory: str, location: Location, text: str
) -> ChangeTree | None:
    if len(operands) != 1 or (name == "reset" and not options.has("--hard")):
        return None
    ref = operands[0].removeprefix("origin/").removeprefix("tags/").removeprefix("refs/tags/")
    return ChangeTree(path=directory, ref=ref, location=location, text=text) if is_ref(ref) else None
