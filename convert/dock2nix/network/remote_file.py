"""A file on a server as a file that is open: what is read of it is fetched, and nothing else."""

from __future__ import annotations

import io
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

    from dock2nix.network.parts import Part, Parts

_IN_MEMORY = 2**26


class RemoteFile:
    """Begins with its end, which a part is; seekable and readable as `zipfile` wants its files to be."""

    def __init__(self, url: str, end: Part, parts: Parts) -> None:
        self.size = end.total
        self._url = url
        self._parts = parts
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed with this one
        # what is here: (start, stop), in order, apart from each other
        self._here: list[tuple[int, int]] = []
        self._keep(end.start, end.content)
        self._position = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence]
        self._position = max(start + offset, 0)
        return self._position

    def read(self, size: int = -1) -> bytes:
        """As of any file.

        Raises:
            NetworkError: what is missing cannot be had.
        """
        stop = self.size if size < 0 else min(self._position + size, self.size)
        self.fetch(self._position, stop)
        self._file.seek(self._position)
        content = self._file.read(max(stop - self._position, 0))
        self._position += len(content)
        return content

    def missing(self, start: int, stop: int) -> int:
        """How many bytes between two places are not here."""
        return sum(right - left for left, right in self._gaps(start, stop))

    def fetch(self, start: int, stop: int) -> None:
        """Have the bytes from `start` to before `stop` here.

        Raises:
            NetworkError: they cannot be had.
        """
        for left, right in self._gaps(start, stop):
            self._keep(left, self._parts.between(self._url, left, right))

    def _gaps(self, start: int, stop: int) -> list[tuple[int, int]]:
        gaps = []
        for left, right in [*self._here, (stop, stop)]:
            if start < min(left, stop):
                gaps.append((start, min(left, stop)))
            start = max(start, right)
        return gaps

    def _keep(self, start: int, content: bytes) -> None:
        self._file.seek(start)
        self._file.write(content)
        merged: list[tuple[int, int]] = []
        for left, right in sorted([*self._here, (start, start + len(content))]):
            if merged and left <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(merged[-1][1], right))
            else:
                merged.append((left, right))
        self._here = merged
