"""An image archive read in one pass: its documents and its layers. Hostile ones end in a message; nothing is unpacked to disk.

Two forms are read, both plain, gzipped or compressed with zstd, and with layers that are so in turn: what `docker save` and nixpkgs'
dockerTools write, and a tar of an OCI image layout.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import zlib
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, cast

from msgspec import Struct

from dock2nix.errors import UsageError
from dock2nix.verify.tree import Entry, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_BLOCK = 2**20
_LARGEST = 64 * 2**30  # of all that is read, unpacked
_LARGEST_DOCUMENT, _ALL_DOCUMENTS = 8 * 2**20, 64 * 2**20
_LARGEST_HEADER = 2**20  # long names and extended headers, which tarfile reads at once
_MOST_ENTRIES = 4_000_000
_LONGEST_PATH = 4096
_ACCOUNTS = ("passwd", "group")
_LARGEST_ACCOUNTS = 2**20
_EXTENDED = {
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
}
_KINDS = {
    tarfile.REGTYPE: Kind.FILE,
    tarfile.AREGTYPE: Kind.FILE,
    tarfile.CONTTYPE: Kind.FILE,
    tarfile.DIRTYPE: Kind.FOLDER,
    tarfile.SYMTYPE: Kind.LINK,
    tarfile.LNKTYPE: Kind.HARD_LINK,
    tarfile.CHRTYPE: Kind.DEVICE,
    tarfile.BLKTYPE: Kind.DEVICE,
    tarfile.FIFOTYPE: Kind.PIPE,
}


class Contents(Struct, kw_only=True):
    """What an archive holds by member: documents, layers (a text is the reason why one cannot be read), links between members."""

    documents: dict[str, bytes]
    layers: dict[str, tuple[Entry, ...] | str]
    links: dict[str, str]


class _Limits:
    """What is left to read, over the whole archive."""

    def __init__(self) -> None:
        self.bytes = _LARGEST
        self.documents = _ALL_DOCUMENTS
        self.entries = _MOST_ENTRIES

    def entry(self) -> None:
        self.entries -= 1
        if self.entries < 0:
            raise UsageError(f"the image has more than {_MOST_ENTRIES} entries")


class _Counted(io.RawIOBase):
    """A stream that ends in a message when more comes out of it than any image holds: a decompression bomb."""

    def __init__(self, stream: IO[bytes], limits: _Limits) -> None:
        super().__init__()
        self._stream = stream
        self._limits = limits

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        block = self._stream.read(min(size, _BLOCK) if size >= 0 else _BLOCK)
        self._limits.bytes -= len(block)
        if self._limits.bytes < 0:
            raise UsageError(f"the image is larger than {_LARGEST} bytes")
        return block


class _Header(tarfile.TarInfo):
    """A header that does not make tarfile read gigabytes of a name."""

    def _proc_member(self, tarfile: tarfile.TarFile) -> tarfile.TarInfo | None:
        # what tarfile's own source names as the place for subclasses; newer versions no longer come by `frombuf`
        if self.size < 0 or (self.type in _EXTENDED and self.size > _LARGEST_HEADER):
            raise UsageError("a header of the image is larger than any name")
        return super()._proc_member(tarfile)  # type: ignore[misc,no-any-return] # not in the stubs


def read_archive(path: Path) -> Contents:
    """The members of an image archive.

    Raises:
        UsageError: it cannot be read, is no image archive, or is larger than any.
    """
    found, limits = Contents(documents={}, layers={}, links={}), _Limits()
    try:
        with path.open("rb") as file, _as_usage_error(str(path)):
            for member, content in _members(_unpacked(file), limits):
                _take(found, member, content, limits)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error
    return found


@contextmanager
def _as_usage_error(name: str) -> Iterator[None]:
    """All that tarfile and the decompressors say of input that is not as it should be."""
    try:
        yield
    except (
        tarfile.TarError,
        EOFError,
        zlib.error,
        ValueError,
        OverflowError,
        RecursionError,
        gzip.BadGzipFile,
    ) as error:
        raise UsageError(f"{name}: is no image archive: {error}") from error


def _members(stream: IO[bytes], limits: _Limits) -> Iterator[tuple[tarfile.TarInfo, IO[bytes] | None]]:
    """The members of a tar, one after the other, each with its content when it is a file."""
    counted = cast("IO[bytes]", _Counted(stream, limits))
    with tarfile.open(fileobj=counted, mode="r|", tarinfo=_Header) as archive:
        while (member := archive.next()) is not None:
            archive.members.clear()  # type: ignore[attr-defined] # documented trick: tarfile keeps them all, and a layer can have millions
            limits.entry()
            if member.issparse():
                raise ValueError(f"{member.name[:200]} is a sparse file, which images do not have")
            yield member, archive.extractfile(member) if member.isreg() else None


def _unpacked(stream: IO[bytes]) -> IO[bytes]:
    """A stream without its compression, if it has one."""
    buffered = io.BufferedReader(cast("io.RawIOBase", stream), _BLOCK)
    start = buffered.peek(4)[:4]
    if start.startswith(_GZIP):
        return cast("IO[bytes]", gzip.GzipFile(fileobj=buffered))
    return _unpacked_zstd(buffered) if start == _ZSTD else buffered


def _unpacked_zstd(stream: IO[bytes]) -> IO[bytes]:
    try:
        import zstandard  # noqa: PLC0415 - an extra, for few archives
    except ImportError as error:
        message = "is compressed with zstd: `pip install zstandard`, or decompress it first (zstd -d)"
        raise UsageError(f"the image {message}") from error
    return cast(
        "IO[bytes]", _Frames(stream, zstandard.ZstdDecompressor(max_window_size=2**27), zstandard.ZstdError)
    )


class _Frames(io.RawIOBase):
    """zstandard's reader, its errors as ours."""

    def __init__(self, stream: IO[bytes], decompressor: object, error: type[Exception]) -> None:
        super().__init__()
        self._reader = decompressor.stream_reader(stream, read_across_frames=True)  # type: ignore[attr-defined]
        self._error = error

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        try:
            return cast("bytes", self._reader.read(size))
        except self._error as error:
            raise ValueError(str(error)) from error


def _take(found: Contents, member: tarfile.TarInfo, content: IO[bytes] | None, limits: _Limits) -> None:
    name = _plain(member.name)
    if member.issym() or member.islnk():
        found.links[name] = member.linkname if member.issym() else "/" + member.linkname
    if content is None:
        return
    buffered = io.BufferedReader(cast("io.RawIOBase", content), _BLOCK)
    start = buffered.peek(512)[:512]
    if start.startswith((_GZIP, _ZSTD)) or start[257:262] == b"ustar" or not start.strip(b"\0"):
        found.layers[name] = _layer(buffered, limits)
    elif start[:1] in {b"{", b"["}:
        found.documents[name] = _document(buffered, member, limits)


def _document(stream: IO[bytes], member: tarfile.TarInfo, limits: _Limits) -> bytes:
    limits.documents -= member.size
    if member.size > _LARGEST_DOCUMENT or limits.documents < 0:
        raise ValueError(f"{member.name[:200]} is larger than any document of an image")
    return stream.read()


def _layer(stream: IO[bytes], limits: _Limits) -> tuple[Entry, ...] | str:
    """The entries of a layer, or why it is none: which members are layers is known only at the end."""
    try:
        with _as_usage_error("a layer"):
            return tuple(_entry(member, content) for member, content in _members(_unpacked(stream), limits))
    except UsageError as error:
        if limits.bytes < 0 or limits.entries < 0:
            raise
        return str(error)


def _entry(member: tarfile.TarInfo, content: IO[bytes] | None) -> Entry:
    path = _plain(member.name)
    kind = _KINDS.get(member.type)
    if kind is None:
        raise ValueError(f"{path[:200]} is of an unknown type")
    digest, text = _read(path, content) if content is not None else ("", "")
    return Entry(
        path=path,
        kind=kind,
        mode=member.mode & 0o7777,
        uid=member.uid,
        gid=member.gid,
        size=member.size,
        digest=digest,
        target=_plain(member.linkname) if kind is Kind.HARD_LINK else member.linkname,
        text=text,
    )


def _plain(name: str) -> str:
    """A path without `.` and doubled slashes.

    Raises:
        ValueError: it leads out of the image, or is longer than Linux can open.
    """
    if len(name) > _LONGEST_PATH:
        raise ValueError(f"{name[:200]}… is longer than any path")
    parts = [part for part in name.split("/") if part not in {"", "."}]
    if ".." in parts:
        raise ValueError(f"{name[:200]} leads out of the image")
    return "/".join(parts)


def _read(path: str, content: IO[bytes]) -> tuple[str, str]:
    """The digest of a file, and its text when it lists accounts (`/etc/passwd`, or what links to the store lead to)."""
    kept = path.endswith(_ACCOUNTS)
    digest, text = hashlib.sha256(), b""
    while block := content.read(_BLOCK):
        digest.update(block)
        text = (text + block)[:_LARGEST_ACCOUNTS] if kept else b""
    return digest.hexdigest(), text.decode(errors="replace")
