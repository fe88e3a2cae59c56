"""`chmod`: permissions, octal and symbolic."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dock2nix.commands.base import Translation, is_octal, paths, writes_nowhere
from dock2nix.model.image import SetMode

if TYPE_CHECKING:
    from dock2nix.model.shell import Invocation, Redirect, Word
    from dock2nix.model.source import Location

PROGRAMS = frozenset({"chmod"})
_CLAUSE = r"[ugoa]*(?:[-+=](?:[rwxXst]*|[ugo]))+"
_SYMBOLIC = re.compile(rf"{_CLAUSE}(?:,{_CLAUSE})*")
_OPTION = re.compile(r"-[Rvfc]+|--recursive|--verbose|--silent|--quiet|--changes")
_MODE_LIKE_OPTION = re.compile(r"-[rwxXst]+(?:,.*)?")


def translate(
    invocation: Invocation, redirects: tuple[Redirect, ...], location: Location, text: str
) -> Translation | None:
    """One `SetMode` for each file."""
    found = _options_and_operands(invocation.arguments)
    if found is None or not writes_nowhere(redirects):
        return None
    options, (mode, *files) = found
    changed = paths(tuple(files), invocation.directory)
    if not mode.value or not changed or not (is_octal(mode.value) or _SYMBOLIC.fullmatch(mode.value)):
        return None
    recursive = any(option == "--recursive" or (option[1] != "-" and "R" in option) for option in options)
    return Translation(
        effects=tuple(
            SetMode(path=path, mode=mode.value, recursive=recursive, location=location, text=text)
            for path in changed
        ),
        reason="sets permissions",
    )


def _options_and_operands(words: tuple[Word, ...]) -> tuple[list[str], list[Word]] | None:
    """A mode such as `-x` looks like an option and is none; None for options that mean something else here."""
    options: list[str] = []
    operands: list[Word] = []
    for at, word in enumerate(words):
        if word.value is None:
            return None
        if word.value == "--":
            operands += words[at + 1 :]
            break
        is_option = word.value.startswith("-") and not _MODE_LIKE_OPTION.fullmatch(word.value)
        if is_option and not _OPTION.fullmatch(word.value):
            return None
        if is_option:
            options.append(word.value)
        else:
            operands.append(word)
    return (options, operands) if operands else None
