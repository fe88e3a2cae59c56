"""`unzip`: zip archives unpacked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.commands.base import Translation, absolute, option_table, path_of, read_options, writes_nowhere
from dock2nix.model.downloads import Unpack

if TYPE_CHECKING:
    from dock2nix.model.shell import Invocation, Redirect
    from dock2nix.model.source import Location

PROGRAMS = frozenset({"unzip"})
_OPTIONS = option_table(
    "-q", "-o", "-n", "-u", "-j", "-a", "-L", "-C", "-X", "-K", "-l", "-t", "-v", "-z", "-d ="
)
_KEPT = frozenset({"-n", "-j", "-a", "-L", "-C"})


def translate(
    invocation: Invocation, redirects: tuple[Redirect, ...], location: Location, text: str
) -> Translation | None:
    """An `Unpack`; with `-l` and its kin it only prints."""
    options = read_options(invocation.arguments, _OPTIONS)
    if options is None or not options.operands or not writes_nowhere(redirects):
        return None
    if options.has("-l", "-t", "-v", "-z"):
        return Translation(effects=(), reason="lists an archive")
    archive = path_of(options.operands[0], invocation.directory)
    folder = absolute(options.last("-d") or ".", invocation.directory)
    if archive is None or folder is None:
        return None
    members = tuple(word.value or "" for word in options.operands[1:])
    if any(name.startswith("-") for name in members):
        return None
    unpack = Unpack(
        path=folder,
        program="unzip",
        archive=archive,
        options=tuple(dict.fromkeys(name for name, _ in options.given if name in _KEPT)),
        members=members,
        location=location,
        text=text,
    )
    return Translation(effects=(unpack,), reason="unpacks an archive")
