"""Wheels for tests, made on the spot: the same bytes on every machine, so that locks can name their hashes."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import struct
import tarfile
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_DATE = (1980, 1, 1, 0, 0, 0)
_BASE = 0x1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """A wheel (PEP 427). `files` are paths inside of it, `scripts` console scripts by name (`module:function`)."""

    name: str
    version: str = "1.0"
    tag: str = "py3-none-any"
    requires: tuple[str, ...] = ()
    requires_python: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)
    scripts: Mapping[str, str] = field(default_factory=dict)

    @property
    def stem(self) -> str:
        return f"{self.name.replace('-', '_')}-{self.version}"

    @property
    def file_name(self) -> str:
        return f"{self.stem}-{self.tag}.whl"

    @property
    def metadata(self) -> bytes:
        lines = ["Metadata-Version: 2.1", f"Name: {self.name}", f"Version: {self.version}"]
        lines += [f"Requires-Dist: {text}" for text in self.requires]
        lines += [f"Requires-Python: {self.requires_python}"] if self.requires_python else []
        return "\n".join([*lines, "", ""]).encode()

    def content(self) -> bytes:
        """The file itself; nothing in it is compressed, since compressors differ."""
        info = f"{self.stem}.dist-info"
        entries = dict(self.files)
        entries[f"{info}/METADATA"] = self.metadata
        entries[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nGenerator: tests\nTag: {self.tag}\n".encode()
        if self.scripts:
            rows = "".join(f"{name} = {target}\n" for name, target in self.scripts.items())
            entries[f"{info}/entry_points.txt"] = f"[console_scripts]\n{rows}".encode()
        return packed_wheel(entries, info)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content()).hexdigest()

    @property
    def sri(self) -> str:
        return "sha256-" + base64.b64encode(bytes.fromhex(self.sha256)).decode()


def sdist(files: Mapping[str, str | bytes], folder: str = "a-1.0") -> bytes:
    """A source distribution (PEP 517, PEP 625): the files below one folder."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for path, text in sorted(files.items()):
            content = text.encode() if isinstance(text, str) else text
            entry = tarfile.TarInfo(f"{folder}/{path}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return gzip.compress(archive.getvalue(), mtime=0)


def packed_wheel(entries: Mapping[str, bytes], info: str) -> bytes:
    """The files as a wheel; `info` is the folder of its metadata, in which RECORD is added."""
    complete = dict(entries) | {f"{info}/RECORD": _record(entries, f"{info}/RECORD")}
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as file:
        for path in sorted(complete):
            entry = zipfile.ZipInfo(path, _DATE)
            entry.external_attr = 0o644 << 16
            file.writestr(entry, complete[path])
    return archive.getvalue()


def _record(entries: Mapping[str, bytes], own: str) -> bytes:
    rows = [f"{path},{_digest(content)},{len(content)}" for path, content in sorted(entries.items())]
    return "\n".join([*rows, f"{own},,", ""]).encode()


def _digest(content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=")
    return f"sha256={digest.decode()}"


def elf_file(*needed: str, soname: str = "", machine: int = 62) -> bytes:
    """A shared library of 64 bits without code that links to others; machine 62 is x86-64, 183 is AArch64."""
    names = b"\0" + b"".join(name.encode() + b"\0" for name in (*needed, soname) if name)

    def offset(name: str) -> int:
        return names.index(b"\0" + name.encode() + b"\0") + 1

    header, segments = 64, 2 * 56
    strings = header + segments
    entries = [(1, offset(name)) for name in needed] + ([(14, offset(soname))] if soname else [])
    entries += [(5, _BASE + strings), (10, len(names)), (0, 0)]
    dynamic = strings + len(names) + -len(names) % 8
    table = b"".join(struct.pack("<qQ", *entry) for entry in entries)
    size = dynamic + len(table)
    head = b"\x7fELF\x02\x01\x01" + bytes(9)
    head += struct.pack("<HHIQQQIHHHHHH", 3, machine, 1, 0, header, 0, 0, header, 56, 2, 0, 0, 0)
    head += struct.pack("<IIQQQQQQ", 1, 4, 0, _BASE, _BASE, size, size, 0x1000)
    head += struct.pack(
        "<IIQQQQQQ", 2, 4, dynamic, _BASE + dynamic, _BASE + dynamic, len(table), len(table), 8
    )
    return head + names + bytes(dynamic - strings - len(names)) + table
