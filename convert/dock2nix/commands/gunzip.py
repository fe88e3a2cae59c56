"""`gunzip`, `bunzip2`, `unxz` and their kin: single files unpacked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.commands.base import (
    Translation,
    option_table,
    output_file,
    path_of,
    paths,
    read_options,
    writes_nowhere,
)
from dock2nix.model.downloads import Unpack

if TYPE_CHECKING:
    from dock2nix.commands.base import Options
    from dock2nix.model.downloads import FetchFile
    from dock2nix.model.shell import Invocation, Redirect
    from dock2nix.model.source import Location

_UNPACKERS = {"gunzip": "gzip", "bunzip2": "bzip2", "unxz": "xz", "unlzma": "xz", "unzstd": "zstd"}
_PRINTERS = {"zcat": "gzip", "bzcat": "bzip2", "xzcat": "xz", "zstdcat": "zstd"}
_PACKERS = frozenset({"gzip", "bzip2", "xz", "zstd"})
PROGRAMS = frozenset({*_UNPACKERS, *_PRINTERS, *_PACKERS})
_OPTIONS = option_table(
    *("-d --decompress --uncompress", "-k --keep", "-f --force", "-q --quiet", "-v --verbose"),
    *("-c --stdout --to-stdout", "--rm", "-t --test", "-l --list"),
)
_SUFFIXES = {"gzip": (".gz", ".z"), "bzip2": (".bz2",), "xz": (".xz", ".lzma"), "zstd": (".zst",)}
_ARCHIVES = {".tgz": ".tar", ".tbz2": ".tar", ".tbz": ".tar", ".txz": ".tar", ".tzst": ".tar"}


def translate(
    invocation: Invocation, redirects: tuple[Redirect, ...], location: Location, text: str
) -> Translation | None:
    """An `Unpack` for each file; None when it packs, or reads standard input."""
    return unpacked(invocation, redirects, location, text, None)


def unpacked(
    invocation: Invocation,
    redirects: tuple[Redirect, ...],
    location: Location,
    text: str,
    source: FetchFile | None,
) -> Translation | None:
    """What a run does; `source` is the download that it reads from standard input, if any."""
    name = (invocation.program or "").rpartition("/")[2]
    program = _UNPACKERS.get(name) or _PRINTERS.get(name) or name
    options = read_options(invocation.arguments, _OPTIONS)
    if options is None or (name in _PACKERS and not options.has("-d", "-t", "-l")):
        return None
    if options.has("-t", "-l"):
        return Translation(effects=(), reason="looks into a file") if writes_nowhere(redirects) else None
    prints = name in _PRINTERS or options.has("-c") or source is not None
    effects = (
        _printed(program, options, invocation, redirects, source)
        if prints
        else _in_place(program, options, invocation, redirects)
    )
    if effects is None:
        return None
    placed = tuple(
        Unpack(
            path=path,
            program=program,
            archive=archive,
            source=source if not archive else None,
            moves=moves,
            location=location,
            text=text,
        )
        for path, archive, moves in effects
    )
    return Translation(effects=placed, reason="unpacks a file")


def _printed(
    program: str,
    options: Options,
    invocation: Invocation,
    redirects: tuple[Redirect, ...],
    source: FetchFile | None,
) -> list[tuple[str, str, bool]] | None:
    """What goes to standard output, and from there to a file: (file, archive, False)."""
    del program
    output = output_file(redirects)
    files = [word for word in options.operands if word.value != "-"]
    target = path_of(output[0], invocation.directory) if output and not output[1] else None
    if target is None or len(files) > 1 or bool(files) == (source is not None):
        return None
    archive = path_of(files[0], invocation.directory) if files else ""
    return None if archive is None else [(target, archive, False)]


def _in_place(
    program: str, options: Options, invocation: Invocation, redirects: tuple[Redirect, ...]
) -> list[tuple[str, str, bool]] | None:
    """Files that take the place of the packed ones: (file, archive, whether that goes)."""
    archives = paths(options.operands, invocation.directory)
    if not archives or not writes_nowhere(redirects):
        return None
    moves = options.has("--rm") if program == "zstd" else not options.has("-k")
    found = [(_without_suffix(path, program), path, moves) for path in archives]
    return None if any(not path for path, _, _ in found) else found


def _without_suffix(path: str, program: str) -> str:
    for suffix, kept in (*_ARCHIVES.items(), *((suffix, "") for suffix in _SUFFIXES[program])):
        if path.endswith(suffix) and not path.endswith(f"/{suffix}"):
            return path.removesuffix(suffix) + kept
    return ""
