"""`sha256sum -c` and its kin: files compared with hashes."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from dock2nix.commands.base import Translation, absolute, option_table, path_of, read_options, writes_nowhere
from dock2nix.model.downloads import CheckFile
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.commands.base import Options
    from dock2nix.model.shell import Invocation, Redirect
    from dock2nix.model.source import Location

ALGORITHMS = {"md5": 32, "sha1": 40, "sha224": 56, "sha256": 64, "sha384": 96, "sha512": 128}
PROGRAMS = frozenset({*(f"{name}sum" for name in ALGORITHMS), "shasum"})
_OPTIONS = option_table(
    *(
        "-c --check",
        "-s --status",
        "--quiet",
        "--strict",
        "-w --warn",
        "--ignore-missing",
        "-b --binary",
        "-t --text",
    ),
    *("--tag", "-z --zero", "-a --algorithm ="),
)
_LINE = regex(r"\s*\\?([0-9A-Fa-f]{32,128})[ \t]+[ *]?(\S.*?)\s*")
_BSD_LINE = regex(r"\s*[A-Z0-9]+ ?\((.+)\) ?= ?([0-9A-Fa-f]{32,128})\s*")
_HEXADECIMAL = regex(r"[0-9A-Fa-f]+")
_COMPARED = "the flake fetches the file by its hash"


def translate(
    invocation: Invocation, redirects: tuple[Redirect, ...], location: Location, text: str
) -> Translation | None:
    """A `CheckFile` for each line of a known list, one for a list in a file; without `-c` it only prints."""
    options = read_options(invocation.arguments, _OPTIONS)
    if options is None or not writes_nowhere(redirects):
        return None
    if not options.has("-c"):
        return Translation(effects=(), reason="prints hashes")
    algorithm = _algorithm(invocation, options)
    lists = [word for word in options.operands if word.value != "-"]
    if not lists:
        body = next((one.body for one in reversed(redirects) if one.operator in {"<<", "<<-"}), None)
        checks = checks_of(body or "", algorithm, invocation.directory, location, text)
        return Translation(effects=checks, reason=_COMPARED)
    found = tuple(path_of(word, invocation.directory) for word in lists)
    effects = tuple(
        CheckFile(
            path=invocation.directory or "", listing=path, algorithm=algorithm, location=location, text=text
        )
        for path in found
        if path is not None and invocation.directory is not None
    )
    return Translation(effects=effects, reason=_COMPARED)


def _algorithm(invocation: Invocation, options: Options) -> str:
    name = (invocation.program or "").rpartition("/")[2]
    return f"sha{options.last('-a') or '1'}" if name == "shasum" else name.removesuffix("sum")


def checks_of(
    listing: str, algorithm: str, directory: str | None, location: Location, text: str
) -> tuple[CheckFile, ...]:
    """The files that a list of hashes names, each with its hash.

    Args:
        listing: lines as sha256sum prints them, in either form.
        algorithm: what kind of hashes they are.
        directory: where the names are seen from.
        location: where the check stands in the Dockerfile.
        text: the check as written.
    """
    found = ((absolute(name, directory), sri(digest, algorithm)) for digest, name in hashes_in(listing))
    return tuple(
        CheckFile(path=path, hash=known, algorithm=algorithm, location=location, text=text)
        for path, known in found
        if path and known
    )


def hashes_in(listing: str) -> tuple[tuple[str, str], ...]:
    """(digest in hexadecimal, name) of each line of a list that has the form of one."""
    pairs: list[tuple[str, str]] = []
    for line in listing.splitlines():
        if len(line) > 1000:
            continue
        if plain := _LINE.fullmatch(line):
            pairs.append((plain[1], plain[2]))
        elif tagged := _BSD_LINE.fullmatch(line):
            pairs.append((tagged[2], tagged[1]))
    return tuple(pairs)


def sri(digest: str, algorithm: str) -> str:
    """A digest in hexadecimal as SRI hash, "" when it is none of its kind."""
    if len(digest) != ALGORITHMS.get(algorithm, 0) or not _HEXADECIMAL.fullmatch(digest):
        return ""
    return f"{algorithm}-{base64.b64encode(bytes.fromhex(digest)).decode()}"
