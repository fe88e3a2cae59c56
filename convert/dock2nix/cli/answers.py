"""What `dock2nix why` has to say, before it is printed as text or JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from dock2nix.cli.toml_text import toml_key, toml_value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dock2nix.catalogue.base import Catalogue


class Candidate(Struct, frozen=True, kw_only=True):
    """Something else that could be meant; `path` is an attribute path (or a base image), `why` says what speaks for it."""

    path: str
    version: str = ""
    why: str
    is_attribute: bool = True

    @property
    def shown(self) -> str:
        return f"pkgs.{self.path} {self.version}".rstrip() if self.is_attribute else self.path


class Row(Struct, frozen=True, kw_only=True):
    """What to write into dock2nix.toml: `text` below the table header, or several headers and rows when `table` is ""."""

    table: str
    text: str

    @property
    def shown(self) -> str:
        return f"[{self.table}]\n{self.text}" if self.table else self.text


class Answer(Struct, frozen=True, kw_only=True):
    """`facts` are (label, text) for people, `data` the same for programs."""

    known: bool
    facts: tuple[tuple[str, str], ...]
    data: dict[str, Any]
    candidates: tuple[Candidate, ...]
    row: Row


def toml_row(table: str, name: str, value: object) -> Row:
    """One row of a table."""
    return Row(table=table, text=f"{toml_key(name)} = {toml_value(value)}")


def candidates(
    catalogue: Catalogue, found: Iterable[tuple[str, str]], without: Iterable[str], limit: int = 6
) -> tuple[Candidate, ...]:
    """Attributes worth a look, each once, with their versions.

    Args:
        catalogue: for the versions, and to leave out what is not there.
        found: attribute paths and why they are candidates, best first.
        without: the paths decided for.
        limit: how many at most.
    """
    chosen = {_canonical(catalogue, path) for path in without}
    kept: dict[str, Candidate] = {}
    for path, why in found:
        known = catalogue.attribute(path)
        if known is not None and known.path not in chosen and known.path not in kept:
            kept[known.path] = Candidate(path=str(known.path), version=known.version, why=why)
    return tuple(kept.values())[:limit]


def _canonical(catalogue: Catalogue, path: str) -> str:
    known = catalogue.attribute(path)
    return str(known.path) if known else path
