"""Writes the tables of the index; the format is described where they are read, in `catalogue.index`."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from dock2nix.catalogue.index import MAGIC

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_BLOCK = 1 << 15


def _blocks(rows: list[bytes]) -> Iterator[bytes]:
    block: list[bytes] = []
    size = 0
    for row in rows:
        if size and size + len(row) > _BLOCK:
            yield b"".join(block)
            block, size = [], 0
        block.append(row)
        size += len(row)
    if block:
        yield b"".join(block)


def write_table(path: Path, records: Mapping[str, tuple[str, ...]]) -> int:
    """Write a table that `catalogue.index.Table` reads.

    Args:
        path: the file to write.
        records: fields by key; neither tabs nor line ends in them.

    Returns:
        The size of the file in bytes.

    """
    rows = [b"\t".join([key, *fields]) + b"\n" for key, fields in _encoded(records)]
    packed = [(block.split(b"\t", 1)[0], zlib.compress(block, 9)) for block in _blocks(rows)]
    directory = zlib.compress(b"".join(b"%s\t%d\n" % (key, len(block)) for key, block in packed), 9)
    content = b"".join(
        [MAGIC, len(directory).to_bytes(4, "little"), directory, *(block for _, block in packed)]
    )
    path.write_bytes(content)
    return len(content)


def _encoded(records: Mapping[str, tuple[str, ...]]) -> list[tuple[bytes, list[bytes]]]:
    return sorted((key.encode(), [field.encode() for field in fields]) for key, fields in records.items())
