"""`cp` and `mv`: files of the image to other places in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.commands.base import (
    Translation,
    absolute,
    folder_of,
    option_table,
    path_of,
    pattern_of,
    read_options,
    writes_nowhere,
)
from dock2nix.model.image import RunTool, ToolPath

if TYPE_CHECKING:
    from dock2nix.model.shell import Invocation, Redirect, Word
    from dock2nix.model.source import Location

PROGRAMS = frozenset({"cp", "mv"})
_COPY = option_table(
    *("-r -R --recursive", "-a --archive", "-f --force", "-p", "-d", "-L --dereference", "-n --no-clobber"),
    *("-u --update", "-v --verbose", "-T --no-target-directory", "-l --link", "-t --target-directory ="),
)
_MOVE = option_table(
    *("-f --force", "-n --no-clobber", "-u --update", "-v --verbose", "-T --no-target-directory"),
    "-t --target-directory =",
)
# Nothing is asked and nothing read in a build; a hard link is as good as a file; and the target is the last word.
_SAID = frozenset({"-v", "-f", "-l", "-t"})


def translate(
    invocation: Invocation, redirects: tuple[Redirect, ...], location: Location, text: str
) -> Translation | None:
    """One `RunTool` for each source; of a pattern, that which all it matches are in must be there."""
    program = (invocation.program or "").rpartition("/")[2]
    options = read_options(invocation.arguments, _COPY if program == "cp" else _MOVE)
    if options is None or not writes_nowhere(redirects):
        return None
    directory, into = invocation.directory, options.last("-t")
    words = options.operands if into is not None else options.operands[:-1]
    found = tuple(pattern_of(word, directory) for word in words)
    sources = tuple(source for source in found if source is not None)
    target = absolute(into, directory) if into is not None else _last(options.operands, directory)
    if not sources or target is None or len(sources) < len(found) or (program == "mv" and len(sources) > 1):
        return None
    flags = tuple(dict.fromkeys(name for name, _ in options.given if name not in _SAID))
    return Translation(
        effects=tuple(
            RunTool(
                program=program,
                words=(*flags, source, ToolPath(target)),
                reads=(folder_of(source),),
                target=target,
                moves=program == "mv",
                location=location,
                text=text,
            )
            for source in sources
        ),
        reason="copies files" if program == "cp" else "moves files",
    )


def _last(operands: tuple[Word, ...], directory: str | None) -> str | None:
    return path_of(operands[-1], directory) if len(operands) > 1 else None
