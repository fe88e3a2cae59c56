"""The hand-kept tables of `mappings/`: package names, rules for names of one form, commands and paths without effect.

`mappings/<manager>.toml` says what the names of a package manager are in nixpkgs; the comment at the top of apt.toml documents
the form of a row. A user's `dock2nix.toml` may hold tables of the same rows (`[apt]`, `[pip]` …), which win.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import tomli
from msgspec.structs import replace

from dock2nix.catalogue.noops import NoOps
from dock2nix.catalogue.overrides import Overrides, read_overrides
from dock2nix.catalogue.rows import package_from_row
from dock2nix.catalogue.rules import apply_rule, rule_from_table
from dock2nix.errors import UsageError
from dock2nix.folders import data_folder
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from dock2nix.catalogue.base import CuratedPackage
    from dock2nix.catalogue.rules import Index, Rule

_NAME = regex(r"[A-Za-z0-9@/][][A-Za-z0-9@/ .,:_+~()-]{0,199}")
_BARE_KEY = regex(r"[A-Za-z0-9_-]+")
_TABLE = regex(r"[a-z][a-z0-9-]*")
_RULES = "\n[[rules]]"


class Mappings:
    """All tables of a folder; each is read when it is first asked for.

    Args:
        folder: holds `<table>.toml` and `no-ops.toml`.
        overrides: the user's dock2nix.toml, None for none.

    """

    def __init__(self, folder: Path, overrides: Overrides | None) -> None:
        self._folder = folder
        self._overrides = overrides
        self._texts: dict[str, str] = {}
        self._rules: dict[str, tuple[Rule, ...]] = {}

    @classmethod
    def load(cls, folder: Path | None = None, overrides: Path | Overrides | None = None) -> Mappings:
        """The tables in `folder` (the ones that ship with dock2nix when None), with a user's rows on top.

        Args:
            folder: holds `<table>.toml` and `no-ops.toml`.
            overrides: a dock2nix.toml whose tables `[apt]`, `[pip]` … hold rows in the same format.

        Raises:
            UsageError: `overrides` cannot be read.
            ConfigurationError: it is not TOML, or a table or row of it has not the documented form.

        """
        found = (
            overrides if overrides is None or isinstance(overrides, Overrides) else read_overrides(overrides)
        )
        return cls(folder or data_folder("mappings"), found)

    def curated(self, table: str, name: str) -> CuratedPackage | None:
        """The row for a name: the user's (its `reason` begins with `override`), else ours, else that of the inherited table.

        Args:
            table: a package manager's table, e.g. `apt`; of a table that does not exist no row is known.
            name: the package as that manager calls it.

        Raises:
            UsageError: the row is malformed; the message names file and key.

        """
        override = self._override(table, name)
        if override is not None:
            return override
        row = _row_in(self._packages(table), name)
        if row is not None:
            return package_from_row(name, row, f"{self._path(table)}: [packages]")
        parent = self._parent(table)
        return self.curated(parent, name) if parent else None

    def rule(self, table: str, name: str, index: Index | None = None) -> CuratedPackage | None:
        """What the rules say of a name that has no row; the first rule that applies decides.

        Args:
            table: a package manager's table.
            name: the package as that manager calls it.
            index: what nixpkgs holds. Without it only the rules apply whose attributes are sure to exist; with it also
                those that depend on it, and outputs that an attribute lacks are dropped.

        Returns:
            The package; its `reason` begins with the word `rule`.

        Raises:
            UsageError: a rule is malformed; the message names file and rule.

        """
        if not _NAME.fullmatch(name):
            return None

        def whole(other: str) -> CuratedPackage | None:
            return self.curated(table, other) or self.rule(table, other, index)

        for rule in self.rules(table):
            package = apply_rule(rule, name, index, whole)
            if package is not None:
                return package
        return None

    def names(self, table: str) -> tuple[str, ...]:
        """All names that have a row of their own in our table, sorted (rules and inherited tables not counted)."""
        rows = _toml(self._packages(table), str(self._path(table))).get("packages", {})
        return tuple(sorted(rows))

    def rules(self, table: str) -> tuple[Rule, ...]:
        """The rules of a table in the order they are tried, those of the table it inherits behind its own."""
        if table not in self._rules:
            where = str(self._path(table))
            _, _, tail = self._text(table).partition(_RULES)
            tables = _toml("[[rules]]" + tail, where)["rules"] if tail else []
            own = tuple(
                rule_from_table(row, f"{where}: [[rules]] {number}") for number, row in enumerate(tables, 1)
            )
            parent = self._parent(table)
            self._rules[table] = own + (self.rules(parent) if parent else ())
        return self._rules[table]

    def no_op(self, program: str, arguments: tuple[str, ...], written: Collection[str] = ()) -> str | None:
        """Why a command has no effect on the image, or None when it may have one; see `NoOps.command`."""
        return self._no_ops.command(program, arguments, written)

    def no_op_path(self, path: str) -> str | None:
        """Why it does not matter what is written to or removed from a path, or None; see `NoOps.path`."""
        return self._no_ops.path(path)

    @cached_property
    def _no_ops(self) -> NoOps:
        path = self._folder / "no-ops.toml"
        return NoOps.from_tables(_toml(_read(path), str(path)), str(path))

    def _override(self, table: str, name: str) -> CuratedPackage | None:
        rows = self._overrides.tables.get(table, {}) if self._overrides else {}
        if self._overrides is None or name not in rows:
            return None
        package = package_from_row(name, rows[name], f"{self._overrides.path}: [{table}]")
        reason = f": {package.reason}" if package.reason else ""
        return replace(package, reason=f"override: {self._overrides.name}{reason}")

    def _path(self, table: str) -> Path:
        return self._folder / f"{table}.toml"

    def _text(self, table: str) -> str:
        if table not in self._texts:
            known = _TABLE.fullmatch(table) and self._path(table).is_file()
            self._texts[table] = _read(self._path(table)) if known else ""
        return self._texts[table]

    def _packages(self, table: str) -> str:
        return self._text(table).partition(_RULES)[0]

    def _parent(self, table: str) -> str:
        """The table that is asked for names unknown here: `inherit = "dnf"` at the top of the file."""
        preamble = self._text(table).partition("\n[packages]")[0]
        if "\ninherit = " not in preamble:
            return ""
        return str(_toml(preamble, str(self._path(table)))["inherit"])


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from error


def _toml(text: str, where: str) -> dict[str, Any]:
    try:
        return tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        raise UsageError(f"{where}: {error}") from error


def _row_in(packages: str, name: str) -> object | None:
    """The value of one row. Only its line is parsed: a whole table takes 20 ms, and a run asks for a few names.

    Our tables have one line a package, its key bare or in quotes without escapes; a test holds them to it.
    """
    if not _NAME.fullmatch(name):
        return None
    key = name if _BARE_KEY.fullmatch(name) else f'"{name}"'
    begin = packages.find(f"\n{key} = ", max(packages.find("\n[packages]"), 0))
    if begin < 0:
        return None
    line = packages[begin + 1 :].partition("\n")[0]
    found: object = _toml(line, f"[packages] {name}")[name]
    return found
