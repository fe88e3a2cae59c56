"""The port to whatever resolves and looks into distributions, and what it may answer."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Protocol

import msgspec
from msgspec import Struct

from dock2nix.errors import NetworkError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dock2nix.locking.sdists import SourceMetadata
    from dock2nix.model.python_lock import LockedDistribution

CPUS = {"x86_64-linux": "x86_64", "aarch64-linux": "aarch64"}


class LockUnavailableError(NetworkError):
    """There is no lock for a reason outside of the Dockerfile: no uv, no network. `hint` says what to do."""

    def __init__(self, reason: str, hint: str) -> None:
        super().__init__(f"{reason}; {hint}")
        self.reason = reason
        self.hint = hint


class LockRefused(Exception):  # noqa: N818 - an answer, not an error of ours
    """What the Dockerfile asks for cannot be locked; the text says why.

    `without_wheels` are distributions that stand in the way because they come as sources only, `missing` those that the package
    index does not have, or not in a version that is asked for.
    """

    def __init__(
        self, reason: str, without_wheels: tuple[str, ...] = (), missing: tuple[str, ...] = ()
    ) -> None:
        super().__init__(reason)
        self.without_wheels = without_wheels
        self.missing = missing


class LockRequest(Struct, frozen=True, kw_only=True):
    """What an environment is to hold.

    `python` is the interpreter's version, the patch release included where it is known; `glibc` the newest C library that a
    wheel may ask for (`2_28`). `requirements` and `constraints` are PEP 508 requirements, sorted; `hashes` are what the files
    of a distribution may have (`sha256:…`). `indexes` are the addresses that the Dockerfile takes packages from besides the
    default.
    """

    python: str
    glibc: str
    systems: tuple[str, ...]
    requirements: tuple[str, ...]
    constraints: tuple[str, ...] = ()
    hashes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    indexes: tuple[str, ...] = ()
    prereleases: bool = False

    @property
    def digest(self) -> str:
        """Equal for requests that ask for the same."""
        text = json.dumps(msgspec.to_builtins(self), sort_keys=True, separators=(",", ":"))
        return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


class LinkedLibraries(Struct, frozen=True, kw_only=True):
    """Names of libraries that the files of a distribution `need`, and of those that are among its files."""

    needed: frozenset[str]
    brought: frozenset[str]


class Locker(Protocol):
    """Resolves requirements to files. Nothing of the Dockerfile and nothing of the distributions is ever run."""

    def resolve(
        self,
        request: LockRequest,
        systems: tuple[str, ...],
        previous: str,
        sources: tuple[SourceMetadata, ...] = (),
    ) -> Mapping[str, str | LockRefused]:
        """A lock file (PEP 751) for each of the systems, or why there is none for it.

        Args:
            request: what to resolve.
            systems: those to resolve it for; all of the request's or some.
            previous: an older lock file whose versions are kept where they fit, "" for none.
            sources: distributions to be taken as sources, with what they need; all others are taken as wheels.

        Raises:
            LockUnavailableError: it could not be tried.
        """
        ...

    def download(self, url: str, sha256: str) -> bytes:
        """A source distribution, compared with its hash.

        Raises:
            LockUnavailableError: it cannot be had, is too large or is another file.
        """
        ...

    def linked_libraries(
        self, request: LockRequest, system: str, distributions: tuple[LockedDistribution, ...]
    ) -> Mapping[str, LinkedLibraries]:
        """What the ELF files of these distributions link to, by distribution; empty when it cannot be found out.

        Raises:
            LockUnavailableError: a file is not the one that the lock names.
        """
        ...


class NoLocker(Struct, frozen=True):
    """Stands in where nothing can be resolved, and says why."""

    reason: str
    hint: str

    def resolve(
        self,
        request: LockRequest,
        systems: tuple[str, ...],
        previous: str,
        sources: tuple[SourceMetadata, ...] = (),
    ) -> Mapping[str, str | LockRefused]:
        del request, systems, previous, sources
        raise LockUnavailableError(self.reason, self.hint)

    def download(self, url: str, sha256: str) -> bytes:
        del url, sha256
        raise LockUnavailableError(self.reason, self.hint)

    def linked_libraries(
        self, request: LockRequest, system: str, distributions: tuple[LockedDistribution, ...]
    ) -> Mapping[str, LinkedLibraries]:
        del request, system, distributions
        return {}


OFFLINE = NoLocker(
    "--offline was given", "convert again without it, or choose --python nixpkgs to do without the lock"
)


class ResolvingLocker(Struct, frozen=True):
    """Resolves by another locker and does not look into wheels: for who wants to know what can be locked."""

    locker: Locker

    def resolve(
        self,
        request: LockRequest,
        systems: tuple[str, ...],
        previous: str,
        sources: tuple[SourceMetadata, ...] = (),
    ) -> Mapping[str, str | LockRefused]:
        return self.locker.resolve(request, systems, previous, sources)

    def download(self, url: str, sha256: str) -> bytes:
        return self.locker.download(url, sha256)

    def linked_libraries(
        self, request: LockRequest, system: str, distributions: tuple[LockedDistribution, ...]
    ) -> Mapping[str, LinkedLibraries]:
        del request, system, distributions
        return {}
