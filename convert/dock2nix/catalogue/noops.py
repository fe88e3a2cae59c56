"""Commands and paths that leave nothing behind in an image: `mappings/no-ops.toml`, matched strictly."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any, Self

from msgspec import Struct

from dock2nix.catalogue.rows import check_keys, flag_of, text_of, texts_of
from dock2nix.errors import UsageError
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_PATH_KEYS = frozenset({"path", "reason", "writable", "whole"})
_COMMAND_KEYS = frozenset(
    {
        *("program", "programs", "reason", "arguments", "more", "any_option", "no_option", "valued"),
        *("last", "paths", "skip", "path_options", "unless_written", "sole", "subcommands"),
    }
)
_GLOB = regex(r"[*?\[{]")
_EVERYTHING = regex(r"(?:\*|\.\*|\.\[!\.\]\*|\*\.\*|\.\?\?\*)")
_SUBCOMMAND = regex(r"[a-z][a-z0-9_-]{1,40}")
ANY_PROGRAM = "*"


class HarmlessPath(Struct, frozen=True, kw_only=True):
    """A path of which it does not matter what is removed at it or below it.

    `path` is absolute; a component `*` stands for any one name. `writable`: neither does it matter what is written there.
    `whole`: it matters for single names below it, but not for all of them at once (`/tmp/*`).
    """

    path: str
    reason: str
    writable: bool = False
    whole: bool = False


class HarmlessCommand(Struct, frozen=True, kw_only=True):
    """A command without effect. The fields are documented at the top of mappings/no-ops.toml."""

    programs: tuple[str, ...]
    reason: str
    arguments: tuple[str, ...] = ()
    more: bool = False
    any_option: tuple[str, ...] = ()
    no_option: tuple[str, ...] = ()
    valued: tuple[str, ...] = ()
    last: tuple[str, ...] = ()
    sole: tuple[str, ...] = ()
    subcommands: bool = False
    paths: bool = False
    skip: int = 0
    path_options: tuple[str, ...] = ()
    unless_written: tuple[str, ...] = ()


class Words(Struct, frozen=True, kw_only=True):
    """Arguments told apart: `options` as (name, value or None), the rest as `operands`."""

    options: tuple[tuple[str, str | None], ...]
    operands: tuple[str, ...]


class NoOps:
    """The rows of no-ops.toml.

    Args:
        commands: in the order they are tried.
        paths: in the order they are tried.

    """

    def __init__(self, commands: tuple[HarmlessCommand, ...], paths: tuple[HarmlessPath, ...]) -> None:
        self.commands = commands
        self.paths = paths
        self._by_program: dict[str, tuple[HarmlessCommand, ...]] = {}

    @classmethod
    def from_tables(cls, tables: dict[str, Any], where: str) -> Self:
        """From the tables `[[no_op]]` and `[[path]]` of the file.

        Raises:
            UsageError: a row has not the documented form; the message names it.

        """
        check_keys(tables, frozenset({"no_op", "path"}), where)
        commands = enumerate(tables.get("no_op", []), 1)
        paths = enumerate(tables.get("path", []), 1)
        return cls(
            tuple(_command(row, f"{where}: [[no_op]] {number}") for number, row in commands),
            tuple(_path(row, f"{where}: [[path]] {number}") for number, row in paths),
        )

    def command(self, program: str, arguments: tuple[str, ...], written: Collection[str] = ()) -> str | None:
        """Why a command leaves nothing behind in the image, None when in doubt.

        It is judged by itself: the caller must see to it that its output goes to no file and to no other command.

        Args:
            program: its name or path.
            arguments: the words behind it, quotes and variables resolved; globs as written.
            written: absolute paths that COPY, ADD and earlier commands put into the image.

        """
        name = program.rsplit("/", 1)[-1]
        for row in self._rows(name):
            reason = self._judge(row, arguments, written)
            if reason:
                return reason
        return None

    def _rows(self, name: str) -> tuple[HarmlessCommand, ...]:
        """The rows of a program; looked for once, since a Dockerfile runs the same ones again and again."""
        if name not in self._by_program:
            self._by_program[name] = tuple(
                row for row in self.commands if name in row.programs or ANY_PROGRAM in row.programs
            )
        return self._by_program[name]

    def path(self, path: str) -> str | None:
        """Why it does not matter what is written to a path or removed from it (caches, package sources), None when in doubt.

        Args:
            path: absolute.

        """
        return self._harmless(path, (), writable=True)

    def _judge(
        self, row: HarmlessCommand, arguments: tuple[str, ...], written: Collection[str]
    ) -> str | None:
        words = split_words(arguments, row.valued + row.path_options)
        if not _fits(row, arguments, words) or _touched(row.unless_written, written):
            return None
        targets = _targets(row, words)
        if targets is None:
            return row.reason
        writable = row.programs != ("rm",)
        reasons = [self._harmless(target, written, writable=writable) for target in targets]
        return reasons[0] if reasons and all(reasons) else None

    def _harmless(self, path: str, written: Collection[str], *, writable: bool) -> str | None:
        if not path.startswith("/") or ".." in path.split("/"):
            return None
        wanted = posixpath.normpath(path).split("/")
        for row in self.paths:
            if (row.writable or not writable) and _covers(row, wanted) and not _touched((path,), written):
                return row.reason
        return None


def split_words(arguments: tuple[str, ...], valued: tuple[str, ...] = ()) -> Words:
    """Tell options from operands, as getopt does: `-o file`, `-ofile`, `-fso file`, `--output file`, `--output=file`, `--`.

    Args:
        arguments: the words behind a program.
        valued: options that take a value (`-o`, `--output`).

    """
    options: list[tuple[str, str | None]] = []
    operands: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "--":
            operands.extend(words)
        elif not word.startswith("-") or word == "-":
            operands.append(word)
        elif word.startswith("--"):
            name, equals, value = word.partition("=")
            options.append((name, value if equals else next(words, None) if name in valued else None))
        else:
            options.extend(_short_options(word, valued, words))
    return Words(options=tuple(options), operands=tuple(operands))


def _short_options(word: str, valued: tuple[str, ...], words: Iterator[str]) -> list[tuple[str, str | None]]:
    """`-fsSLo file` in single letters; the whole word too, since some programs have long options with one dash."""
    found: list[tuple[str, str | None]] = [(word, None)] if len(word) > 2 else []
    for at, letter in enumerate(word[1:], 1):
        if f"-{letter}" in valued:
            return [*found, (f"-{letter}", word[at + 1 :] or next(words, None))]
        found.append((f"-{letter}", None))
    return found


def _fits(row: HarmlessCommand, arguments: tuple[str, ...], words: Words) -> bool:
    names = {name for name, _ in words.options}
    count = len(row.arguments)
    if words.operands[:count] != row.arguments or names.intersection(row.no_option):
        return False
    if row.any_option and not names.intersection(row.any_option):
        return False
    if row.sole:
        return len(arguments) == 1 and arguments[0] in row.sole
    if row.last:
        before = words.operands[count:]
        fits = all(word in row.last or (row.subcommands and _SUBCOMMAND.fullmatch(word)) for word in before)
        return bool(arguments) and arguments[-1] in row.last and fits
    return row.more or row.paths or len(words.operands) == count


def _targets(row: HarmlessCommand, words: Words) -> tuple[str, ...] | None:
    """The paths that a row looks at, None when it looks at none."""
    if row.paths:
        return words.operands[len(row.arguments) + row.skip :]
    if row.path_options:
        return tuple(value or "" for name, value in words.options if name in row.path_options)
    return None


def _covers(row: HarmlessPath, wanted: list[str]) -> bool:
    pattern = row.path.split("/")
    if row.whole:
        return (
            len(wanted) == len(pattern) + 1
            and wanted[:-1] == pattern
            and bool(_EVERYTHING.fullmatch(wanted[-1]))
        )
    beginning = wanted[: len(pattern)]
    if len(beginning) < len(pattern):
        return False
    return all(
        part == "*" or (part == name and not _GLOB.search(name))
        for part, name in zip(pattern, beginning, strict=True)
    )


def _touched(paths: tuple[str, ...], written: Collection[str]) -> bool:
    """Whether one of the written paths stands at, above or below one of the paths (of a glob: its constant beginning)."""
    starts = [_GLOB.split(path)[0].rstrip("/") for path in paths]
    return any(
        other.startswith(start) or f"{start}/".startswith(f"{other.rstrip('/')}/")
        for start in starts
        for other in written
    )


def _command(table: dict[str, Any], where: str) -> HarmlessCommand:
    check_keys(table, _COMMAND_KEYS, where)
    program = text_of(table, "program", where)
    programs = (program,) if program else texts_of(table, "programs", where)
    reason = text_of(table, "reason", where)
    skip = table.get("skip", 0)
    if not programs or not isinstance(skip, int):
        raise UsageError(f"{where}: program or programs were expected, and skip must be a number")
    row = HarmlessCommand(
        programs=programs,
        reason=reason,
        arguments=texts_of(table, "arguments", where),
        more=flag_of(table, "more", where),
        any_option=texts_of(table, "any_option", where),
        no_option=texts_of(table, "no_option", where),
        valued=texts_of(table, "valued", where),
        last=texts_of(table, "last", where),
        sole=texts_of(table, "sole", where),
        subcommands=flag_of(table, "subcommands", where),
        paths=flag_of(table, "paths", where),
        skip=skip,
        path_options=texts_of(table, "path_options", where),
        unless_written=texts_of(table, "unless_written", where),
    )
    if not reason and not (row.paths or row.path_options):
        raise UsageError(f"{where}: a reason was expected")
    return row


def _path(table: dict[str, Any], where: str) -> HarmlessPath:
    check_keys(table, _PATH_KEYS, where)
    path, reason = text_of(table, "path", where), text_of(table, "reason", where)
    if not path.startswith("/") or not reason:
        raise UsageError(f"{where}: an absolute path and a reason were expected")
    return HarmlessPath(
        path=path,
        reason=reason,
        writable=flag_of(table, "writable", where),
        whole=flag_of(table, "whole", where),
    )
