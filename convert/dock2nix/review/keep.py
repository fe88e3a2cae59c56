"""A generated file that somebody has edited, and a new conversion of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.errors import UsageError
from dock2nix.report.digests import people_edit, text_digest
from dock2nix.review.merge import MOST_LINES, Merged, has_conflicts, merge_texts

if TYPE_CHECKING:
    from pathlib import Path

    from dock2nix.review.manifest import Manifest

_WAY_OUT = "use --force to replace it, or --output DIR to write elsewhere"


def kept_edits(target: Path, path: str, text: str, earlier: Manifest) -> Merged:
    """The new text of an edited file with the edits in it.

    Args:
        target: the file.
        path: its path in the flake.
        text: what a conversion writes now.
        earlier: what the last one remembers.

    Raises:
        UsageError: dock2nix did not write the file, or what was edited cannot be merged.
    """
    if path not in earlier.digests or target.is_symlink():
        raise UsageError(f"{target}: was not written by dock2nix; {_WAY_OUT}")
    edited = _read(target)
    if has_conflicts(edited):
        raise UsageError(f"{target}: has conflicts of an earlier conversion that are not settled; {_WAY_OUT}")
    if earlier.digests[path] == text_digest(text):
        return Merged(text=edited)
    base = earlier.lines.get(path, "")
    if not base or not people_edit(path) or _is_long(edited) or _is_long(text):
        raise UsageError(
            f"{target}: was edited since dock2nix wrote it, and a new conversion changes it too; {_WAY_OUT}"
        )
    return merge_texts(base, edited, text)


def _is_long(text: str) -> bool:
    return text.count("\n") > MOST_LINES


def _read(target: Path) -> str:
    try:
        return target.read_bytes().decode().replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{target}: was edited since dock2nix wrote it, and cannot be read; {_WAY_OUT}"
        ) from error
