"""`tar`: archives unpacked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dock2nix.commands.base import (
    Options,
    Translation,
    absolute,
    is_pattern,
    option_table,
    read_options,
    writes_nowhere,
)
from dock2nix.model.downloads import Unpack

if TYPE_CHECKING:
    from dock2nix.model.downloads import FetchFile
    from dock2nix.model.shell import Invocation, Redirect, Word
    from dock2nix.model.source import Location

PROGRAMS = frozenset({"tar", "gtar"})
_OPTIONS = option_table(
    *("-x --extract --get", "-t --list", "-z --gzip --gunzip --ungzip", "-j --bzip2", "-J --xz", "--zstd"),
    *(
        "-a --auto-compress",
        "-v --verbose",
        "-f --file =",
        "-C --directory --cd =",
        "--totals",
        "--numeric-owner",
    ),
    *("--strip-components --strip --strip-component =", "-o --no-same-owner", "--same-owner", "-m --touch"),
    *("-p --preserve-permissions --same-permissions", "--no-same-permissions", "--overwrite", "--no-xattrs"),
    *("--no-acls", "--no-selinux", "--keep-directory-symlink", "--no-overwrite-dir", "-k --keep-old-files"),
    *(
        "--skip-old-files",
        "-i --ignore-zeros",
        "--delay-directory-restore",
        "-U --unlink-first",
        "--exclude =",
    ),
    *("--wildcards", "--no-wildcards", "--anchored", "--no-anchored", "--wildcards-match-slash"),
    *(
        "--transform --xform =",
        "--warning =",
        "-b --blocking-factor =",
        "--checkpoint =",
        "--checkpoint-action =",
    ),
)
# Options that decide which files come and where to; the others are manners, or mean nothing where owners are root's.
_KEPT = frozenset(
    {
        *("--strip-components", "--exclude", "--wildcards", "--no-wildcards", "--anchored", "--no-anchored"),
        *("--wildcards-match-slash", "--transform", "-k", "--skip-old-files", "--zstd"),
    }
)
_VALUED = "fCb"


def translate(
    invocation: Invocation, redirects: tuple[Redirect, ...], location: Location, text: str
) -> Translation | None:
    """An `Unpack` of a file of the image; None for what reads standard input, or makes an archive."""
    return unpacked(invocation, redirects, location, text, None)


def unpacked(
    invocation: Invocation,
    redirects: tuple[Redirect, ...],
    location: Location,
    text: str,
    source: FetchFile | None,
) -> Translation | None:
    """What a run of tar does; `source` is the download that it reads from standard input, if any."""
    words = _with_dashes(invocation.arguments)
    options = read_options(words, _OPTIONS) if words is not None else None
    if options is None or not writes_nowhere(redirects):
        return None
    if options.has("-t") and not options.has("-x"):
        return Translation(effects=(), reason="lists an archive")
    place = _place(options, invocation, source)
    members = tuple(word.value or "" for word in options.operands)
    folder = absolute(options.last("-C") or ".", invocation.directory)
    if not options.has("-x") or place is None or folder is None or len(options.values("-C")) > 1:
        return None
    if any(name.startswith("-") for name in members):
        return None
    kept = tuple(_spelled(name, value) for name, value in options.given if name in _KEPT)
    unpack = Unpack(
        path=folder,
        archive=place,
        source=source if not place else None,
        options=kept,
        members=members,
        location=location,
        text=text,
    )
    return Translation(effects=(unpack,), reason="unpacks an archive")


def _place(options: Options, invocation: Invocation, source: FetchFile | None) -> str | None:
    """The path of the archive, "" for standard input; None when it is not known."""
    files = options.values("-f")
    if len(files) > 1:
        return None
    if not files or files[0] in {"-", "/dev/stdin"}:
        return "" if source is not None else None
    return None if any(char in files[0] for char in "*?[") else absolute(files[0], invocation.directory)


def _spelled(name: str, value: str) -> str:
    return f"{name}={value}" if value else name


def _with_dashes(words: tuple[Word, ...]) -> tuple[Word, ...] | None:
    """`xzf a.tgz` as `-x -z -f a.tgz`: in the old style the values follow the letters, in their order."""
    first = words[0] if words else None
    if first is None or first.value is None or first.value.startswith("-") or is_pattern(first):
        return words if first is not None and first.value is not None else None
    rest, found = list(words[1:]), []
    for letter in first.value:
        found.append(replace(first, value=f"-{letter}"))
        if letter in _VALUED:
            if not rest:
                return None
            found.append(rest.pop(0))
    return (*found, *rest)
