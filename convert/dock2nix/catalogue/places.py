"""Folders at which distributions have a package, and where nixpkgs has the same: `mappings/places.toml`."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

import tomli
from msgspec import Struct

from dock2nix.catalogue.rows import check_keys, text_of, texts_of
from dock2nix.errors import UsageError
from dock2nix.folders import data_folder
from dock2nix.regex import regex

_KEYS = frozenset({"path", "attributes", "inside"})
_VERSION = regex(r"(?:1\.)?([0-9]+)")


class Place(Struct, frozen=True, kw_only=True):
    """A row; the fields are documented at the top of mappings/places.toml."""

    path: str
    attributes: tuple[str, ...]
    inside: str

    def folder_in(self, path: str) -> str:
        """The leading part of an absolute path that this row is about, "" when it is about another one."""
        parts = self.path.split("/")
        given = path.split("/")[: len(parts)]
        fits = len(given) == len(parts) and all(
            fnmatchcase(name, part) for name, part in zip(given, parts, strict=True)
        )
        return "/".join(given) if fits else ""

    def fits(self, attribute_path: str) -> bool:
        """Whether a package is one that distributions have at this place."""
        return any(fnmatchcase(attribute_path, pattern) for pattern in self.attributes)


def version_named(folder: str) -> str:
    """The major version that the last part of a path names (`java-1.8.0-openjdk`: 8), "" for none."""
    found = _VERSION.search(folder.rpartition("/")[2])
    return found[1] if found else ""


@cache
def places() -> tuple[Place, ...]:
    """All rows, in order."""
    path = data_folder("mappings") / "places.toml"
    return read_places(tomli.loads(path.read_text(encoding="utf-8")), str(path))


def read_places(tables: dict[str, Any], where: str) -> tuple[Place, ...]:
    """The tables `[[place]]` of the file.

    Raises:
        UsageError: a row has not the documented form; the message names it.
    """
    check_keys(tables, frozenset({"place"}), where)
    rows = enumerate(tables.get("place", []), 1)
    return tuple(_place(row, f"{where}: [[place]] {number}") for number, row in rows)


def _place(table: dict[str, Any], where: str) -> Place:
    check_keys(table, _KEYS, where)
    found = Place(
        path=text_of(table, "path", where),
        attributes=texts_of(table, "attributes", where),
        inside=text_of(table, "inside", where),
    )
    if not (re.fullmatch(r"(/[^/]+)+", found.path) and found.attributes):
        raise UsageError(f"{where}: an absolute path and attributes were expected")
    return found
