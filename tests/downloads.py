"""What the tests have in the place of the network: archives of tests/nixpkgs/downloads, kept as folders and packed when needed.

A folder below downloads/HOST/… whose name ends in `.tgz` stands for the archive of that address, as a registry of npm packs it;
one in `.whl` for a wheel, less its RECORD; one in `.gem` for a gem, whose description is the file `metadata`; one in `.tar.gz` for a release, with a folder of its name at the top. The same folder gives the same bytes on every machine, so that locks can name their hashes.
"""

from __future__ import annotations

import base64
import hashlib
import io
import struct
import tarfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from wheels import packed_wheel

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(__file__).parent / "nixpkgs" / "downloads"
_LARGEST_BLOCK = 0xFFFF


def downloads() -> dict[str, bytes]:
    """All archives by `HOST/PATH`."""
    forms = (("*.tgz", packed), ("*.whl", wheel), ("*.tar.gz", release), ("*.gem", gem))
    return {
        path.relative_to(FOLDER).as_posix(): pack(path)
        for pattern, pack in forms
        for path in sorted(FOLDER.rglob(pattern))
        if path.is_dir()
    }


def wheel(folder: Path) -> bytes:
    """The folder's files as a wheel."""
    entries = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    return packed_wheel(entries, next(path.partition("/")[0] for path in entries if ".dist-info/" in path))


def packed(folder: Path) -> bytes:
    """The folder's files as an archive of the npm registry: all below `package/`."""
    return _archive(folder, "package", program=0o644)


def release(folder: Path) -> bytes:
    """The folder's files as an archive of sources: all below its name."""
    return _archive(folder, folder.name.removesuffix(".tar.gz"), program=0o755)


def gem(folder: Path) -> bytes:
    """The folder's files as a gem: a tar file of its description and of its files (RubyGems, "Gem::Package")."""
    description = folder / "metadata"
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path != description
    }
    parts = {
        "metadata.gz": _stored(description.read_bytes()),
        "data.tar.gz": _stored(_tar(files, program=0o755)),
    }
    return _tar(parts, program=0o644)


def _archive(folder: Path, top: str, *, program: int) -> bytes:
    """A tar file, compressed; `program` are the permissions of what starts as a script."""
    files = {
        f"{top}/{path.relative_to(folder).as_posix()}": path.read_bytes()
        for path in sorted(path for path in folder.rglob("*") if path.is_file())
    }
    return _stored(_tar(files, program=program))


def _tar(files: Mapping[str, bytes], *, program: int) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.mode = program if content.startswith(b"#!") else 0o644
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return archive.getvalue()


def _stored(data: bytes) -> bytes:
    """A gzip file (RFC 1952) of stored blocks (RFC 1951): compressors differ from version to version, this does not."""
    starts = range(0, len(data), _LARGEST_BLOCK)
    blocks = b"".join(
        struct.pack("<BHH", at == starts[-1], len(part), len(part) ^ _LARGEST_BLOCK) + part
        for at in starts
        for part in [data[at : at + _LARGEST_BLOCK]]
    )
    header = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
    return header + blocks + struct.pack("<II", zlib.crc32(data), len(data))


def integrity(content: bytes) -> str:
    """The hash of a file as locks of npm have it."""
    return "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()
