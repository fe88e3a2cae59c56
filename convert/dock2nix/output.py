"""Writing the files of a conversion: all or none, never over a user's own, and with hand edits kept."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from dock2nix.errors import UsageError
from dock2nix.review.manifest import LARGEST, MANIFEST, NOTHING, Manifest, read_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Written(Struct, frozen=True, kw_only=True):
    """What came of hand edits: `edited` are the files that keep some, `conflicts` (path, line) are left to the user.

    `left` are files that are no longer part of the conversion, and stay because somebody has edited them.
    """

    edited: tuple[str, ...] = ()
    conflicts: tuple[tuple[str, int], ...] = ()
    left: tuple[str, ...] = ()


def write_files(folder: Path, files: Mapping[str, str], *, force: bool) -> Written:
    """Write all files, or none.

    A file that is in the way is replaced when dock2nix wrote it and nobody has edited it since (its digest is in the
    nix/report.json beside it), or when it already holds the same text. One that was edited keeps the edits: what a new conversion
    changes is merged into it, and where both changed the same lines, both versions are marked. Files of an earlier conversion
    that this one does not write are removed, unless they were edited.

    Args:
        folder: the flake's root; made if need be.
        files: relative path → text.
        force: replace files of others, and edited ones.

    Raises:
        UsageError: a file of somebody else is in the way, an edited one cannot be merged (a lock, or marks of an earlier merge are
            still in it), or the folder cannot be written; nothing was changed then.
    """
    earlier = read_earlier(folder)
    written = Written() if force else _merged_into(files := dict(files), folder, earlier)
    with _as_usage_error(folder):
        _refuse_links(folder, files)
        _replace_all(folder, files)
        left = _remove_stale(folder, files, earlier.digests)
    return Written(edited=written.edited, conflicts=written.conflicts, left=left)


def replace_files(folder: Path, files: Mapping[str, str]) -> None:
    """Write all of these files, or none, over those that are there.

    Args:
        folder: the flake's root.
        files: relative path → text.

    Raises:
        UsageError: the folder cannot be written; nothing was changed then.
    """
    with _as_usage_error(folder):
        _refuse_links(folder, files)
        _replace_all(folder, files)


def read_earlier(folder: Path) -> Manifest:
    """What the last conversion wrote here; nothing when there was none."""
    path = folder / MANIFEST
    try:
        return read_manifest(path.read_text(encoding="utf-8")) if path.stat().st_size <= LARGEST else NOTHING
    except (OSError, ValueError):
        return NOTHING


def _merged_into(files: dict[str, str], folder: Path, earlier: Manifest) -> Written:
    """Put the hand edits of files that are there into the new texts."""
    edited: list[str] = []
    conflicts: list[tuple[str, int]] = []
    for path, text in files.items():
        target = folder / path
        if not (target.exists() or target.is_symlink()) or _is_ours(target, path, text, earlier):
            continue
        from dock2nix.review.keep import kept_edits  # noqa: PLC0415 - few runs meet hand edits

        merged = kept_edits(target, path, text, earlier)
        files[path] = merged.text
        edited.append(path)
        conflicts += [(path, line) for line in merged.conflicts]
    return Written(edited=tuple(sorted(edited)), conflicts=tuple(sorted(conflicts)))


def _is_ours(target: Path, path: str, text: str, earlier: Manifest) -> bool:
    """Whether a file may be replaced: nobody has edited it."""
    content = None if target.is_symlink() else _content(target)
    if content is None:
        return False
    if path == MANIFEST and earlier.digests:
        return True
    known = {earlier.digests.get(path), hashlib.sha256(text.encode()).hexdigest()}
    # git may have given the lines of a checkout other ends
    return any(_digest(one) in known for one in (content, content.replace(b"\r\n", b"\n")))


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _remove_stale(folder: Path, files: Mapping[str, str], digests: Mapping[str, str]) -> tuple[str, ...]:
    """Remove what an earlier conversion wrote and this one does not; the paths of those that somebody has edited."""
    left = []
    for path in sorted(set(digests) - set(files)):
        target = folder / path
        content = None if target.is_symlink() else _content(target)
        if content is not None and _digest(content) == digests[path]:
            target.unlink()
        elif content is not None:
            left.append(path)
    return tuple(left)


def _refuse_links(folder: Path, files: Mapping[str, str]) -> None:
    """A folder that is a link could lead the files out of the output folder."""
    for parent in sorted({folder / Path(path).parent for path in files} - {folder}):
        if parent.is_symlink():
            raise UsageError(f"{parent}: is a symbolic link; dock2nix does not write through it")


def _replace_all(folder: Path, files: Mapping[str, str]) -> None:
    """Everything is written under other names first, so that a full disk shows before the first file changes."""
    folder.mkdir(parents=True, exist_ok=True)
    staged: list[tuple[Path, Path]] = []
    try:
        for path, text in files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            temporary = target.with_name(f".dock2nix-{os.urandom(8).hex()}")
            staged.append((temporary, target))  # before it is there: an interrupt leaves nothing behind
            with temporary.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
            temporary.chmod(0o644)
        for temporary, target in staged:
            temporary.replace(target)
    finally:
        for temporary, _ in staged:
            with contextlib.suppress(OSError):
                temporary.unlink()


@contextlib.contextmanager
def _as_usage_error(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(f"{error.filename or folder}: cannot be written: {error.strerror}") from error
