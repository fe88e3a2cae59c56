"""What was downloaded before: files by what they hold, shared by all runs; several may use it at once."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import IO, TYPE_CHECKING

import msgspec
from msgspec import Struct

from dock2nix.network import Version  # noqa: TC001 - msgspec reads the types of `Entry` when it decodes one

if TYPE_CHECKING:
    from collections.abc import Callable

_CHUNK = 2**20


class Entry(Struct, frozen=True, kw_only=True):
    """What an address gave: the SHA-256 of it in hexadecimal, and the version that the server called it."""

    sha256: str
    version: Version


def cache_folder() -> Path:
    """Where downloads are kept (XDG Base Directory Specification: $XDG_CACHE_HOME, else ~/.cache)."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(given) if given.startswith("/") else Path.home() / ".cache"
    return base / "dock2nix" / "downloads"


class DownloadCache(Struct, frozen=True):
    """A folder of files: `content/` by SHA-256, `addresses/` with what each address gave last."""

    folder: Path

    def entry(self, url: str) -> Entry | None:
        """What an address gave last, if it is still there."""
        try:
            found = msgspec.json.decode(self._note(url).read_bytes(), type=Entry)
        except (OSError, msgspec.DecodeError):
            return None
        return found if self._content(found.sha256).is_file() else None

    def content(self, sha256: str) -> Path | None:
        """The file with this hash, if it is there and undamaged; a damaged one is removed."""
        path = self._content(sha256)
        try:
            if digest_of(path, "sha256") == sha256:
                return path
        except OSError:
            return None
        path.unlink(missing_ok=True)
        return None

    def add(self, url: str, receive: Callable[[IO[bytes]], Version | None]) -> Entry | None:
        """Keep what `receive` writes to the file it is given; None when it wrote nothing because nothing is new.

        The file gets its name when it is whole: whoever is interrupted leaves nothing behind that counts.
        """
        from tempfile import NamedTemporaryFile  # noqa: PLC0415 - few runs download

        for name in ("content", "addresses"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=self.folder, prefix=".part-", delete=False) as file:
            part = Path(file.name)
            try:
                version = receive(file)
                file.flush()
                if version is None:
                    return None
                found = Entry(sha256=digest_of(part, "sha256"), version=version)
                part.replace(self._content(found.sha256))
            finally:
                part.unlink(missing_ok=True)
        self._write_note(url, found)
        return found

    def _write_note(self, url: str, entry: Entry) -> None:
        from tempfile import NamedTemporaryFile  # noqa: PLC0415 - few runs download

        with NamedTemporaryFile(dir=self.folder, prefix=".note-", delete=False) as file:
            file.write(msgspec.json.encode(entry))
        Path(file.name).replace(self._note(url))

    def _content(self, sha256: str) -> Path:
        return self.folder / "content" / sha256

    def _note(self, url: str) -> Path:
        return self.folder / "addresses" / hashlib.sha256(url.encode()).hexdigest()


def digest_of(path: Path, algorithm: str) -> str:
    """The hash of a file in hexadecimal digits.

    Raises:
        OSError: it cannot be read.
    """
    digest = hashlib.new(algorithm, usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
