"""`sed -i`: files of the image edited in their place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dock2nix.commands.base import Translation, option_table, paths, read_options, writes_nowhere
from dock2nix.model.image import RunTool, ToolPath
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.model.shell import Invocation, Redirect
    from dock2nix.model.source import Location

PROGRAMS = frozenset({"sed"})
_OPTIONS = option_table(
    "-i --in-place", "-e --expression =", "-E -r --regexp-extended", "-n --quiet", "-s --separate"
)
_ADDRESS = r"(?:[0-9]+|\$|/(?:[^/\\\n]|\\.)*/I?)"
_WHERE = regex(rf"\s*+(?:{_ADDRESS}(?:,{_ADDRESS})?)?\s*+!?\s*+")
_TEXT = regex(r"[aic]\\?.*", re.DOTALL)
_FLAGS = regex(r"[0-9gIiMmp]*")
_LONGEST = 4000


def translate(
    invocation: Invocation, redirects: tuple[Redirect, ...], location: Location, text: str
) -> Translation | None:
    """One `RunTool`; None for scripts with commands that read, write or run something else."""
    options = read_options(invocation.arguments, _OPTIONS)
    if options is None or not options.has("-i") or not writes_nowhere(redirects):
        return None
    scripts = [value for name, value in options.given if name == "-e"]
    operands = options.operands
    if not scripts:
        scripts = [operands[0].value or ""] if operands else []
        operands = operands[1:]
    files = paths(operands, invocation.directory)
    if not files or not scripts or not all(is_plain_script(script) for script in scripts):
        return None
    flags = tuple(name for name in ("-E", "-n", "-s") if options.has(name))
    chosen = tuple(word for script in scripts for word in ("-e", script))
    tool = RunTool(
        program="sed",
        words=("-i", *flags, *chosen, *(ToolPath(path) for path in files)),
        reads=files,
        location=location,
        text=text,
    )
    return Translation(effects=(tool,), reason="edits files")


def is_plain_script(script: str) -> bool:
    """Whether a sed script only substitutes, deletes, prints and adds lines (GNU sed's `e`, `r` and `w` reach further).

    Args:
        script: as given to `-e`.
    """
    at = 0
    while at < len(script):
        if len(script) > _LONGEST:
            return False
        where = _WHERE.match(script, at)
        at = where.end() if where else at
        command = script[at : at + 1]
        if command in {"d", "p", ""}:
            at += 1
        elif command == "s":
            at = _end_of_substitution(script, at + 1)
        else:
            return _TEXT.fullmatch(script, at) is not None
        if at < 0:
            return False
        rest = script[at:].lstrip(" ")
        if rest and rest[0] not in ";\n}":
            return False
        at = len(script) - len(rest) + 1
    return True


def _end_of_substitution(script: str, at: int) -> int:
    """Where `s/…/…/flags` ends, -1 when it is none or has flags that write or run."""
    delimiter = script[at : at + 1]
    if not delimiter or delimiter in "\\\n":
        return -1
    found = 0
    at += 1
    while at < len(script) and found < 2:
        if script[at] == "\\":
            at += 1
        elif script[at] == delimiter:
            found += 1
        at += 1
    flags = _FLAGS.match(script, at)
    return flags.end() if found == 2 and flags else -1
