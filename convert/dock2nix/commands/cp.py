"""`cp` and `mv`: files of the image to other places in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.commands.base import Translation, option_table, paths, read_options, writes_nowhere
from dock2nix.model.image import RunTool, ToolPath

if TYPE_CHECKING:
    from dock2nix.model.shell import Invocation, Redirect
    from dock2nix.model.source import Location

PROGRAMS = frozenset({"cp", "mv"})
_COPY = option_table(
    *("-r -R --recursive", "-a --archive", "-f --force", "-p", "-d", "-L --dereference", "-n --no-clobber"),
    *("-u --update", "-v --verbose", "-T --no-target-directory"),
)
_MOVE = option_table(
    "-f --force", "-n --no-clobber", "-u --update", "-v --verbose", "-T --no-target-directory"
)
_SAID = frozenset({"-v", "-f"})  # nothing is asked and nothing read in a build


def translate(
    invocation: Invocation, redirects: tuple[Redirect, ...], location: Location, text: str
) -> Translation | None:
    """One `RunTool` for each source."""
    program = (invocation.program or "").rpartition("/")[2]
    options = read_options(invocation.arguments, _COPY if program == "cp" else _MOVE)
    if options is None or not writes_nowhere(redirects):
        return None
    operands = paths(options.operands, invocation.directory)
    if operands is None or len(operands) < 2 or (program == "mv" and len(operands) > 2):
        return None
    *sources, target = operands
    flags = tuple(dict.fromkeys(name for name, _ in options.given if name not in _SAID))
    return Translation(
        effects=tuple(
            RunTool(
                program=program,
                words=(*flags, ToolPath(source), ToolPath(target)),
                reads=(source,),
                target=target,
                moves=program == "mv",
                location=location,
                text=text,
            )
            for source in sources
        ),
        reason="copies files" if program == "cp" else "moves files",
    )
