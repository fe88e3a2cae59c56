"""The locked environment itself: an older lock kept, or a new one made, with the libraries its wheels link to."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

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
    """A lock for all systems, or for the first of them where another one has no wheels of these versions.

    The wheels of the first system are looked into while the others are resolved.
    """
    first, *others = sorted(request.systems, reverse=True)
    answer, sources = _first_answer(request, locker, previous, first)
    alone = merge({first: answer}, request, sources)
    with ThreadPoolExecutor(max_workers=1) as pool:
        linked = pool.submit(_libraries, alone, request, locker)
        answers = {first: answer, **_further_answers(request, locker, answer, sources, others)}
        lock = _merged(answers, request, sources) or alone
        return _with_libraries(lock, linked.result())


def _first_answer(
    request: LockRequest, locker: Locker, previous: str, system: str
) -> tuple[str, tuple[SourceMetadata, ...]]:
    """The answer for one system, and what is known of the distributions that come as sources.

    Which ones do shows only when there is no answer without them, and what they need only when their version is known:
    so it is asked again until nothing new turns up.

    Raises:
        LockRefused: there is no answer.
    """
    known: dict[str, SourceMetadata] = {}
    for _ in range(_MOST_ROUNDS):
        sources = tuple(known[name] for name in sorted(known))
        answer = locker.resolve(request, (system,), previous, sources)[system]
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
                return answer, sources
        known |= new
    raise LockRefused(f"what {', '.join(sorted(known))} need, which come as sources, does not settle")


def _further_answers(
    request: LockRequest,
    locker: Locker,
    answer: str,
    sources: tuple[SourceMetadata, ...],
    systems: list[str],
) -> dict[str, str]:
    """The answers for other systems, in the versions of the first one's; those left out that have none."""
    if not systems:
        return {}
    pins = tuple(f"{name}=={version}" for name, version in sorted(versions_of(answer).items()))
    pinned = replace(request, constraints=(*request.constraints, *pins))
    found = locker.resolve(pinned, tuple(systems), "", sources)
    return {system: text for system, text in found.items() if not isinstance(text, LockRefused)}


def _merged(
    answers: Mapping[str, str], request: LockRequest, sources: tuple[SourceMetadata, ...]
) -> PythonLock | None:
    try:
        return merge(answers, request, sources)
    except LockRefused:
        return None


# --- libraries ---------------------------------------------------------------------------------------------------------------


def _libraries(lock: PythonLock, request: LockRequest, locker: Locker) -> Mapping[str, LinkedLibraries]:
    """What the wheels of a lock for one system link to, as far as they are not too large to be looked into."""
    (system,) = lock.systems
    asked = _small_enough(lock.distributions, system)
    return locker.linked_libraries(request, system, asked) if asked else {}


def _with_libraries(lock: PythonLock, found: Mapping[str, LinkedLibraries]) -> PythonLock:
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
