"""The text of a table file: its rows sorted, everything else where it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import tomli

from dock2nix.catalogue.overrides import IMAGES, TABLES, row_keys, table_keys

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# [packages] is the table of the files that ship with dock2nix.
SORTED = frozenset({*TABLES, IMAGES, "packages"})
_LONGEST_ROW = 500  # lines


class RowText(NamedTuple):
    """A row with the comments directly above it. `line` is that of its key, 1-based."""

    keys: tuple[str, ...]
    lines: tuple[str, ...]
    line: int


def row_groups(text: str) -> Iterator[tuple[str, tuple[RowText, ...]]]:
    """The rows that are to be sorted among themselves: of one table, with no blank line between them.

    Yields:
        The table, and its rows as they stand.

    """
    for table, part in _parts(text.split("\n")):
        if part and isinstance(part[0], RowText):
            yield table, tuple(row for row in part if isinstance(row, RowText))


def sorted_text(text: str) -> str:
    """The text with the rows of every group sorted by their keys, each with the comments directly above it.

    Raises:
        ValueError: the rows cannot be told apart by their lines.

    """
    lines: list[str] = []
    for _, part in _parts(text.split("\n")):
        rows = [row for row in part if isinstance(row, RowText)]
        for row in sorted(rows, key=lambda row: row.keys):
            lines += row.lines
        lines += [line for line in part if isinstance(line, str)]
    result = "\n".join(lines)
    if tomli.loads(result) != tomli.loads(text):
        raise ValueError("its rows cannot be told apart by their lines")
    return result


def _parts(lines: Sequence[str]) -> Iterator[tuple[str, list[RowText | str]]]:
    """Groups of rows, and every other line by itself."""
    table, at = "", 0
    group: list[RowText | str] = []
    comments: list[str] = []
    while at < len(lines):
        keys = row_keys(lines[at]) if table in SORTED else None
        if keys is not None:
            end = _end_of_row(lines, at)
            group.append(RowText(keys, (*comments, *lines[at:end]), at + 1))
            comments, at = [], end
            continue
        if lines[at].lstrip().startswith("#") and table in SORTED:
            comments.append(lines[at])
            at += 1
            continue
        yield table, group
        yield table, [*comments]
        group, comments = [], []
        found = table_keys(lines[at])
        table = (found[0] if len(found) == 1 else "") if found else table
        yield table, [lines[at]]
        at += 1
    yield table, group
    yield table, [*comments]


def _end_of_row(lines: Sequence[str], start: int) -> int:
    """One behind the last line of the row: lists and texts may go over several."""
    for end in range(start + 1, min(start + _LONGEST_ROW, len(lines)) + 1):
        try:
            tomli.loads("\n".join(lines[start:end]))
        except tomli.TOMLDecodeError:
            continue
        return end
    return start + 1
