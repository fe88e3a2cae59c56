"""What uv answered a short while ago: the same question gets the same answer without the network."""

from __future__ import annotations

import hashlib
import json
import os
import time
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

from dock2nix.locking.cache import cache_folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Seconds for which an index is taken at its word; the public one asks for as many of its pages (`Cache-Control: max-age=600`).
_LIFETIME = 600.0


def question(command: Sequence[str], files: Mapping[str, str], addresses: Sequence[str]) -> str:
    """Equal for questions that must get the same answer.

    Args:
        command: for uv, without paths of folders that are there for one run only.
        files: what it reads, by name.
        addresses: of the indexes.
    """
    told = sorted((name, value) for name, value in os.environ.items() if name.startswith("UV_"))
    text = json.dumps([list(command), sorted(files.items()), list(addresses), told])
    return hashlib.sha256(text.encode()).hexdigest()


def recent_answer(asked: str) -> str | None:
    """The answer that a question got, if it is not too old."""
    path = _path(asked)
    try:
        age = time.time() - path.stat().st_mtime
        return path.read_text(encoding="utf-8") if 0 <= age < _LIFETIME else None
    except (OSError, ValueError):
        return None


def keep_answer(asked: str, answer: str) -> None:
    """The file gets its name when it is whole; a cache that cannot be written is no reason to fail. Old ones go."""
    path = _path(asked)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for old in path.parent.iterdir():
            if time.time() - old.stat().st_mtime > _LIFETIME:
                old.unlink(missing_ok=True)
        with NamedTemporaryFile(dir=path.parent, prefix=".answer-", delete=False) as file:
            file.write(answer.encode())
        Path(file.name).replace(path)
    except OSError:
        return


def _path(asked: str) -> Path:
    return cache_folder().parent / "answers" / asked
