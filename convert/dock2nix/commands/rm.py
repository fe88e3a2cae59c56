"""`rm`, `rmdir` and `unlink`: files and folders removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.commands.base import Translation, option_table, paths, read_options, writes_nowhere
from dock2nix.model.image import Remove

if TYPE_CHECKING:
    from dock2nix.model.shell import Invocation, Redirect
    from dock2nix.model.source import Location

PROGRAMS = frozenset({"rm", "rmdir", "unlink"})
_OPTIONS = {
    "rm": option_table(
        "-r -R --recursive",
        "-f --force",
        "-v --verbose",
        "-d --dir",
        "--one-file-system",
        "--preserve-root",
        "--no-preserve-root",
    ),
    "rmdir": option_table("-v --verbose"),
    "unlink": option_table(),
}


def translate(
    invocation: Invocation, redirects: tuple[Redirect, ...], location: Location, text: str
) -> Translation | None:
    """One `Remove` for each operand."""
    program = (invocation.program or "").rpartition("/")[2]
    options = read_options(invocation.arguments, _OPTIONS[program])
    if options is None or not options.operands or not writes_nowhere(redirects):
        return None
    removed = paths(options.operands, invocation.directory)
    if removed is None or "/" in removed:
        return None
    recursive = program == "rmdir" or options.has("-r", "-d")
    return Translation(
        effects=tuple(
            Remove(path=path, recursive=recursive, location=location, text=text) for path in removed
        ),
        reason="removes files",
    )
