"""Makes nix-index databases for tests."""

from __future__ import annotations

import json
from typing import NamedTuple

import zstandard


class MadeStorePath(NamedTuple):
    """One output: `files` are paths, or (path, target) for symbolic links."""

    attribute: str
    name: str
    files: tuple[str | tuple[str, str], ...]
    output: str = "out"
    toplevel: bool = True
    system: str = "x86_64-linux"


def _shared_length(left: bytes, right: bytes) -> int:
    same = 0
    while same < min(len(left), len(right)) and left[same] == right[same]:
        same += 1
    return same


def _record(meta: bytes, path: bytes, before: bytes, shared_before: int) -> tuple[bytes, int]:
    shared = _shared_length(path, before)
    step = shared - shared_before
    narrow = -127 <= step <= 127
    coded = step.to_bytes(1, "big", signed=True) if narrow else b"\x80" + step.to_bytes(2, "big", signed=True)
    return meta + b"\0" + coded + path[shared:] + b"\n", shared


def raw_database(store_paths: tuple[MadeStorePath, ...]) -> bytes:
    """The records, not compressed and without header."""
    out, before, shared = [], b"", 0

    def add(meta: bytes, path: bytes) -> None:
        nonlocal before, shared
        record, shared = _record(meta, path, before, shared)
        before = path
        out.append(record)

    for number, made in enumerate(store_paths):
        for file in made.files:
            path, target = (file, None) if isinstance(file, str) else file
            add(b"12x" if target is None else target.encode() + b"s", path.encode())
        origin = {
            "attr": made.attribute,
            "output": made.output,
            "toplevel": made.toplevel,
            "system": made.system,
        }
        package = {"store_dir": "/nix/store", "hash": f"{number:032}", "name": made.name, "origin": origin}
        add(b"p", json.dumps(package).encode())
    return b"".join(out)


def database(store_paths: tuple[MadeStorePath, ...]) -> bytes:
    """A whole nix-index file."""
    return b"NIXI" + (1).to_bytes(8, "little") + zstandard.compress(raw_database(store_paths))
