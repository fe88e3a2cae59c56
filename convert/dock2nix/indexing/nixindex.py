"""Reads nix-index databases: which files every store path of nixpkgs holds.

The format: `NIXI`, a 64-bit little-endian version (1), then a zstd stream of front-coded records
`meta NUL shared suffix LF`. `meta` ends with `d`, `x`, `r` or `s` (directory, program, file, symbolic link, the link with its
target in front) or is `p` alone: then the "path" is the JSON description of the package whose files were just listed. `shared`
is the change of the length that a path has in common with the one before, one signed byte, or 0x80 and a big-endian 16-bit one.
"""

from __future__ import annotations

import json
import posixpath
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from dock2nix.errors import Dock2nixError
from dock2nix.indexing.features import STORE_FILE, Feature, feature_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_RECORD = re.compile(rb"([^\0]*)\0(?:\x80(..)|([^\x80]))([^\n]*)\n", re.DOTALL)
_CHUNK = 1 << 24
_FOREIGN = b"/nix/store/"


@dataclass(frozen=True, slots=True, kw_only=True)
class StorePath:
    """One output of a package. `features` tells of each whether the file is only a link into another store path."""

    name: str
    attribute: str
    output: str
    toplevel: bool
    system: str
    features: dict[Feature, bool]


@dataclass(slots=True)
class _Listing:
    """The files seen since the last package record."""

    paths: list[bytes] = field(default_factory=list)
    links: dict[bytes, bytes] = field(default_factory=dict)


def _inner_links(listing: _Listing, own: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Linked directories that lead to another place of the same store path (`/bin` of a JDK): (link, where it leads)."""
    for path, target in listing.links.items():
        if path in {b"/bin", b"/sbin", b"/lib", b"/lib64", b"/include"}:
            if target.startswith(own):
                yield path, target[len(own) :]
            elif not target.startswith(b"/"):
                yield path, posixpath.normpath(b"/" + target)


def _features(listing: _Listing, own: bytes) -> dict[Feature, bool]:
    found: dict[Feature, bool] = {}
    for path in listing.paths:
        feature = feature_of(STORE_FILE, path)
        if feature is not None:
            target = listing.links.get(path, b"")
            foreign = target.startswith(_FOREIGN) and not target.startswith(own)
            found[feature] = found.get(feature, True) and foreign
    for link, target in _inner_links(listing, own):
        inside = target + b"/"
        for path in listing.paths:
            feature = feature_of(STORE_FILE, link + path[len(target) :]) if path.startswith(inside) else None
            if feature is not None:
                found.setdefault(feature, False)
    return found


def _store_path(listing: _Listing, description: bytes) -> StorePath:
    package = json.loads(description)
    origin = package["origin"]
    own = f"{package['store_dir']}/{package['hash']}-{package['name']}".encode()
    wanted = origin["toplevel"] and origin.get("system") == "x86_64-linux"
    return StorePath(
        name=package["name"],
        attribute=origin["attr"],
        output=origin["output"],
        toplevel=origin["toplevel"],
        system=origin.get("system") or "",
        features=_features(listing, own) if wanted else {},
    )


def _records(stream: BinaryIO) -> Iterator[tuple[bytes, int, bytes]]:
    """(meta, change of the shared length, suffix) of every record of the decompressed stream."""
    rest = b""
    while chunk := stream.read(_CHUNK):
        data = rest + chunk
        end = 0
        for record in _RECORD.finditer(data):
            meta, wide, narrow, suffix = record.groups()
            step = int.from_bytes(wide or narrow, "big", signed=True)
            yield meta, step, suffix
            end = record.end()
        rest = data[end:]
    if rest:
        raise Dock2nixError("the nix-index database ends within a record")


def decode(stream: BinaryIO) -> Iterator[StorePath]:
    """All store paths of a decompressed nix-index stream, in its order.

    Args:
        stream: the bytes behind the header, decompressed.

    Returns:
        Store paths; `features` is empty for those that no attribute path names, and for other systems than x86_64-linux.

    Raises:
        Dock2nixError: the stream is not one, or is cut off.

    """
    listing, path, shared = _Listing(), b"", 0
    for meta, step, suffix in _records(stream):
        shared += step
        if not 0 <= shared <= len(path):
            raise Dock2nixError("the nix-index database is damaged: a path shares more than there is")
        path = path[:shared] + suffix
        if meta == b"p":
            yield _store_path(listing, path)
            listing = _Listing()
        else:
            listing.paths.append(path)
            if meta.endswith(b"s"):
                listing.links[path] = meta[:-1]


def open_database(file: BinaryIO) -> BinaryIO:
    """The decompressed stream of a nix-index file.

    Args:
        file: the file, open at its start.

    Returns:
        A stream of what `decode` reads.

    Raises:
        Dock2nixError: it is not a nix-index file of version 1, or `zstandard` is not installed.

    """
    header = file.read(12)
    if header[:4] != b"NIXI" or int.from_bytes(header[4:], "little") != 1:
        raise Dock2nixError("not a nix-index database of version 1")
    try:
        import zstandard  # noqa: PLC0415 - only `index build` needs it
    except ModuleNotFoundError as error:
        raise Dock2nixError(
            "building the index needs zstandard: install dock2nix with the extra `index`"
        ) from error
    return zstandard.ZstdDecompressor().stream_reader(file, read_size=1 << 20)
