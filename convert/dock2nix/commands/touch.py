"""`touch` and `truncate -s 0`: empty files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.commands.base import Translation, option_table, paths, read_options, writes_nowhere
from dock2nix.model.image import WriteFile

if TYPE_CHECKING:
    from dock2nix.model.shell import Invocation, Redirect
    from dock2nix.model.source import Location

PROGRAMS = frozenset({"touch", "truncate"})
_TOUCH = option_table(
    "-a", "-m", "-f", "-c --no-create", "-h --no-dereference", "-d --date =", "-t =", "-r --reference ="
)
_TRUNCATE = option_table("-s --size =", "-c --no-create")


def translate(
    invocation: Invocation, redirects: tuple[Redirect, ...], location: Location, text: str
) -> Translation | None:
    """Files that exist stay as they are (`touch`) or lose their content; times are the same for all files of a Nix image."""
    empties = invocation.program is not None and invocation.program.endswith("truncate")
    options = read_options(invocation.arguments, _TRUNCATE if empties else _TOUCH)
    if options is None or not writes_nowhere(redirects):
        return None
    files = paths(options.operands, invocation.directory)
    if not files or (empties and (options.last("-s") not in {"0", "0B"} or options.has("-c"))):
        return None
    if options.has("-c"):
        return Translation(effects=(), reason="sets times, which are the same for all files of a Nix image")
    effects = tuple(
        WriteFile(path=path, content="", append=not empties, location=location, text=text) for path in files
    )
    return Translation(effects=effects, reason="makes empty files")
