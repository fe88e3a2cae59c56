"""What an earlier conversion left in nix/report.json, read as data that anybody may have written."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import Any

from msgspec import Struct

MANIFEST = "nix/report.json"
# What is said of a conversion, and is no part of the flake.
REPORTS = frozenset({MANIFEST, "nix/report.md", "nix/report.html"})
LARGEST = 64 * 2**20


class Manifest(Struct, frozen=True, kw_only=True):
    """The report as plain data, and what it remembers of each generated file: a digest, and one of every line."""

    report: dict[str, Any]
    digests: dict[str, str]
    lines: dict[str, str]


NOTHING = Manifest(report={}, digests={}, lines={})


def read_manifest(text: str) -> Manifest:
    """The manifest in the text of a nix/report.json; `NOTHING` when it is none of ours.

    Paths that lead out of the folder are left out.
    """
    try:
        data: Any = json.loads(text)
    except (ValueError, RecursionError):
        return NOTHING
    if not isinstance(data, dict) or data.get("version") != 1:
        return NOTHING
    return Manifest(report=data, digests=_texts(data.get("digests")), lines=_texts(data.get("lines")))


def _texts(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {path: text for path, text in value.items() if isinstance(text, str) and _is_inside(path)}


def _is_inside(path: str) -> bool:
    parts = PurePosixPath(path)
    return not parts.is_absolute() and ".." not in parts.parts and "\\" not in path and "\0" not in path
