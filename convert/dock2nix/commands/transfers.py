"""What curl and wget have in common: an address, and the file that what it gives goes to."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from msgspec import Struct

from dock2nix.commands.base import Translation, absolute, output_file, path_of, writes_nowhere
from dock2nix.model.downloads import FetchFile
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.model.shell import Invocation, Redirect
    from dock2nix.model.source import Location

_SCHEME = regex(r"(https?|ftps?)://", 2)
_NO_SCHEME = regex(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]+)+(?::[0-9]+)?(?:/.*)?")
_UNFIT = regex(r"[\x00-\x20\x7f\"<>\\^`{|}]")
_OUTPUT = frozenset({"-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"})


class Transfer(Struct, frozen=True, kw_only=True):
    """One address; `file` is where it goes as the command says, "" for standard output."""

    url: str
    file: str


def to_output(file: str) -> bool:
    """Whether a file name given to curl or wget means standard output."""
    return file in _OUTPUT


def address(text: str) -> str | None:
    """The address as one that fetchurl takes; None for other schemes, passwords, and characters that no address has.

    Args:
        text: as given; without a scheme it is http, as curl and wget guess.
    """
    text = text.partition("#")[0]
    if not _SCHEME.match(text):
        if "://" in text or not _NO_SCHEME.fullmatch(text):
            return None
        text = f"http://{text}"
    host = text.split("/")[2]
    return None if _UNFIT.search(text) or "@" in host or not host else text


def remote_name(url: str) -> str:
    """The last part of an address's path, "" when it ends with a slash."""
    path = url.partition("?")[0].split("/", 3)
    return posixpath.basename(path[3]) if len(path) > 3 else ""


def translated(
    found: tuple[Transfer, ...] | None,
    invocation: Invocation,
    redirects: tuple[Redirect, ...],
    location: Location,
    text: str,
) -> Translation | None:
    """A `FetchFile` for each address that goes to a file; nothing for one that is only printed, or thrown away."""
    if found is None:
        return None
    places = [one.file for one in found]
    printed = [at for at, place in enumerate(places) if not place]
    target = _redirected(redirects, invocation) if printed else ""
    if target is None or (not target and not writes_nowhere(redirects)) or (target and len(printed) > 1):
        return None
    paths = [
        target if at in printed else absolute(place, invocation.directory) for at, place in enumerate(places)
    ]
    if any(path is None for path in paths):
        return None
    effects = tuple(
        FetchFile(path=path, url=one.url, location=location, text=text)
        for one, path in zip(found, paths, strict=True)
        if path and path != "/dev/null"
    )
    return Translation(
        effects=effects, reason="downloads by hash" if effects else "keeps nothing of what it downloads"
    )


def _redirected(redirects: tuple[Redirect, ...], invocation: Invocation) -> str | None:
    """The file that standard output goes to, "" when it goes to none; None when that cannot be said."""
    if writes_nowhere(redirects):
        return ""
    output = output_file(redirects)
    if output is None or output[1]:
        return None
    return path_of(output[0], invocation.directory)
