"""One row of a mapping table, checked: users write rows too, so each error names file and key."""

from __future__ import annotations

from typing import Any

from dock2nix.catalogue.base import CuratedPackage
from dock2nix.errors import UsageError
from dock2nix.model.packages import AttributePath
from dock2nix.regex import regex

ROW_KEYS = frozenset(
    {
        *("attribute", "attributes", "outputs", "not_needed", "reason", "build_only"),
        *("environment", "keep_with", "unfree", "unindexed", "caveat"),
    }
)
_PACKAGE_IN_VALUE = regex(r"@([^@]*)@")


def package_from_row(name: str, row: object, where: str) -> CuratedPackage:
    """A row of a table, checked.

    Args:
        name: the package's name.
        row: an attribute, a list of attributes, or a table with the keys that mappings/apt.toml documents.
        where: file and table, for messages.

    Raises:
        UsageError: the row has not the documented form.

    """
    where = f"{where} {name}"
    table = _as_table(row, where)
    check_keys(table, ROW_KEYS, where)
    not_needed = text_of(table, "not_needed", where)
    attributes = _attributes(table, where)
    keep_with = texts_of(table, "keep_with", where)
    if bool(not_needed) == bool(attributes):
        raise UsageError(f"{where}: either attributes or not_needed were expected")
    reason = not_needed or text_of(table, "reason", where)
    if keep_with and not reason:
        raise UsageError(f"{where}: keep_with needs a reason")
    return CuratedPackage(
        name=name,
        attributes=attributes,
        not_needed=bool(not_needed),
        reason=reason,
        build_only=flag_of(table, "build_only", where),
        environment=_environment(table, where),
        unfree=flag_of(table, "unfree", where),
        unindexed=bool(text_of(table, "unindexed", where)),
        keep_with=keep_with,
        caveat=text_of(table, "caveat", where),
    )


def check_keys(table: dict[str, Any], known: frozenset[str], where: str) -> None:
    """Refuse keys that mean nothing: most are misspelled."""
    unknown = sorted(set(table) - known)
    if unknown:
        raise UsageError(f"{where}: unknown key {unknown[0]!r}; known are {', '.join(sorted(known))}")


def text_of(table: dict[str, Any], key: str, where: str) -> str:
    """The text under a key, "" when there is none."""
    value = table.get(key, "")
    if not isinstance(value, str) or (key in table and not value):
        raise UsageError(f"{where}: {key} must be a text")
    return value


def flag_of(table: dict[str, Any], key: str, where: str) -> bool:
    """The truth value under a key, false when there is none."""
    value = table.get(key, False)
    if not isinstance(value, bool):
        raise UsageError(f"{where}: {key} must be true or false")
    return value


def texts_of(table: dict[str, Any], key: str, where: str) -> tuple[str, ...]:
    """The list of texts under a key, empty when there is none."""
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise UsageError(f"{where}: {key} must be a list of texts")
    return tuple(value)


def _as_table(row: object, where: str) -> dict[str, Any]:
    match row:
        case str():
            return {"attribute": row}
        case list():
            return {"attributes": row}
        case dict():
            return row
        case _:
            raise UsageError(f"{where}: an attribute, a list of attributes or a table was expected")


def _attributes(table: dict[str, Any], where: str) -> tuple[tuple[AttributePath, tuple[str, ...]], ...]:
    """The attributes of a row with their outputs; `path^output,…` is Nix's own notation for both in one."""
    outputs = texts_of(table, "outputs", where)
    if "attribute" in table:
        if "attributes" in table:
            raise UsageError(f"{where}: attribute and attributes exclude each other")
        return (_attribute(text_of(table, "attribute", where), outputs, where),)
    if outputs:
        raise UsageError(f"{where}: outputs needs attribute; in attributes write path^output")
    return tuple(_attribute(text, (), where) for text in texts_of(table, "attributes", where))


def _attribute(text: str, outputs: tuple[str, ...], where: str) -> tuple[AttributePath, tuple[str, ...]]:
    path, _, behind = text.partition("^")
    try:
        return AttributePath(path), tuple(behind.split(",")) if behind else outputs
    except ValueError as error:
        raise UsageError(f"{where}: {error}") from error


def _environment(table: dict[str, Any], where: str) -> tuple[tuple[str, str], ...]:
    value = table.get("environment", {})
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise UsageError(f"{where}: environment must be a table of texts")
    for path in (path for text in value.values() for path in _PACKAGE_IN_VALUE.findall(text)):
        _attribute(path, (), where)
    return tuple(sorted(value.items()))
