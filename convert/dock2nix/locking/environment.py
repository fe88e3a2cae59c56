"""The locked environment itself: an older lock kept, or a new one made, with the libraries its wheels link to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from dock2nix.locking.base import LockRefused
from dock2nix.locking.libraries import native_libraries
from dock2nix.locking.pylock import is_library_name, merge, read_lock, sources_of, versions_of
from dock2nix.locking.recipes import source_recipes
from dock2nix.locking.sdists import SourceMetadata, read_sdist
from dock2nix.model.python_lock import LockedEnvironment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dock2nix.catalogue.base import Catalogue
    from dock2nix.locking.base import LinkedLibraries, Locker, LockRequest
    from dock2nix.model.packages import AttributePath
    from dock2nix.model.python_lock import LockedDistribution, PythonLock

# Wheels larger than this are not downloaded to be looked into, nor more than this in all.
_MOST_ROUNDS = 8
_LARGE_WHEEL, _LARGE_LOT = 100 * 2**20, 160 * 2**20


def locked_environment(
    request: LockRequest,
    interpreter: AttributePath,
    channel: str,
    catalogue: Catalogue,
    locker: Callable[[], Locker],
    previous: str,
) -> LockedEnvironment:
    """The environment that a request asks for.

    Args:
        request: what it is to hold.
        interpreter: the attribute of the interpreter.
        channel: the old release that it comes from, "" for the indexed nixpkgs.
        catalogue: for the packages that have the libraries.
        locker: gives what resolves; called only when the older lock is for something else.
        previous: the text of an older nix/pylock.toml, "" for none.

    Raises:
        LockRefused: what is asked for cannot be locked.
        LockUnavailableError: it could not be tried.
    """
    lock = read_lock(previous) if previous else None
    if lock is None or lock.request != request.digest:
        lock = _new_lock(request, locker(), previous if lock else "")
    return LockedEnvironment(
        interpreter=interpreter,
        lock=lock,
        libraries=native_libraries(lock, catalogue, channel),
        recipes=source_recipes(lock, catalogue, channel),
    )


def _new_lock(request: LockRequest, locker: Locker, previous: str) -> PythonLock:
    return _with_libraries(_resolved(request, locker, previous), request, locker)


def _resolved(request: LockRequest, locker: Locker, previous: str) -> PythonLock:
    """The lock for all systems, or for the first of them where another one has no wheels of these versions."""
    first, *others = sorted(request.systems, reverse=True)
    answers, sources = _with_sources(request, locker, previous, first)
    answer = answers[first]
    texts = {first: answer}
    for system in others:
        other = _agreeing(answers[system], answer, request, system, locker, sources)
        if not isinstance(other, LockRefused):
            texts[system] = other
    try:
        return merge(texts, request, sources)
    except LockRefused:
        return merge({first: answer}, request, sources)


def _with_sources(
    request: LockRequest, locker: Locker, previous: str, first: str
) -> tuple[dict[str, Any], tuple[SourceMetadata, ...]]:
    """The answers for all systems, and what is known of the distributions that come as sources.

    Which ones do shows only when there is no answer without them, and what they need only when their version is known:
    so it is asked again until nothing new turns up.

    Raises:
        LockRefused: there is no answer for the first system.
    """
    known: dict[str, SourceMetadata] = {}
    for _ in range(_MOST_ROUNDS):
        sources = tuple(known[name] for name in sorted(known))
        answers = dict(locker.resolve(request, request.systems, previous, sources))
        answer = answers[first]
        if isinstance(answer, LockRefused):
            new = {name: SourceMetadata(name=name) for name in answer.without_wheels if name not in known}
            if not new:
                raise answer
        else:
            found = (one for one in sources_of(answer) if known[one.name].version != one.version)
            new = {
                one.name: read_sdist(
                    one.name, one.version, one.file_name, locker.download(one.url, one.sha256)
                )
                for one in found
            }
            if not new:
                return answers, sources
        known |= new
    raise LockRefused(f"what {', '.join(sorted(known))} need, which come as sources, does not settle")


def _agreeing(
    other: str | LockRefused,
    answer: str,
    request: LockRequest,
    system: str,
    locker: Locker,
    sources: tuple[SourceMetadata, ...],
) -> str | LockRefused:
    """The answer for another system in the versions of the first one's."""
    if isinstance(other, LockRefused) or _agree(answer, other):
        return other
    pins = tuple(f"{name}=={version}" for name, version in sorted(versions_of(answer).items()))
    return locker.resolve(replace(request, constraints=pins), (system,), "", sources)[system]


def _agree(one: str, other: str) -> bool:
    """Whether two lock files have the same versions of what both have."""
    ours, theirs = versions_of(one), versions_of(other)
    return all(ours[name] == theirs[name] for name in ours.keys() & theirs.keys())


# --- libraries ---------------------------------------------------------------------------------------------------------------


def _with_libraries(lock: PythonLock, request: LockRequest, locker: Locker) -> PythonLock:
    """The lock with the libraries that its wheels link to, as far as they are not too large to be looked into."""
    system = max(lock.systems)
    asked = _small_enough(lock.distributions, system)
    found = locker.linked_libraries(request, system, asked) if asked else {}
    return replace(lock, distributions=tuple(_with_needs(one, found) for one in lock.distributions))


def _small_enough(
    distributions: tuple[LockedDistribution, ...], system: str
) -> tuple[LockedDistribution, ...]:
    native = [one for one in distributions if not one.pure and system in one.systems]
    sizes = {one.name: sum(wheel.size for wheel in one.wheels if system in wheel.systems) for one in native}
    kept: list[LockedDistribution] = []
    total = 0
    for one in sorted(native, key=lambda one: (sizes[one.name], one.name)):
        total += sizes[one.name]
        if sizes[one.name] <= _LARGE_WHEEL and total <= _LARGE_LOT:
            kept.append(one)
    return tuple(sorted(kept, key=lambda one: one.name))


def _with_needs(one: LockedDistribution, found: Mapping[str, LinkedLibraries]) -> LockedDistribution:
    if one.name not in found:
        return one
    own = found[one.name]
    others = {name for other, linked in found.items() if other != one.name for name in linked.brought}
    wanted = sorted(name for name in own.needed - own.brought if is_library_name(name))
    return replace(
        one,
        needs=tuple(name for name in wanted if name not in others),
        borrows=tuple(name for name in wanted if name in others),
    )
