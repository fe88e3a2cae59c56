"""`dock2nix mappings check` and `dock2nix mappings sort`: tables of rows, the user's and those that ship with dock2nix."""

from __future__ import annotations

import os
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from dock2nix.catalogue.base_images import BaseImages
from dock2nix.catalogue.index import PackageIndex
from dock2nix.catalogue.overrides import (
    FILE_NAME,
    IMAGES,
    Overrides,
    check_attributes,
    examined_overrides,
    parse_table_text,
    read_table_text,
)
from dock2nix.catalogue.rows import package_from_row
from dock2nix.catalogue.rules import rule_from_table
from dock2nix.cli.table_text import row_groups, sorted_text
from dock2nix.emit.expression import nix_comment
from dock2nix.errors import ConfigurationError, UsageError
from dock2nix.folders import data_folder

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

_SHIPPED = "packages"


def check(options: argparse.Namespace) -> int:
    """Print what is wrong with the files; 1 when that is anything."""
    problems = [problem for path in _files(options.files) for problem in examine(path)]
    for problem in problems:
        sys.stdout.write(nix_comment(str(problem)) + "\n")
    return int(bool(problems))


def sort(options: argparse.Namespace) -> int:
    """Sort the rows of the files, and say which were changed."""
    for path in _files(options.files):
        before = read_table_text(path)
        parse_table_text(before, str(path))
        try:
            after = sorted_text(before)
        except ValueError as error:
            raise UsageError(f"{path}: not sorted: {error}") from error
        if after != before:
            _replace(path, after)
            sys.stdout.write(f"{nix_comment(str(path))}: sorted\n")
    return 0


def _files(given: list[Path]) -> list[Path]:
    return given or [Path(FILE_NAME)]


def _replace(path: Path, text: str) -> None:
    """All or nothing, with the mode the file had."""
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.chmod(name, path.stat().st_mode & 0o7777)  # noqa: PTH101 - `name` is a string
        os.replace(name, path)  # noqa: PTH105
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from error


# --- checks ------------------------------------------------------------------------------------------------------------------


def examine(path: Path) -> tuple[ConfigurationError, ...]:
    """What is wrong with a file: rows without the documented form, names that nixpkgs does not have, rows out of order.

    Raises:
        UsageError: it cannot be read.
        ConfigurationError: it is not TOML.

    """
    text = read_table_text(path)
    if _SHIPPED in parse_table_text(text, str(path)):
        found, problems = _examined_table(path, text)
    else:
        found, problems = examined_overrides(path, text)
    everything = (*problems, *_unknown_attributes(found), *_unknown_images(found), *_out_of_order(found))
    return tuple(sorted(everything, key=lambda one: (one.line, one.column, one.message)))


def _examined_table(path: Path, text: str) -> tuple[Overrides, tuple[ConfigurationError, ...]]:
    """A table in the form of those that ship with dock2nix: `[packages]`, and rules."""
    data = parse_table_text(text, str(path))
    found = Overrides(path=str(path), name=path.name, text=text, tables={}, images={})
    problems: list[ConfigurationError] = []
    unknown = sorted(set(data) - {_SHIPPED, "rules", "inherit"})
    problems += [found.problem(f"unknown key {key}", key) for key in unknown]
    rows, rules = data[_SHIPPED], data.get("rules", [])
    if not isinstance(rows, dict) or not isinstance(rules, list):
        return found, (*problems, found.problem("[packages] and [[rules]] were expected", _SHIPPED))
    good: dict[str, object] = {}
    for name, row in rows.items():
        try:
            package_from_row(name, row, f"[{_SHIPPED}]")
            good[name] = row
        except UsageError as error:
            problems.append(found.problem(str(error), _SHIPPED, name))
    for number, rule in enumerate(rules, 1):
        try:
            rule_from_table(rule, f"[[rules]] {number}")
        except UsageError as error:
            problems.append(found.problem(str(error), "rules"))
    return Overrides(path=found.path, name=found.name, text=text, tables={_SHIPPED: good}, images={}), tuple(
        problems
    )


def _unknown_attributes(found: Overrides) -> Iterator[ConfigurationError]:
    index = PackageIndex.open()
    for table, rows in found.tables.items():
        for name, row in rows.items():
            try:
                check_attributes(found, table, package_from_row(name, row, table), index)
            except ConfigurationError as error:
                yield error


def _unknown_images(found: Overrides) -> Iterator[ConfigurationError]:
    images = BaseImages.load(overrides=found.images)
    for repository in found.images:
        try:
            images.check(repository)
        except UsageError as error:
            yield found.problem(str(error), IMAGES, repository)


def _out_of_order(found: Overrides) -> Iterator[ConfigurationError]:
    for table, rows in row_groups(found.text):
        for before, after in pairwise(rows):
            if after.keys < before.keys:
                message = f"[{table}] {'.'.join(after.keys)} belongs before {'.'.join(before.keys)} (dock2nix mappings sort)"
                yield ConfigurationError(message, path=found.path, line=after.line)
                break


def schema(_: argparse.Namespace) -> int:
    """Print the JSON Schema of dock2nix.toml."""
    sys.stdout.write((data_folder("mappings") / "dock2nix.schema.json").read_text(encoding="utf-8"))
    return 0
