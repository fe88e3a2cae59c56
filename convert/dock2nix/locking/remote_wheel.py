"""Wheels on servers, of which only those members are fetched that may hold machine code."""

from __future__ import annotations

import base64
import hashlib
import posixpath
import zipfile
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Self

from dock2nix.locking.base import LockUnavailableError
from dock2nix.locking.elf import elf_from
from dock2nix.network.remote_file import RemoteFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.locking.elf import ElfFile
    from dock2nix.model.python_lock import LockedWheel
    from dock2nix.network.parts import Parts

_SMALLEST, _LARGEST = 64, 2**30
# Members that are no machine code, by their names; the others are looked at.
_TEXTS = (
    *(".py", ".pyi", ".pyx", ".pxd", ".pxi", ".pyc", ".c", ".h", ".hpp", ".inc", ".f", ".f90", ".typed"),
    *(".txt", ".json", ".md", ".rst", ".csv", ".toml", ".ini", ".cfg", ".xml", ".yaml", ".yml", ".gz"),
    *(".js", ".css", ".html", ".svg", ".png", ".gif", ".jpg", ".pdf", ".ttf", ".afm", ".map", ".po", ".mo"),
)
_METADATA = ".dist-info/"
# Smaller files are fetched whole; of larger ones first the end, which tells what else is in them (APPNOTE.TXT, 4.3).
_SMALL, _TAIL = 2**18, 2**17
# So much between two members is fetched along, and less than this share of a wheel is not worth to be spared.
_GAP, _WORTH = 2**16, 0.1
# Before a member there are its name and fields whose lengths only it knows itself.
_HEADER = 2**10
_IN_MEMORY, _CHUNK = 2**26, 2**18


def machine_code(wheel: LockedWheel, system: str, parts: Parts) -> dict[str, ElfFile]:
    """The ELF files of a wheel for a system, by their names.

    A wheel that is fetched whole is compared with its hash. One of which members are fetched is not: what it says decides
    which libraries stand beside it, and Nix, which fetches it whole, refuses it if it is another one.

    Args:
        wheel: with its address.
        system: `x86_64-linux`.
        parts: to ask its server with.

    Raises:
        LockUnavailableError: it is not the one that the index promises.
        NetworkError: it cannot be had.
        OSError: it is damaged; so say EOFError, RuntimeError, ValueError, `zipfile.BadZipFile` and `zlib.error`.
    """
    small = 0 < wheel.size <= _SMALL
    end = parts.all(wheel.url) if small else parts.end(wheel.url, _TAIL)
    if wheel.size and end.total != wheel.size:
        raise _another(wheel)
    if end.whole:
        return _in_whole(end.content, wheel, system)
    with RemoteFile(wheel.url, end, parts) as file, zipfile.ZipFile(file) as archive:
        spans = _spans(_members(archive), file.size)
        missing = sum(file.missing(*span) for span in spans)
        if missing >= (1 - _WORTH) * file.missing(0, file.size):
            file.seek(0)
            return _in_whole(file.read(), wheel, system)
        for span in spans:
            file.fetch(*span)
        return dict(_machine_code(archive, system))


def _in_whole(content: bytes, wheel: LockedWheel, system: str) -> dict[str, ElfFile]:
    if hashlib.sha256(content).digest() != base64.b64decode(wheel.hash.partition("-")[2]):
        raise _another(wheel)
    with zipfile.ZipFile(BytesIO(content)) as archive:
        return dict(_machine_code(archive, system))


def _another(wheel: LockedWheel) -> LockUnavailableError:
    reason = f"a wheel is not the one that the index promises: {wheel.name}"
    return LockUnavailableError(reason, "nothing was written; ask whoever runs the index")


def _members(archive: zipfile.ZipFile) -> tuple[zipfile.ZipInfo, ...]:
    """Those that may be machine code."""
    return tuple(
        one
        for one in archive.infolist()
        if _SMALLEST <= one.file_size <= _LARGEST
        and not one.filename.endswith(_TEXTS)
        and _METADATA not in one.filename
    )


def _spans(members: tuple[zipfile.ZipInfo, ...], size: int) -> list[tuple[int, int]]:
    """Where in an archive members stand, those that stand near to each other together."""
    spans: list[tuple[int, int]] = []
    for one in sorted(members, key=lambda one: one.header_offset):
        stop = min(one.header_offset + _HEADER + one.compress_size, size)
        if spans and one.header_offset - spans[-1][1] <= _GAP:
            spans[-1] = (spans[-1][0], max(stop, spans[-1][1]))
        else:
            spans.append((one.header_offset, stop))
    return spans


def _machine_code(archive: zipfile.ZipFile, system: str) -> Iterator[tuple[str, ElfFile]]:
    for one in _members(archive):
        with archive.open(one) as member, _Unpacked(member) as file:
            elf = elf_from(file)
        if elf is not None and elf.system == system:
            yield posixpath.basename(one.filename), elf


class _Unpacked:
    """A member of an archive in which one can go back: nothing is unpacked twice, and no more than is read."""

    def __init__(self, member: IO[bytes]) -> None:
        self._member = member
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed with this one
        self._done = self._position = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def seek(self, position: int) -> None:
        self._position = position

    def read(self, size: int) -> bytes:
        self._file.seek(self._done)
        while self._done < self._position + size and (chunk := self._member.read(_CHUNK)):
            self._file.write(chunk)
            self._done += len(chunk)
        self._file.seek(self._position)
        content = self._file.read(size)
        self._position += len(content)
        return content
