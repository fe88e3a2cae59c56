"""`install -d`: folders with permissions and owners."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.commands.base import Translation, is_octal, option_table, paths, read_options, writes_nowhere
from dock2nix.model.image import MakeDirectory, SetOwner

if TYPE_CHECKING:
    from dock2nix.model.image import Effect
    from dock2nix.model.shell import Invocation, Redirect
    from dock2nix.model.source import Location

PROGRAMS = frozenset({"install"})
_OPTIONS = option_table("-d --directory", "-m --mode =", "-o --owner =", "-g --group =", "-v --verbose", "-p")


def translate(
    invocation: Invocation, redirects: tuple[Redirect, ...], location: Location, text: str
) -> Translation | None:
    """One `MakeDirectory` for each operand, and a `SetOwner` if asked for; installing files is not translated."""
    options = read_options(invocation.arguments, _OPTIONS)
    if options is None or not options.has("-d") or not writes_nowhere(redirects):
        return None
    made = paths(options.operands, invocation.directory)
    mode = options.last("-m") or "755"
    if not made or not is_octal(mode):
        return None
    group = options.last("-g")
    owner = (options.last("-o") or "") + (f":{group}" if group else "")
    effects: list[Effect] = []
    for path in made:
        effects.append(MakeDirectory(path=path, mode=mode, location=location, text=text))
        if owner:
            effects.append(SetOwner(path=path, owner=owner, location=location, text=text))
    return Translation(effects=tuple(effects), reason="makes folders")
