"""What `echo` prints: POSIX leaves options and backslashes to the shell, so that it depends on which one it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Sequence

# Shells that print what they are given, unless -e asks for escapes.
_PLAIN = frozenset({"ash", "bash"})
_OPTION = regex(r"-[neE]+")
_ESCAPE = regex(r"\\(?:0([0-7]{0,3})|(.))", re.DOTALL)
_CHARACTERS = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
}
# They mean something to some of the shells, or end the output.
_DIFFERENT = frozenset("123456789cexuUE")


def echoed(words: Sequence[str], dialect: str) -> str | None:
    """What `echo` prints.

    Args:
        words: its arguments.
        dialect: the shell; `sh` is one that is not known, of which only what all do alike is.

    Returns:
        None when that is not known.
    """
    rest = list(words)
    newline, escapes = "\n", dialect == "dash"
    if dialect in _PLAIN:
        while rest and _OPTION.fullmatch(rest[0]):
            for letter in rest.pop(0)[1:]:
                newline = "" if letter == "n" else newline
                escapes = letter == "e" or (escapes and letter != "E")
    elif rest[:1] == ["-n"]:
        rest, newline = rest[1:], ""
    if dialect not in _PLAIN and rest and _OPTION.fullmatch(rest[0]):
        return None
    text = " ".join(rest)
    if "\\" not in text:
        return text + newline
    if dialect not in {"dash", *_PLAIN}:
        return None
    if not escapes:
        return text + newline
    if any(found[2] and found[2] in _DIFFERENT for found in _ESCAPE.finditer(text)):
        return None
    return _ESCAPE.sub(_character, text) + newline


def _character(found: re.Match[str]) -> str:
    if found[2] is None:
        return chr(int(found[1] or "0", 8) % 256)
    return _CHARACTERS.get(found[2], found[0])
