"""Whether ADD would unpack a file: BuildKit does so with every tar archive, compressed or not, whatever its name."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

_BLOCK = 512
_CHECKSUM = slice(148, 156)
_MOST_READ = 2**20  # a bzip2 block is at most 900 kB; the first block of the archive is in it
_SUFFIXES = (".tar", ".tgz", ".tbz", ".tbz2", ".txz", ".tzst", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst")
_MOST_MEMORY = 2**28
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


class _Decompressor(Protocol):
    def decompress(self, data: bytes, max_length: int = ...) -> bytes: ...


def is_archive(path: Path) -> bool:
    """Whether the file is a tar archive, plain or compressed with gzip, bzip2, xz or zstd.

    Args:
        path: a regular file. An empty or unreadable one, and a zstd file, is judged by its name.

    """
    try:
        with path.open("rb") as file:
            head = file.read(_MOST_READ)
    except OSError:
        head = b""
    if not head or head.startswith(_ZSTD_MAGIC):
        return path.name.lower().endswith(_SUFFIXES)
    return _is_tar_header(_first_block(head))


def _first_block(head: bytes) -> bytes:
    """The first 512 bytes of what the file holds, after decompression."""
    if head.startswith(b"\x1f\x8b"):
        return _gunzip(head)
    if head.startswith(b"BZh"):
        from bz2 import BZ2Decompressor  # noqa: PLC0415 - seldom needed, and a conversion has to start quickly

        return _decompress(BZ2Decompressor(), head, OSError)
    if head.startswith(b"\xfd7zXZ\x00"):
        from lzma import LZMADecompressor, LZMAError  # noqa: PLC0415 - as above

        return _decompress(LZMADecompressor(memlimit=_MOST_MEMORY), head, LZMAError)
    return head[:_BLOCK]


def _gunzip(head: bytes) -> bytes:
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(head, _BLOCK)
    except zlib.error:
        return b""


def _decompress(decompressor: _Decompressor, head: bytes, error: type[Exception]) -> bytes:
    try:
        return decompressor.decompress(head, _BLOCK)
    except error:
        return b""


def _is_tar_header(block: bytes) -> bool:
    """Whether the checksum field (octal) is the sum of the bytes, counting the field itself as blanks (POSIX ustar)."""
    if len(block) < _BLOCK:
        return False
    field = block[_CHECKSUM].strip(b" \0")
    total = sum(block) - sum(block[_CHECKSUM]) + 8 * ord(" ")
    return field.isdigit() and not set(field) & set(b"89") and int(field, 8) == total
