"""The user's own rows: `dock2nix.toml`, read, checked as a whole, and with the place of every row for messages.

Its tables are `[apt]`, `[apk]`, `[dnf]`, `[zypper]`, `[pip]`, `[npm]` and `[commands]` with rows in the form that
mappings/apt.toml documents, and `[base-images]` with rows in the form of mappings/base-images/, or with another image that
a repository is like (`"registry.example/base" = "python:3.12-slim"`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import tomli
from msgspec import Struct
from msgspec.structs import replace

from dock2nix.catalogue.image_tables import read_likeness, read_row
from dock2nix.catalogue.rows import package_from_row
from dock2nix.errors import ConfigurationError, UsageError
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from dock2nix.catalogue.base import CuratedPackage
    from dock2nix.catalogue.index import PackageIndex

FILE_NAME = "dock2nix.toml"
TABLES = ("apk", "apt", "commands", "dnf", "gem", "go", "npm", "php", "pip", "zypper")
IMAGES = "base-images"
LARGEST = 2**20
_MOST_SIGNS = 20  # a quoted key may hold some
_PLACE = regex(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)
_OTHER_PYTHON = regex(r"^python3[0-9]+Packages\.")
_SAME_TABLE = {
    "aptitude": "apt",
    "apt-get": "apt",
    "yum": "dnf",
    "microdnf": "dnf",
    "tdnf": "dnf",
    "rpm": "dnf",
    "pip3": "pip",
    "uv": "pip",
    "pipx": "pip",
    "poetry": "pip",
    "yarn": "npm",
    "pnpm": "npm",
    "pecl": "php",
    "command": "commands",
    "image": IMAGES,
    "images": IMAGES,
}


class Overrides(Struct, frozen=True, kw_only=True):
    """The rows of a dock2nix.toml, all of the documented form.

    `path` is the file as the user named it, `name` its last part. `tables` are rows by manager and name, `images` by repository.
    """

    path: str
    name: str
    text: str
    tables: Mapping[str, Mapping[str, object]]
    images: Mapping[str, object]

    def problem(self, message: str, *keys: str) -> ConfigurationError:
        """The error for what stands under `keys` (table, name)."""
        line, column = place_of(self.text, keys)
        return ConfigurationError(message, path=self.path, line=line, column=column)


def read_overrides(path: Path) -> Overrides:
    """A dock2nix.toml.

    Raises:
        UsageError: it cannot be read.
        ConfigurationError: it is not TOML, or a table or row has not the documented form; with file, line and column.

    """
    found, problems = examined_overrides(path, read_table_text(path))
    if problems:
        raise problems[0]
    return found


def examined_overrides(path: Path, text: str) -> tuple[Overrides, tuple[ConfigurationError, ...]]:
    """The rows of a dock2nix.toml that have the documented form, and what is wrong with the others.

    Args:
        path: of the file, for messages.
        text: its text.

    Raises:
        ConfigurationError: it is not TOML.

    """
    data = parse_table_text(text, str(path))
    images = data.pop(IMAGES, {})
    found = Overrides(path=str(path), name=path.name, text=text, tables={}, images={})
    problems: list[ConfigurationError] = []
    tables = {
        table: checked
        for table, rows in data.items()
        if (checked := _checked_table(found, table, rows, problems)) is not None
    }
    rows = _checked_images(found, images, problems)
    return replace(found, tables=tables, images=rows), tuple(problems)


def read_table_text(path: Path) -> str:
    """The text of a table file, without a byte order mark.

    Raises:
        UsageError: it cannot be read, or is too large to be one.

    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"{path}: cannot be read: {reason}") from error
    if len(content) > LARGEST:
        raise UsageError(f"{path}: a file of more than {LARGEST // 2**20} MiB is no table of rows")
    return text


def parse_table_text(text: str, path: str) -> dict[str, object]:
    """The tables of a file.

    Raises:
        ConfigurationError: it is not TOML; with the place tomli names.

    """
    try:
        return tomli.loads(text)
    except (tomli.TOMLDecodeError, RecursionError) as error:
        found = _PLACE.fullmatch(str(error))
        message = found[1] if found else str(error)
        written = text.rstrip("\n")
        end = written.count("\n") + 1, len(written) - written.rfind("\n")
        line, column = (int(found[2]), int(found[3])) if found and found[2] else end
        raise ConfigurationError(message, path=path, line=line, column=column) from error


def _checked_table(
    found: Overrides, table: str, rows: object, problems: list[ConfigurationError]
) -> dict[str, object] | None:
    """The rows by the name that is looked up: Python's distributions by their normalized one (PEP 503)."""
    if table not in TABLES:
        known = ", ".join(f"[{name}]" for name in (*TABLES, IMAGES))
        other = _SAME_TABLE.get(table)
        meant = f"what {table} calls packages belongs into [{other}]" if other else f"known are {known}"
        problems.append(found.problem(f"unknown table [{table}]: {meant}", table))
        return None
    if not isinstance(rows, dict):
        problems.append(found.problem(f"{table}: a table of rows was expected", table))
        return None
    checked: dict[str, object] = {}
    for name, row in rows.items():
        key = re.sub(r"[-_.]+", "-", name).lower() if table == "pip" else name
        try:
            package_from_row(name, row, f"[{table}]")
        except UsageError as error:
            hint = "; a name with dots stands in quotes" if f"\n{name}." in found.text else ""
            problems.append(found.problem(f"{error}{hint}", table, name))
            continue
        if key in checked:
            problems.append(found.problem(f"[{table}] {name}: {key} has a row already", table, name))
        checked[key] = row
    return checked


def _checked_images(
    found: Overrides, images: object, problems: list[ConfigurationError]
) -> dict[str, object]:
    """The rows of base images, with the user's file as their evidence where they name none."""
    if not isinstance(images, dict):
        problems.append(found.problem(f"{IMAGES}: a table of rows was expected", IMAGES))
        return {}
    checked: dict[str, object] = {}
    for repository, given in images.items():
        row = {"evidence": found.name} | given if isinstance(given, dict) else given
        try:
            _check_image(repository, row)
        except UsageError as error:
            problems.append(found.problem(str(error), IMAGES, repository))
        else:
            checked[repository] = row
    return checked


def _check_image(repository: str, row: object) -> None:
    place = f"[{IMAGES}] {repository}"
    if re.search(r"[:@][^/]*$", repository):
        raise UsageError(f"{place}: a repository without tag or digest was expected")
    if read_likeness(row, place) is None:
        read_row(row, place)


def check_attributes(found: Overrides, table: str, row: CuratedPackage, index: PackageIndex) -> None:
    """See that a row names attributes and outputs that nixpkgs has.

    Args:
        found: the user's file.
        table: where the row stands.
        row: the row; `unfree` and `unindexed` ones name what the index cannot know.
        index: what nixpkgs holds.

    Raises:
        ConfigurationError: an attribute or output is not there.

    """
    for path, outputs in row.attributes if not (row.unfree or row.unindexed) else ():
        known = index.attribute(path) or index.attribute(_OTHER_PYTHON.sub("python3Packages.", path))
        missing = [output for output in outputs if known is not None and output not in known.outputs]
        if known is not None and not missing:
            continue
        what = f"pkgs.{path} has no output {missing[0]}" if missing else f"nixpkgs has no attribute {path}"
        near = ", ".join(index.similar(path)) if known is None else ", ".join(known.outputs if known else ())
        hint = f" ({'near are' if known is None else 'it has'} {near})" if near else ""
        last = "" if missing else '; if it is there all the same, say why with unindexed = "…"'
        raise found.problem(f"[{table}] {row.name}: {what}{hint}{last}", table, row.name)


# --- where it stands ---------------------------------------------------------------------------------------------------------


def place_of(text: str, keys: tuple[str, ...]) -> tuple[int, int]:
    """1-based line and column of the row or table header that a path of keys names, (1, 1) when it is not found.

    What stands inside of a text over several lines may be taken for it: this is for messages.
    """
    for line, column, path in _rows(text, keys[-1]):
        if path[: len(keys)] == keys:
            return line, column
    return (1, 1) if len(keys) < 2 else place_of(text, keys[:-1])


def _rows(text: str, key: str) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """Line, column and path of keys of every table header, and of every row whose line holds `key`."""
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.split("\n"), 1):
        column = len(line) - len(line.lstrip()) + 1
        if line.lstrip().startswith("["):
            table = table_keys(line) or table
            yield number, column, table
        elif key in line and (keys := row_keys(line)) is not None:
            yield number, column, table + keys


def row_keys(line: str) -> tuple[str, ...] | None:
    """The keys in front of the `=` of a row (`a."b.c" = 1` to a, b.c); None when the line is none."""
    at = -1
    for _ in range(_MOST_SIGNS):
        at = line.find("=", at + 1)
        if at < 0 or line.lstrip().startswith("#"):
            return None
        keys = _keys(f"{line[:at]}= 0")
        if keys is not None:
            return keys
    return None


def table_keys(line: str) -> tuple[str, ...] | None:
    """The keys of a table header (`[a."b.c"]` to a, b.c); None when the line is none."""
    return _keys(line) if line.lstrip().startswith("[") else None


def _keys(line: str) -> tuple[str, ...] | None:
    """The one path of keys in a line of TOML."""
    try:
        value: object = tomli.loads(line)
    except (tomli.TOMLDecodeError, RecursionError):
        return None
    path: list[str] = []
    while isinstance(value, (dict, list)) and value:
        if isinstance(value, dict):
            path.append(next(iter(value)))
            value = value[path[-1]]
        else:
            value = value[0]
    return tuple(path) or None
