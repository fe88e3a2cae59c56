"""Where a command's one document goes: standard output, or a file that is replaced as a whole."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from pathlib import Path

from dock2nix.errors import UsageError


def deliver(text: str, path: Path | None) -> None:
    """Print a text, or write it to a file: the old content or the new is there at every moment.

    Raises:
        UsageError: the file cannot be written.
    """
    if path is None:
        sys.stdout.write(text)
        return
    try:
        _replace(path, text)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from error


def _replace(path: Path, text: str) -> None:
    if path.exists() and not path.is_file():  # /dev/stdout, a pipe
        path.write_text(text, encoding="utf-8", newline="\n")
        return
    descriptor, name = tempfile.mkstemp(prefix=".dock2nix-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    finally:
        with contextlib.suppress(OSError):
            Path(name).unlink()
