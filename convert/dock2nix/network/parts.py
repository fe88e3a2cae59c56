"""Parts of files on servers (RFC 9110, "Range Requests"): many questions over few connections."""

from __future__ import annotations

import time
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING

from msgspec import Struct

from dock2nix.errors import NetworkError
from dock2nix.network import TryAgainError, exchange
from dock2nix.network.connections import guarded_session
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests

    from dock2nix.network import Limits
    from dock2nix.network.connections import Deadline

_RANGE = regex(r"bytes ([0-9]{1,18})-[0-9]{1,18}/([0-9]{1,18})")
_WHOLE = 200


class Part(Struct, frozen=True, kw_only=True):
    """Bytes of a file of `total` bytes, from `start` on."""

    content: bytes
    start: int
    total: int

    @property
    def whole(self) -> bool:
        return len(self.content) == self.total


class Parts(Struct, frozen=True):
    """Asks servers for files and parts of files. Several threads may use it at once: they share its connections."""

    guarded: tuple[requests.Session, Deadline]
    limits: Limits

    def all(self, url: str) -> Part:
        """A file.

        Raises:
            NetworkError: there is no whole answer within the limits.
        """
        return self._answer(url, {})

    def end(self, url: str, size: int) -> Part:
        """The last bytes of a file; all of it where it has no more, and from servers that know no ranges.

        Raises:
            NetworkError: as above.
        """
        return self._answer(url, {"Range": f"bytes=-{size}"})

    def between(self, url: str, start: int, stop: int) -> bytes:
        """The bytes from `start` to before `stop`.

        Raises:
            NetworkError: as above, or the server sends something else.
        """
        part = self._answer(url, {"Range": f"bytes={start}-{stop - 1}"})
        content = part.content[start - part.start :] if part.start <= start else b""
        if len(content) < stop - start:
            raise NetworkError("the server sends another part than the one that it is asked for")
        return content[: stop - start]

    def _answer(self, url: str, headers: dict[str, str]) -> Part:
        for pause in (*self.limits.pauses, None):
            content = BytesIO()
            try:
                response = exchange(self.guarded, url, content, self.limits, headers)
            except TryAgainError:
                if pause is None:
                    raise
                time.sleep(pause)
                continue
            return _part(response, content.getvalue())
        raise AssertionError("the last attempt returns or raises")


def _part(response: requests.Response, content: bytes) -> Part:
    if response.status_code == _WHOLE:
        return Part(content=content, start=0, total=len(content))
    found = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if found is None:
        raise NetworkError("the server does not say which part of the file it sends")
    return Part(content=content, start=int(found[1]), total=int(found[2]))


@contextmanager
def parts(limits: Limits) -> Iterator[Parts]:
    """What to ask with, for as long as the limits allow for all questions together."""
    latest = time.monotonic() + limits.longest
    with guarded_session(latest, private=limits.private) as guarded:
        yield Parts(guarded, limits)
