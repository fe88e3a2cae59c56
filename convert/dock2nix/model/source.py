"""Text that remembers where each of its characters stood in the file."""

from __future__ import annotations

from bisect import bisect_left
from typing import Self

from msgspec import Struct


class Location(Struct, frozen=True, kw_only=True):
    """A range in a file; lines and columns are 1-based, `last_column` is inclusive. Columns count characters."""

    path: str
    first_line: int
    first_column: int = 1
    last_line: int
    last_column: int = 1

    def __str__(self) -> str:
        return f"{self.path}:{self.first_line}:{self.first_column}"

    @property
    def line(self) -> int:
        return self.first_line

    @property
    def column(self) -> int:
        return self.first_column


class SourceText(Struct, frozen=True, kw_only=True):
    """A logical text cut and joined from a file (continuation lines joined, comments dropped).

    `anchors` are `(offset, line, column)`, sorted by offset, the first at offset 0: from that offset of `text` on, until the
    next anchor, characters stand one after the other in the file from that line and column on.
    """

    path: str
    text: str
    anchors: tuple[tuple[int, int, int], ...]

    def position(self, offset: int) -> tuple[int, int]:
        """1-based (line, column) of the character at `offset`; an offset past the end is one past the last character."""
        at = max(bisect_left(self.anchors, (offset + 1,)) - 1, 0)
        start, line, column = self.anchors[at]
        breaks = self.text.count("\n", start, offset)
        if not breaks:
            return line, column + offset - start
        return line + breaks, offset - self.text.rfind("\n", start, offset)

    def locate(self, start: int, end: int) -> Location:
        """The place in the file of `text[start:end]`."""
        first_line, first_column = self.position(start)
        last_line, last_column = self.position(max(start, end - 1))
        return Location(
            path=self.path,
            first_line=first_line,
            first_column=first_column,
            last_line=last_line,
            last_column=last_column,
        )

    def cut(self, start: int, end: int | None = None) -> Self:
        """`text[start:end]` with the places it came from."""
        end = len(self.text) if end is None else end
        line, column = self.position(start)
        first, last = bisect_left(self.anchors, (start + 1,)), bisect_left(self.anchors, (end,))
        inside = tuple((at - start, ln, col) for at, ln, col in self.anchors[first:last])
        return type(self)(path=self.path, text=self.text[start:end], anchors=((0, line, column), *inside))

    @classmethod
    def at(cls, path: str, text: str, *, line: int = 1, column: int = 1) -> Self:
        """`text` as it stands in one piece in the file, from the given line and column on."""
        return cls(path=path, text=text, anchors=((0, line, column),))
