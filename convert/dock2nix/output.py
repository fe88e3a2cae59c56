"""Writing the files of a conversion: all or none, and never over a user's own."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dock2nix.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MANIFEST = "nix/report.json"


def write_files(folder: Path, files: Mapping[str, str], *, force: bool) -> None:
    """Write all files, or none.

    A file that is in the way is replaced when dock2nix wrote it and nobody has edited it since (its digest is in the
    nix/report.json beside it), or when it already holds the same text. Files of an earlier conversion that this one does not
    write are removed under the same condition.

    Args:
        folder: the flake's root; made if need be.
        files: relative path → text.
        force: replace files of others too.

    Raises:
        UsageError: a file of somebody else is in the way, or the folder cannot be written; nothing was changed then.
    """
    digests = _earlier_digests(folder)
    if not force:
        _refuse_foreign_files(folder, files, digests)
    with _as_usage_error(folder):
        _refuse_links(folder, files)
        _replace_all(folder, files)
        for path in sorted(set(digests) - set(files)):
            if _digest(folder / path) == digests[path]:
                (folder / path).unlink()


def _earlier_digests(folder: Path) -> dict[str, str]:
    """What the last conversion wrote here; empty when there was none."""
    try:
        data: Any = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        digests = data["digests"] if data.get("version") == 1 else {}
        return {
            str(path): str(digest)
            for path, digest in digests.items()
            if not Path(path).is_absolute() and ".." not in Path(path).parts
        }
    except (OSError, ValueError, AttributeError, KeyError, TypeError):
        return {}


def _refuse_foreign_files(folder: Path, files: Mapping[str, str], digests: Mapping[str, str]) -> None:
    for path, text in files.items():
        target = folder / path
        if not (target.exists() or target.is_symlink()):
            continue
        found = _digest(target)
        ours = path == _MANIFEST and digests
        known = {digests.get(path), hashlib.sha256(text.encode()).hexdigest()}
        if found is not None and (ours or found in known):
            continue
        what = "was edited since dock2nix wrote it" if path in digests else "was not written by dock2nix"
        raise UsageError(f"{target}: {what}; use --force to replace it, or --output DIR to write elsewhere")


def _digest(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() if not path.is_symlink() else None
    except OSError:
        return None


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
            descriptor, name = tempfile.mkstemp(prefix=".dock2nix-", dir=target.parent)
            staged.append((Path(name), target))
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
            Path(name).chmod(0o644)
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
