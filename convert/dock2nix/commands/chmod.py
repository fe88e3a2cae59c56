"""`chmod`: permissions, octal and symbolic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.commands.base import Translation, folder_of, is_octal, paths, pattern_of, writes_nowhere
from dock2nix.model.image import RunTool, SetMode
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.model.shell import Invocation, Redirect, Word
    from dock2nix.model.source import Location

PROGRAMS = frozenset({"chmod"})
_CLAUSE = r"[ugoa]*(?:[-+=](?:[rwxXst]*|[ugo]))+"
_SYMBOLIC = regex(rf"{_CLAUSE}(?:,{_CLAUSE})*")
_OPTION = regex(r"-[Rvfc]+|--recursive|--verbose|--silent|--quiet|--changes")
_MODE_LIKE_OPTION = regex(r"-[rwxXst]+(?:,.*)?")


def translate(
    invocation: Invocation, redirects: tuple[Redirect, ...], location: Location, text: str
) -> Translation | None:
    """One `SetMode` for each file."""
    found = _options_and_operands(invocation.arguments)
    if found is None or not writes_nowhere(redirects):
        return None
    options, (mode, *files) = found
    changed = paths(tuple(files), invocation.directory)
    if changed is None and mode.value and _is_mode(mode.value):
        return _with_patterns(options, mode.value, tuple(files), invocation, location, text)
    if not mode.value or not changed or not _is_mode(mode.value):
        return None
    recursive = any(option == "--recursive" or (option[1] != "-" and "R" in option) for option in options)
    return Translation(
        effects=tuple(
            SetMode(path=path, mode=mode.value, recursive=recursive, location=location, text=text)
            for path in changed
        ),
        reason="sets permissions",
    )


def _is_mode(text: str) -> bool:
    return is_octal(text) or _SYMBOLIC.fullmatch(text) is not None


def _with_patterns(
    options: list[str],
    mode: str,
    files: tuple[Word, ...],
    invocation: Invocation,
    location: Location,
    text: str,
) -> Translation | None:
    """`chmod +x bin/*.sh`: done by chmod itself, on whatever is there when the image is built."""
    found = tuple(pattern_of(word, invocation.directory) for word in files)
    known = tuple(path for path in found if path is not None)
    if len(known) != len(found):
        return None
    tool = RunTool(
        program="chmod",
        words=(*options, mode, *known),
        reads=tuple(folder_of(path) for path in known),
        location=location,
        text=text,
    )
    return Translation(effects=(tool,), reason="sets permissions")


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
