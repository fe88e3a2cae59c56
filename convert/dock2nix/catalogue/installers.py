"""Scripts that are downloaded and run, by their addresses: `mappings/installers.toml`."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import tomli
from msgspec import Struct

from dock2nix.catalogue.rows import check_keys, text_of, texts_of
from dock2nix.errors import UsageError
from dock2nix.folders import data_folder

_KEYS = frozenset(
    {"addresses", "packages", "manager", "stream", "version", "words", "reason", "optional", "program"}
)
_SCHEME = re.compile(r"https?://", re.IGNORECASE)


class Installer(Struct, frozen=True, kw_only=True):
    """What a script installs. The fields are documented at the top of mappings/installers.toml.

    `filled` is what stands in the place of the first `*` of the address.
    """

    addresses: tuple[str, ...]
    packages: tuple[str, ...] = ()
    manager: str = "apt"
    stream: str = ""
    version: str = ""
    words: tuple[str, ...] = ()
    reason: str = ""
    optional: bool = False
    program: str = ""
    filled: str = ""


def installer_at(url: str) -> Installer | None:
    """The row for an address; None when nobody knows what it does."""
    place = _SCHEME.sub("", url.partition("?")[0].partition("#")[0], 1)
    for installer in _installers():
        for pattern in installer.addresses:
            parts = map(re.escape, pattern.split("*"))
            found = re.fullmatch("(.*)".join(parts), place)
            if found is not None:
                return _filled(installer, found[1] if found.groups() else "")
    return None


def _filled(installer: Installer, text: str) -> Installer:
    from msgspec.structs import replace  # noqa: PLC0415 - few Dockerfiles run a download

    return replace(installer, filled=text)


@cache
def _installers() -> tuple[Installer, ...]:
    path = data_folder("mappings") / "installers.toml"
    return read_installers(tomli.loads(path.read_text(encoding="utf-8")), str(path))


def read_installers(tables: dict[str, Any], where: str) -> tuple[Installer, ...]:
    """The tables `[[installer]]` of the file.

    Raises:
        UsageError: a row has not the documented form; the message names it.
    """
    check_keys(tables, frozenset({"installer"}), where)
    rows = enumerate(tables.get("installer", []), 1)
    return tuple(_installer(row, f"{where}: [[installer]] {number}") for number, row in rows)


def _installer(table: dict[str, Any], where: str) -> Installer:
    check_keys(table, _KEYS, where)
    found = Installer(
        addresses=texts_of(table, "addresses", where),
        packages=texts_of(table, "packages", where),
        manager=text_of(table, "manager", where) or "apt",
        stream=text_of(table, "stream", where),
        version=text_of(table, "version", where),
        words=texts_of(table, "words", where),
        reason=text_of(table, "reason", where),
        program=text_of(table, "program", where),
        optional=table.get("optional") is True,
    )
    chosen = (found.packages, found.stream, "" if found.optional and found.version else found.reason)
    if not found.addresses or sum(map(bool, chosen)) != 1:
        raise UsageError(f"{where}: addresses, and one of packages, stream and reason were expected")
    return found
