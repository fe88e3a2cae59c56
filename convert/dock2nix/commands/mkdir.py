"""`mkdir`: folders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.commands.base import Translation, is_octal, option_table, paths, read_options, writes_nowhere
from dock2nix.model.image import MakeDirectory

if TYPE_CHECKING:
    from dock2nix.model.shell import Invocation, Redirect
    from dock2nix.model.source import Location

PROGRAMS = frozenset({"mkdir"})
_OPTIONS = option_table("-p --parents", "-v --verbose", "-m --mode =")


def translate(
    invocation: Invocation, redirects: tuple[Redirect, ...], location: Location, text: str
) -> Translation | None:
    """One `MakeDirectory` for each operand; a symbolic mode is not translated."""
    options = read_options(invocation.arguments, _OPTIONS)
    if options is None or not options.operands or not writes_nowhere(redirects):
        return None
    made = paths(options.operands, invocation.directory)
    mode = options.last("-m") or ""
    if made is None or (mode and not is_octal(mode)):
        return None
    return Translation(
        effects=tuple(MakeDirectory(path=path, mode=mode, location=location, text=text) for path in made),
        reason="makes folders",
    )
