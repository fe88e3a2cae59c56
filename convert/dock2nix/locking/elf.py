"""The dynamic section of ELF files: which libraries a file links to (System V ABI, "Dynamic Section")."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SEGMENT = struct.Struct("<IIQQQQQQ")
_ENTRY = struct.Struct("<qQ")
_MACHINES = {62: "x86_64-linux", 183: "aarch64-linux"}
_LOAD, _DYNAMIC = 1, 2
_NEEDED, _STRINGS, _SONAME = 1, 5, 14
# Far more than any real file has; beyond it a file is not what it says.
_MOST_SEGMENTS, _MOST_ENTRIES, _LONGEST_NAME = 1000, 20_000, 4096


class ElfFile(Struct, frozen=True, kw_only=True):
    """What a 64-bit ELF file says of itself. `system` is the one its machine code is for, `soname` "" when it has none."""

    system: str
    soname: str
    needed: tuple[str, ...]


class _Segment(Struct, frozen=True):
    """One row of the program header."""

    kind: int
    offset: int
    address: int
    size: int


def read_elf(path: Path) -> ElfFile | None:
    """The ELF file's libraries; None for any other file, for other kinds of machines, and for one that is damaged."""
    try:
        with path.open("rb") as file:
            return _read(file)
    except (OSError, struct.error, ValueError, OverflowError):
        return None


def elf_in(content: bytes) -> ElfFile | None:
    """As `read_elf`, of a file that is in memory."""
    from io import BytesIO  # noqa: PLC0415 - needed for archives only

    return elf_from(BytesIO(content))


class Readable(Protocol):
    """What of a file is needed to look into it."""

    def seek(self, position: int, /) -> object: ...
    def read(self, size: int, /) -> bytes: ...


def elf_from(file: Readable) -> ElfFile | None:
    """As `read_elf`, of a file that is open, at its beginning.

    Raises:
        OSError: and what else the archive raises when it is damaged.
    """
    try:
        return _read(file)
    except (struct.error, ValueError, OverflowError):
        return None


def _read(file: Readable) -> ElfFile | None:
    head = file.read(_HEADER.size)
    # 64 bits, least significant byte first
    if head[:6] != b"\x7fELF\x02\x01" or len(head) < _HEADER.size:
        return None
    fields = _HEADER.unpack(head)
    system, table, size, count = _MACHINES.get(fields[2], ""), fields[5], fields[9], fields[10]
    if not system or size < _SEGMENT.size or count > _MOST_SEGMENTS:
        return None
    segments = [_segment(file, table + number * size) for number in range(count)]
    entries = [entry for one in segments if one.kind == _DYNAMIC for entry in _entries(file, one)]
    strings = next((_place(segments, value) for tag, value in entries if tag == _STRINGS), None)
    if strings is None:
        return ElfFile(system=system, soname="", needed=())
    names = [(tag, _name(file, strings + value)) for tag, value in entries if tag in {_NEEDED, _SONAME}]
    return ElfFile(
        system=system,
        soname=next((name for tag, name in names if tag == _SONAME), ""),
        needed=tuple(dict.fromkeys(name for tag, name in names if tag == _NEEDED)),
    )


def _segment(file: Readable, offset: int) -> _Segment:
    file.seek(offset)
    kind, _, place, address, _, size, _, _ = _SEGMENT.unpack(file.read(_SEGMENT.size))
    return _Segment(kind, place, address, size)


def _entries(file: Readable, segment: _Segment) -> Iterator[tuple[int, int]]:
    """Tag and value of each entry, up to the closing one."""
    file.seek(segment.offset)
    count = min(segment.size // _ENTRY.size, _MOST_ENTRIES)
    for tag, value in _ENTRY.iter_unpack(file.read(count * _ENTRY.size)):
        if tag == 0:
            return
        yield tag, value


def _place(segments: list[_Segment], address: int) -> int | None:
    """Where in the file a virtual address is."""
    for one in segments:
        if one.kind == _LOAD and one.address <= address < one.address + one.size:
            return address - one.address + one.offset
    return None


def _name(file: Readable, offset: int) -> str:
    file.seek(offset)
    return file.read(_LONGEST_NAME).split(b"\0")[0].decode("utf-8", "replace")
