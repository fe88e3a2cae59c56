"""`rm`, `rmdir` and `unlink`: files and folders removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.commands.base import (
    Translation,
    folder_of,
    is_temporary,
    option_table,
    pattern_of,
    read_options,
    writes_nowhere,
)
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
    """One `Remove` for each operand; what mktemp made is not in the image."""
    program = (invocation.program or "").rpartition("/")[2]
    words = tuple(word for word in invocation.arguments if not is_temporary(word))
    options = read_options(words, _OPTIONS[program])
    if options is None or not options.operands or not writes_nowhere(redirects):
        return None
    removed = tuple(pattern_of(word, invocation.directory) for word in options.operands)
    known = tuple(path for path in removed if path is not None)
    if len(known) < len(removed) or any(folder_of(path) == "/" for path in known):
        return None
    recursive = program == "rmdir" or options.has("-r", "-d")
    return Translation(
        effects=tuple(
            Remove(path=one.path, pattern=one.pattern, recursive=recursive, location=location, text=text)
            for one in known
        ),
        reason="removes files",
    )
