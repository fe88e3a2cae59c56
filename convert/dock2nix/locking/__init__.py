"""Python environments by lock: every distribution a wheel with its hash, where nixpkgs has other versions than asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dock2nix.extract import python_sources
from dock2nix.locking.base import LockRefused, LockUnavailable
from dock2nix.locking.libraries import native_libraries
from dock2nix.locking.pylock import is_library_name, merge, read_lock, versions_of
from dock2nix.locking.requests import interpreter_of, lock_request, lockable, unmet
from dock2nix.model.finding import Finding, Outcome, Severity
from dock2nix.model.packages import LockedArtifact, NotNeeded, Origin
from dock2nix.model.python_lock import LockedEnvironment
from dock2nix.model.steps import RequirementOutcome
from dock2nix.resolve import base_image_of, remarks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dock2nix.catalogue.base import Catalogue
    from dock2nix.extract import StageSteps
    from dock2nix.locking.base import LinkedLibraries, Locker, LockRequest
    from dock2nix.model.dockerfile import Stage
    from dock2nix.model.image import BaseImage
    from dock2nix.model.packages import AttributePath
    from dock2nix.model.python_lock import LockedDistribution, NativeLibraries, PythonLock
    from dock2nix.model.steps import ResolvedRequirement, Step

__all__ = ["ImageParts", "LockSettings", "Locking", "image_parts", "lock_python"]

SYSTEMS = ("aarch64-linux", "x86_64-linux")
# Wheels larger than this are not downloaded to be looked into, nor more than this in all.
_LARGE_WHEEL, _LARGE_LOT = 100 * 2**20, 300 * 2**20


class LockSettings(Struct, frozen=True, kw_only=True):
    """What the user says of it: `python` is auto, nixpkgs or lock; `previous` the text of an older nix/pylock.toml.

    `channel` is the release that is to be pinned, "" for the index's.
    """

    python: str = "nixpkgs"
    previous: str = ""
    channel: str = ""
    systems: tuple[str, ...] = SYSTEMS


class ImageParts(Struct, frozen=True, kw_only=True):
    """What is known of the image: its base, the positions of its stages and their commands."""

    base: BaseImage | None
    stages: frozenset[int]
    steps: tuple[Step, ...]


def image_parts(
    stages: tuple[Stage, ...], chain: tuple[int, ...], done: tuple[StageSteps, ...], catalogue: Catalogue
) -> ImageParts:
    """The parts of the image that the stages of a chain make, root first, and those whose Python packages it copies.

    `done` are the steps of the needed stages.
    """
    positions = frozenset(chain) | python_sources(done, chain)
    return ImageParts(
        base=base_image_of(stages[chain[0]], stages, catalogue),
        stages=positions,
        steps=tuple(step for one in done if one.stage in positions for step in one.steps),
    )


class Locking(Struct, frozen=True, kw_only=True):
    """All requirements, those of the environment locked; the environment is None when it comes from nixpkgs."""

    requirements: tuple[ResolvedRequirement, ...]
    environment: LockedEnvironment | None = None


def lock_python(
    resolved: Outcome[tuple[ResolvedRequirement, ...]],
    image: ImageParts,
    catalogue: Catalogue,
    locker: Locker,
    settings: LockSettings,
) -> Outcome[Locking]:
    """The image's Python environment locked as a whole, where it has to be.

    Args:
        resolved: all requirements as nixpkgs resolves them, with what was to be said of that.
        image: what else is known of the image.
        catalogue: for versions and libraries.
        locker: resolves and downloads.
        settings: what the user says of it.

    Returns:
        The requirements with the findings on them: what was said of those that are locked now is withdrawn.

    Raises:
        LockUnavailable: a lock was asked for by `python = "lock"`, and there is no uv or no network.
    """
    mine = lockable(one for one in resolved.value if one.stage in image.stages)
    missing = unmet(mine, catalogue)
    if not mine or settings.python == "nixpkgs" or (settings.python == "auto" and not missing):
        return Outcome(Locking(requirements=resolved.value), resolved.findings)
    try:
        environment = _environment(mine, resolved.value, image, catalogue, locker, settings)
    except LockRefused as answer:
        severity = Severity.ERROR if settings.python == "lock" else None
        hint = "change the requirements, or choose --python nixpkgs to do without the lock"
        finding = _not_locked(str(answer), hint, missing or mine, severity)
    except LockUnavailable as error:
        if settings.python == "lock":
            raise
        finding = _not_locked(error.reason, error.hint, missing, None)
    else:
        return _locked(resolved, mine, environment, settings.systems)
    return Outcome(Locking(requirements=resolved.value), (*resolved.findings, finding))


def _not_locked(
    reason: str, hint: str, unmet: tuple[ResolvedRequirement, ...], severity: Severity | None
) -> Finding:
    names = ", ".join(dict.fromkeys(one.requirement.name for one in unmet))
    return Finding(
        code="D2N221",
        message=f"the Python environment is not locked, so these are nixpkgs' ({names}): {reason}",
        location=unmet[0].requirement.location,
        hint=hint,
        severity_override=severity,
    )


def _environment(
    mine: tuple[ResolvedRequirement, ...],
    resolved: tuple[ResolvedRequirement, ...],
    image: ImageParts,
    catalogue: Catalogue,
    locker: Locker,
    settings: LockSettings,
) -> LockedEnvironment:
    interpreter = interpreter_of(mine, (one for one in resolved if one.stage in image.stages), image.base)
    channel = _channel(interpreter, image.base) or settings.channel
    request = lock_request(mine, image.steps, interpreter, channel, settings.systems, catalogue)
    kept = read_lock(settings.previous) if settings.previous else None
    if kept is not None and kept.request == request.digest:
        lock = kept
    else:
        lock = _with_libraries(_resolved(request, locker, settings.previous), request, locker)
    return LockedEnvironment(
        interpreter=interpreter,
        lock=lock,
        libraries=native_libraries(lock, catalogue, channel),
        requirements=len(mine),
    )


def _channel(interpreter: AttributePath, base: BaseImage | None) -> str:
    """The old release that the interpreter comes from: the base's when it is the base's own."""
    return base.channel if base is not None and interpreter == base.interpreter else ""


def _resolved(request: LockRequest, locker: Locker, previous: str) -> PythonLock:
    """The lock for all systems, or for the first of them where another one has no wheels of these versions.

    Raises:
        LockRefused: there is none for the first one.
        LockUnavailable: it could not be tried.
    """
    first, *others = sorted(request.systems, reverse=True)
    answers = dict(locker.resolve(request, request.systems, previous))
    answer = answers.pop(first)
    if isinstance(answer, LockRefused):
        raise answer
    texts = {first: answer}
    for system in others:
        other = answers[system]
        if not isinstance(other, LockRefused) and not _agree(answer, other):
            pinned = replace(request, constraints=_pins(answer))
            other = locker.resolve(pinned, (system,), "")[system]
        if not isinstance(other, LockRefused):
            texts[system] = other
    try:
        return merge(texts, request)
    except LockRefused:
        if len(texts) == 1:
            raise
        return merge({first: answer}, request)


def _agree(one: str, other: str) -> bool:
    """Whether two lock files have the same versions of what both have."""
    ours, theirs = versions_of(one), versions_of(other)
    return all(ours[name] == theirs[name] for name in ours.keys() & theirs.keys())


def _pins(text: str) -> tuple[str, ...]:
    return tuple(f"{name}=={version}" for name, version in sorted(versions_of(text).items()))


# --- libraries ---------------------------------------------------------------------------------------------------------------


def _with_libraries(lock: PythonLock, request: LockRequest, locker: Locker) -> PythonLock:
    """The lock with the libraries that its wheels link to, as far as they are not too large to be looked into."""
    system = max(lock.systems)
    asked = _small_enough(lock.distributions, system)
    found = locker.linked_libraries(request, system, asked) if asked else {}
    return replace(
        lock, distributions=tuple(_with_needs(one, found) for one in lock.distributions)
    )


def _small_enough(distributions: tuple[LockedDistribution, ...], system: str) -> tuple[LockedDistribution, ...]:
    native = [one for one in distributions if not one.pure and system in one.systems]
    sizes = {
        one.name: sum(wheel.size for wheel in one.wheels if system in wheel.systems) for one in native
    }
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


# --- what becomes of the requirements ----------------------------------------------------------------------------------------


def _locked(
    resolved: Outcome[tuple[ResolvedRequirement, ...]],
    mine: tuple[ResolvedRequirement, ...],
    environment: LockedEnvironment,
    systems: tuple[str, ...],
) -> Outcome[Locking]:
    found = {one.name: one for one in environment.lock.distributions}
    affected = {id(one) for one in mine}
    withdrawn = {finding for one in mine for finding in remarks(one)}
    requirements = tuple(
        _as_locked(one, found.get(one.requirement.name)) if id(one) in affected else one
        for one in resolved.value
    )
    findings = tuple(finding for finding in resolved.findings if finding not in withdrawn)
    return Outcome(
        Locking(requirements=requirements, environment=environment),
        findings + _library_findings(environment, mine) + _system_findings(environment, mine, systems),
    )


def _as_locked(one: ResolvedRequirement, distribution: LockedDistribution | None) -> ResolvedRequirement:
    """The requirement as the lock resolves it."""
    if distribution is None:
        reason = one.reason or f"its marker does not hold here: {one.requirement.marker}"
        nothing = NotNeeded(requirement=one.requirement, reason=reason, origin=Origin.RULE)
        return replace(one, resolutions=(nothing,), outcome=RequirementOutcome.NOT_NEEDED, reason=reason)
    wheel = max(distribution.wheels, key=lambda wheel: wheel.systems)
    artifact = LockedArtifact(
        requirement=one.requirement,
        url=wheel.url,
        hash=wheel.hash,
        version=distribution.version,
        evidence=f"locked in nix/pylock.toml: {wheel.name}",
    )
    return replace(one, resolutions=(artifact,), outcome=RequirementOutcome.LOCKED, reason="")


def _library_findings(
    environment: LockedEnvironment, mine: tuple[ResolvedRequirement, ...]
) -> tuple[Finding, ...]:
    return tuple(_library_finding(one, mine) for one in environment.libraries if one.missing or not one.measured)


def _library_finding(one: NativeLibraries, mine: tuple[ResolvedRequirement, ...]) -> Finding:
    if one.measured:
        message = f"{one.distribution}: no package of nixpkgs is known for {', '.join(one.missing)}, which its wheel links to"
    else:
        message = f"{one.distribution}: its wheel was not looked into, what it links to is not known"
    return Finding(
        code="D2N222",
        message=message,
        location=_place(one.distribution, mine).requirement.location,
        hint="check that it can be imported; add what is missing to `libraries` in nix/python.nix",
    )


def _place(distribution: str, mine: tuple[ResolvedRequirement, ...]) -> ResolvedRequirement:
    """The requirement that names the distribution, else the first."""
    return next((one for one in mine if one.requirement.name == distribution), mine[0])


def _system_findings(
    environment: LockedEnvironment, mine: tuple[ResolvedRequirement, ...], asked: tuple[str, ...]
) -> tuple[Finding, ...]:
    missing = ", ".join(system for system in asked if system not in environment.lock.systems)
    if not missing:
        return ()
    text = f"some of the locked distributions have no wheel for {missing}: the flake is for {environment.lock.systems[0]} only"
    return (Finding(code="D2N223", message=text, location=mine[0].requirement.location),)
