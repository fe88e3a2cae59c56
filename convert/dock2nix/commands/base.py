"""What the command modules share: options taken apart as getopt does it, paths made absolute, and the form of the result."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from dock2nix.model.image import ToolPath
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dock2nix.model.image import Effect
    from dock2nix.model.shell import Invocation, Redirect, Word
    from dock2nix.model.source import Location

_BRACES = regex(r"\{[^{}]*(?:,|\.\.)[^{}]*\}")
_QUOTED = regex(r"\\.|'[^']*'|\"(?:\\.|[^\"\\])*\"", re.DOTALL)
_OCTAL = regex(r"0*[0-7]{1,4}")
_ACCOUNT = regex(r"[A-Za-z_][A-Za-z0-9_.-]*\$?")
_NUMBER = regex(r"[0-9]{1,10}")
_NOWHERE = frozenset({"/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty"})
_WRITING = frozenset({">", ">>", ">|", "&>", "&>>", ">&", "<>"})
_DUPLICATE = regex(r"[0-9]+-?|-")


class Translation(Struct, frozen=True, kw_only=True):
    """What a command does to files and users, in order.

    `reason` says it in words for the report; `findings` are `(finding code, message, hint)`, yet without a place.
    """

    effects: tuple[Effect, ...]
    reason: str = ""
    findings: tuple[tuple[str, str, str], ...] = ()


class Command(Protocol):
    """A module of this package."""

    PROGRAMS: frozenset[str]

    def translate(
        self, invocation: Invocation, redirects: tuple[Redirect, ...], location: Location, text: str
    ) -> Translation | None:
        """What the command does, None when that cannot be said faithfully.

        Args:
            invocation: the command after expansion; its `program` is one of `PROGRAMS`.
            redirects: its redirections.
            location: where it stands in the Dockerfile.
            text: the command as written, for the comments of the result.

        """
        ...


class Options(Struct, frozen=True, kw_only=True):
    """A command line taken apart: `given` are (first spelling in the table, value or ""), `operands` the other words."""

    given: tuple[tuple[str, str], ...]
    operands: tuple[Word, ...]

    def has(self, *names: str) -> bool:
        """Whether one of the options was given."""
        return any(name in names for name, _ in self.given)

    def last(self, name: str) -> str | None:
        """The value of an option, the last one if it was given several times, None if it was not."""
        return next((value for given, value in reversed(self.given) if given == name), None)

    def values(self, name: str) -> tuple[str, ...]:
        """All values of an option, in order."""
        return tuple(value for given, value in self.given if given == name)


def option_table(*rows: str) -> Mapping[str, tuple[str, bool]]:
    """A table of options: each row has the spellings of one option, and a `=` at the end when it takes a value."""
    table = {}
    for row in rows:
        *names, last = row.split()
        if last != "=":
            names.append(last)
        table.update(dict.fromkeys(names, (names[0], last == "=")))
    return table


def word_set(text: str) -> frozenset[str]:
    """A set of names, written as words."""
    return frozenset(text.split())


def read_options(words: tuple[Word, ...], table: Mapping[str, tuple[str, bool]]) -> Options | None:
    """Take the arguments of a program apart as GNU getopt does: options may follow operands, `--` ends them.

    Args:
        words: the arguments.
        table: as `option_table` made it.

    Returns:
        None when a word is not known, or an option is not in the table, lacks its value or has one that it does not take.

    """
    given: list[tuple[str, str]] = []
    operands: list[Word] = []
    values = [word.value for word in words]
    at = 0
    while at < len(words):
        value = values[at]
        if value is None:
            return None
        if value == "--":
            operands += words[at + 1 :]
            break
        if not value.startswith("-") or value == "-":
            operands.append(words[at])
        else:
            found = _read_long(value, table) if value.startswith("--") else _read_short(value, table)
            if found is None:
                return None
            if found and found[-1][1] is None:  # the value is the next word
                at += 1
                argument = values[at] if at < len(words) else None
                if argument is None:
                    return None
                found[-1] = (found[-1][0], argument)
            given += ((name, argument or "") for name, argument in found)
        at += 1
    return None if any(word.value is None for word in operands) else _options(given, operands)


def _options(given: list[tuple[str, str]], operands: list[Word]) -> Options:
    return Options(given=tuple(given), operands=tuple(operands))


def _read_long(text: str, table: Mapping[str, tuple[str, bool]]) -> list[tuple[str, str | None]] | None:
    """The option of `--name` or `--name=value`; its value is None when it is the next word."""
    spelling, equals, value = text.partition("=")
    name, valued = table.get(spelling, ("", False))
    if not name or (equals and not valued):
        return None
    return [(name, value if equals else None if valued else "")]


def _read_short(text: str, table: Mapping[str, tuple[str, bool]]) -> list[tuple[str, str | None]] | None:
    """The options of `-abc`, where one that takes a value has the rest of the word or the next word for it."""
    found: list[tuple[str, str | None]] = []
    for at, letter in enumerate(text[1:], start=1):
        name, valued = table.get(f"-{letter}", ("", False))
        if not name:
            return None
        found.append((name, (text[at + 1 :] or None) if valued else ""))
        if valued:
            break
    return found


def paths(words: tuple[Word, ...], directory: str | None) -> tuple[str, ...] | None:
    """The absolute paths that words name; None when one cannot be known or is a pattern.

    Args:
        words: operands of a command.
        directory: where the command runs, None when that is not known.

    """
    found = tuple(path_of(word, directory) for word in words)
    known = tuple(path for path in found if path is not None)
    return known if len(known) == len(found) else None


def path_of(word: Word, directory: str | None) -> str | None:
    """The absolute path that a word names; None when it cannot be known or is a pattern."""
    return None if word.value is None or is_pattern(word) else absolute(word.value, directory)


def absolute(path: str, directory: str | None) -> str | None:
    """`path` seen from `directory`, normalised; None when there is no telling."""
    if not path or "\0" in path or (directory is None and not path.startswith("/")):
        return None
    return "/" + posixpath.normpath(posixpath.join(directory or "/", path)).lstrip("/")


def is_pattern(word: Word) -> bool:
    """Whether the shell would make file names out of the word: a glob, or braces (which bash expands and dash does not)."""
    bare = _QUOTED.sub("", word.text) if word.quoted else word.value or ""
    return any(char in "*?[" for char in bare) or _BRACES.search(bare) is not None


def pattern_of(word: Word, directory: str | None) -> ToolPath | None:
    """A word as a path or as a pattern of paths; None when it cannot be known, or has braces or wildcards that are quoted."""
    if (
        word.value is None
        or _BRACES.search(word.value)
        or (is_pattern(word) and not _wildcards_are_bare(word))
    ):
        return None
    path = absolute(word.value, directory)
    return None if path is None else ToolPath(path, is_pattern(word))


def _wildcards_are_bare(word: Word) -> bool:
    """Whether all wildcards of its value stand in the word as written, outside of quotes (`"$DIR"/*`)."""
    if not word.quoted:
        return True
    bare = _QUOTED.sub("", word.text)
    return all(bare.count(char) == (word.value or "").count(char) for char in "*?[")


def is_temporary(word: Word) -> bool:
    """Whether a word is a name that mktemp made: nothing that is known is there."""
    return word.value is None and word.unknown.startswith("$(mktemp")


def folder_of(path: ToolPath) -> str:
    """What must be there for a path to name something: itself, or the folder in front of the first part with a wildcard."""
    if not path.pattern:
        return path.path
    parts = path.path.split("/")
    plain = next(at for at, part in enumerate(parts) if any(char in "*?[" for char in part))
    return "/".join(parts[:plain]) or "/"


def is_octal(mode: str) -> bool:
    """Whether a file mode is written in octal digits."""
    return _OCTAL.fullmatch(mode) is not None


def is_account(name: str) -> bool:
    """Whether `name` may be the name of a user or group."""
    return _ACCOUNT.fullmatch(name) is not None


def number(text: str | None) -> int | None:
    """The number of a user or group; None when `text` is not one."""
    return int(text) if text is not None and _NUMBER.fullmatch(text) else None


def writes_nowhere(redirects: tuple[Redirect, ...]) -> bool:
    """Whether no redirection makes or changes a file."""
    return all(_is_harmless(redirect) for redirect in redirects)


def output_file(redirects: tuple[Redirect, ...]) -> tuple[Word, bool] | None:
    """The file that standard output goes to, and whether it is appended to.

    Returns:
        None when output goes to no file, or another redirection writes a file too.

    """
    files = [redirect for redirect in redirects if not _is_harmless(redirect)]
    if len(files) != 1 or files[0].target is None:
        return None
    if files[0].operator not in {">", ">>", ">|", "&>", "&>>"} or files[0].descriptor not in {None, 1}:
        return None
    return files[0].target, files[0].operator.endswith(">>")


def _is_harmless(redirect: Redirect) -> bool:
    if redirect.operator not in _WRITING:
        return True
    target = redirect.target.value if redirect.target else None
    if target is None:
        return False
    return target in _NOWHERE or (redirect.operator == ">&" and _DUPLICATE.fullmatch(target) is not None)
