"""Programs that need no network: `mappings/offline.toml`."""

from __future__ import annotations

from functools import cache
from typing import Any, Self

import tomli
from msgspec import Struct

from dock2nix.catalogue.rows import check_keys, flag_of, text_of, texts_of
from dock2nix.errors import UsageError
from dock2nix.folders import data_folder
from dock2nix.regex import regex

_KEYS = frozenset({"programs", "first", "never", "options", "reason"})
_VERSION = regex(r"(python|php|ruby|perl)[0-9][0-9.]*")


class OfflineCommand(Struct, frozen=True, kw_only=True):
    """A kind of command that needs no network. The fields are documented at the top of mappings/offline.toml."""

    programs: tuple[str, ...]
    reason: str
    first: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    options: bool = False

    def fits(self, words: tuple[str | None, ...]) -> bool:
        """Whether a command with these words behind the program is of this kind; None is a word that is not known."""
        said = words if self.options else tuple(word for word in words if word is None or word[:1] != "-")
        return said[: len(self.first)] == self.first and not set(self.never).intersection(words)


class OfflinePrograms:
    """The rows of offline.toml, by program."""

    def __init__(self, commands: tuple[OfflineCommand, ...]) -> None:
        self._by_program: dict[str, list[OfflineCommand]] = {}
        for command in commands:
            for program in command.programs:
                self._by_program.setdefault(program, []).append(command)

    @classmethod
    def from_tables(cls, tables: dict[str, Any], where: str) -> Self:
        """From the tables `[[offline]]` of the file.

        Raises:
            UsageError: a row has not the documented form; the message names it.

        """
        check_keys(tables, frozenset({"offline"}), where)
        rows = enumerate(tables.get("offline", []), 1)
        return cls(tuple(_command(row, f"{where}: [[offline]] {number}") for number, row in rows))

    def reason(self, program: str, words: tuple[str | None, ...]) -> str | None:
        """Why a command needs no network, None when that is not known.

        Args:
            program: its name without folder; `python3.12` counts as `python`.
            words: what stands behind it, None for a word that is not known.

        """
        found = _VERSION.fullmatch(program)
        rows = self._by_program.get(found[1] if found else program, ())
        return next((row.reason for row in rows if row.fits(words)), None)


@cache
def offline_programs() -> OfflinePrograms:
    """Those that ship with dock2nix."""
    path = data_folder("mappings") / "offline.toml"
    return OfflinePrograms.from_tables(tomli.loads(path.read_text(encoding="utf-8")), str(path))


def _command(table: dict[str, Any], where: str) -> OfflineCommand:
    check_keys(table, _KEYS, where)
    programs, reason = texts_of(table, "programs", where), text_of(table, "reason", where)
    if not programs or not reason:
        raise UsageError(f"{where}: programs and a reason were expected")
    return OfflineCommand(
        programs=programs,
        reason=reason,
        first=texts_of(table, "first", where),
        never=texts_of(table, "never", where),
        options=flag_of(table, "options", where),
    )
