"""The port to whatever downloads, and the implementation over the network: each address once, several at a time."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct, field
from msgspec.structs import replace

from dock2nix.errors import NetworkError
from dock2nix.network import Limits, Version, download_to

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from dock2nix.locking.cache import DownloadCache

    Told = Callable[[str, int, int], None]

_AT_ONCE = 4
_LARGEST_LIST = 64 * 2**20
_LINE = re.compile(rb"([0-9a-f]{40}) ([^\x00\n]+)")


class Downloaded(Struct, frozen=True):
    """A file that an address gave: where it is, and its SHA-256 in hexadecimal digits."""

    path: Path
    sha256: str


class Fetcher(Protocol):
    """Downloads. What it gives is data: nothing of it is run."""

    def fetch(self, urls: Iterable[str]) -> Mapping[str, Downloaded | str]:
        """What each of the addresses gives, or why there is nothing."""
        ...

    def references(self, url: str) -> Mapping[str, str] | str:
        """The commits of a git repository by the names of its references (`HEAD`, `refs/tags/v1`), or why there are none."""
        ...


class NoFetcher(Struct, frozen=True):
    """Stands in where nothing is downloaded, and says why."""

    reason: str

    def fetch(self, urls: Iterable[str]) -> Mapping[str, Downloaded | str]:
        return dict.fromkeys(urls, self.reason)

    def references(self, url: str) -> Mapping[str, str] | str:
        del url
        return self.reason


class CachedFetcher(Struct, frozen=True):
    """Implements `Fetcher` by what was downloaded before; it opens no connection."""

    cache: DownloadCache
    reason: str

    def fetch(self, urls: Iterable[str]) -> Mapping[str, Downloaded | str]:
        return {url: self._kept(url) for url in dict.fromkeys(urls)}

    def _kept(self, url: str) -> Downloaded | str:
        entry = self.cache.entry(url)
        path = self.cache.content(entry.sha256) if entry else None
        return Downloaded(path, entry.sha256) if entry and path else self.reason

    def references(self, url: str) -> Mapping[str, str] | str:
        del url
        return self.reason


@contextmanager
def _unwatched() -> Iterator[Told]:
    def nobody(what: str, done: int, total: int) -> None:
        del what, done, total

    yield nobody


class HttpFetcher(Struct, frozen=True, kw_only=True):
    """Implements `Fetcher` over http and https; `watch` opens what shows progress: (what, bytes done, bytes in all)."""

    cache: DownloadCache
    limits: Limits = field(default_factory=Limits)
    watch: Callable[[], AbstractContextManager[Told]] = _unwatched

    def fetch(self, urls: Iterable[str]) -> Mapping[str, Downloaded | str]:
        """See `Fetcher.fetch`. What the cache has is asked for under the condition that it has changed."""
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - few runs download

        distinct = list(dict.fromkeys(urls))
        with self.watch() as told, ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
            return dict(zip(distinct, pool.map(lambda url: self._one(url, told), distinct), strict=True))

    def _one(self, url: str, told: Told) -> Downloaded | str:
        kept = self.cache.entry(url)
        if kept is not None and self.cache.content(kept.sha256) is None:
            kept = None  # damaged
        known = kept.version if kept and kept.version != Version() else None
        try:
            entry = self.cache.add(
                url, lambda file: download_to(url, file, self.limits, known, _progress(url, told))
            )
        except NetworkError as error:
            return str(error)
        except OSError as error:
            return f"it cannot be kept: {error.strerror}"
        found = entry or kept
        path = self.cache.content(found.sha256) if found else None
        return Downloaded(path, found.sha256) if found and path else "it cannot be kept"

    def references(self, url: str) -> Mapping[str, str] | str:
        """See `Fetcher.references`: what the server advertises (gitprotocol-http(5), "Smart Clients")."""
        from io import BytesIO  # noqa: PLC0415 - few runs ask for this

        content = BytesIO()
        limits = replace(self.limits, largest=_LARGEST_LIST)
        try:
            download_to(f"{url.rstrip('/')}/info/refs?service=git-upload-pack", content, limits)
        except NetworkError as error:
            return str(error)
        return read_references(content.getvalue())


def _progress(url: str, told: Told) -> Callable[[int, int], None]:
    name = url.partition("?")[0].rstrip("/").rpartition("/")[2][:40]
    return lambda done, total: told(name, done, total)


def read_references(advertised: bytes) -> Mapping[str, str] | str:
    """The commits by the names of references, out of what git-upload-pack advertises (gitprotocol-pack(5)).

    An annotated tag stands for the commit that it is of, which is advertised as `refs/tags/NAME^{}`.
    """
    found: dict[str, str] = {}
    for line in _packets(advertised):
        parts = _LINE.match(line)
        if parts is not None:
            found[parts[2].decode("utf-8", "replace").rstrip()] = parts[1].decode()
    peeled = {name.removesuffix("^{}"): commit for name, commit in found.items() if name.endswith("^{}")}
    return found | peeled if found else "it is no git repository"


def _packets(data: bytes) -> Iterable[bytes]:
    """The lines of the pkt-line format: four hexadecimal digits say how long each is."""
    at = 0
    while at + 4 <= len(data):
        try:
            size = int(data[at : at + 4], 16)
        except ValueError:
            return
        if size >= 4:
            yield data[at + 4 : at + size]
        at += max(size, 4)
