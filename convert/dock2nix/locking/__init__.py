"""Python environments by lock: every distribution a wheel with its hash, where nixpkgs has other versions than asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dock2nix.extract import python_sources
from dock2nix.locking.base import LockRefused, LockUnavailableError, NoLocker
from dock2nix.locking.requests import interpreter_of, lock_request, lockable, unmet
from dock2nix.model.finding import Finding, Outcome, Severity
from dock2nix.model.packages import LockedArtifact, NotNeeded, Origin
from dock2nix.model.steps import RequirementOutcome
from dock2nix.resolve import base_image_of, remarks

if TYPE_CHECKING:
    from collections.abc import Callable

    from dock2nix.catalogue.base import Catalogue
    from dock2nix.extract import StageSteps
    from dock2nix.locking.base import Locker
    from dock2nix.model.debs import DebLock
    from dock2nix.model.dockerfile import Stage
    from dock2nix.model.image import BaseImage
    from dock2nix.model.packages import AttributePath
    from dock2nix.model.python_lock import LockedDistribution, LockedEnvironment, SourceRecipe
    from dock2nix.model.steps import ResolvedRequirement, Step

__all__ = ["ImageParts", "LockSettings", "Locking", "image_parts", "lock_python"]

_HINT = "change the requirements, or choose --python nixpkgs to do without the lock"
_ABSENT_HINT = (
    "check its name and version; for one of a private index, name that index in your own configuration of uv or pip; "
    "or choose --python nixpkgs to do without the lock"
)

Requirements = tuple["ResolvedRequirement", ...]


class LockSettings(Struct, frozen=True, kw_only=True):
    """What the user says of it: `python` is auto, nixpkgs or lock; `previous` the text of an older nix/pylock.toml.

    `channel` is the release that is to be pinned, "" for the index's.
    """

    python: str
    systems: tuple[str, ...]
    previous: str = ""
    channel: str = ""


class ImageParts(Struct, frozen=True, kw_only=True):
    """What is known of the image: its base, the positions of its stages and their commands."""

    base: BaseImage | None
    stages: frozenset[int]
    steps: tuple[Step, ...]


class Locking(Struct, frozen=True, kw_only=True):
    """All requirements, those of the environment locked; the environment is None when it comes from nixpkgs.

    `debs` are the packages that come as files of the distribution's own, None when there are none.
    """

    requirements: Requirements
    environment: LockedEnvironment | None = None
    debs: DebLock | None = None


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


def lock_python(
    resolved: Outcome[Requirements],
    image: ImageParts,
    catalogue: Catalogue,
    locker: Callable[[], Locker],
    settings: LockSettings,
) -> Outcome[Locking]:
    """The image's Python environment locked as a whole, where it has to be.

    Args:
        resolved: all requirements as nixpkgs resolves them, with what was to be said of that.
        image: what else is known of the image.
        catalogue: for versions and libraries.
        locker: gives what resolves and downloads; called only when it is needed.
        settings: what the user says of it.

    Returns:
        The requirements with the findings on them: what was said of those that are locked now is withdrawn.

    Raises:
        LockUnavailableError: a lock was asked for by `python = "lock"`, and there is no uv or no network.
    """
    mine = lockable(one for one in resolved.value if one.stage in image.stages)
    missing = unmet(mine, catalogue)
    if not mine or settings.python == "nixpkgs" or (settings.python == "auto" and not missing):
        return Outcome(Locking(requirements=resolved.value), resolved.findings)
    forced = settings.python == "lock"
    try:
        environment = _environment(mine, resolved.value, image, catalogue, locker, settings)
    except LockRefused as answer:
        absent = tuple(one for one in mine if one.requirement.name in answer.missing)
        finding = _not_locked(
            _told(answer, absent),
            _ABSENT_HINT if answer.missing else _HINT,
            missing or mine,
            Severity.ERROR if forced else None,
            absent,
        )
    except LockUnavailableError as error:
        if forced:
            raise
        finding = _not_locked(error.reason, error.hint, missing, None)
    else:
        return _locked(resolved, mine, environment, settings.systems)
    return Outcome(Locking(requirements=resolved.value), (*resolved.findings, finding))


def _told(answer: LockRefused, absent: Requirements) -> str:
    """Why there is no lock, with the places in files that ask for what the index does not have."""
    places = [
        f"{one.requirement.name}{one.requirement.specifier} ({one.requirement.origin})"
        for one in absent
        if one.requirement.origin
    ]
    return f"{', '.join(places)}: {answer}" if places else str(answer)


def _not_locked(
    reason: str, hint: str, unmet: Requirements, severity: Severity | None, absent: Requirements = ()
) -> Finding:
    names = [*dict.fromkeys(one.requirement.name for one in unmet)]
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return Finding(
        code="D2N231",
        message=f"the Python environment is not locked, nixpkgs' packages stand in for {shown}: {reason}",
        location=(absent or unmet)[0].requirement.location,
        hint=hint,
        severity_override=severity,
    )


def _environment(
    mine: Requirements,
    resolved: Requirements,
    image: ImageParts,
    catalogue: Catalogue,
    locker: Callable[[], Locker],
    settings: LockSettings,
) -> LockedEnvironment:
    if not settings.previous and isinstance(nobody := locker(), NoLocker):
        raise LockUnavailableError(nobody.reason, nobody.hint)
    from dock2nix.locking.environment import locked_environment  # noqa: PLC0415 - few Dockerfiles need a lock

    interpreter = interpreter_of(mine, (one for one in resolved if one.stage in image.stages), image.base)
    channel = _channel(interpreter, image.base) or settings.channel
    request = lock_request(mine, image.steps, interpreter, channel, settings.systems, catalogue)
    return locked_environment(request, interpreter, channel, catalogue, locker, settings.previous)


def _channel(interpreter: AttributePath, base: BaseImage | None) -> str:
    """The old release that the interpreter comes from: the base's when it is the base's own."""
    return base.channel if base is not None and interpreter == base.interpreter else ""


# --- what becomes of the requirements ----------------------------------------------------------------------------------------


def _locked(
    resolved: Outcome[Requirements],
    mine: Requirements,
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
    kept = tuple(finding for finding in resolved.findings if finding not in withdrawn)
    return Outcome(
        Locking(requirements=requirements, environment=environment),
        kept
        + _source_findings(environment, mine)
        + _library_findings(environment, mine)
        + _system_findings(environment, mine, systems),
    )


def _as_locked(one: ResolvedRequirement, distribution: LockedDistribution | None) -> ResolvedRequirement:
    """The requirement as the lock resolves it."""
    if distribution is None:
        reason = one.reason or f"its marker does not hold here: {one.requirement.marker}"
        nothing = NotNeeded(requirement=one.requirement, reason=reason, origin=Origin.RULE)
        return replace(one, resolutions=(nothing,), outcome=RequirementOutcome.NOT_NEEDED, reason=reason)
    file = distribution.files[-1]
    artifact = LockedArtifact(
        requirement=one.requirement,
        url=file.url,
        hash=file.hash,
        version=distribution.version,
        evidence=f"locked in nix/pylock.toml: {file.name}",
    )
    return replace(one, resolutions=(artifact,), outcome=RequirementOutcome.LOCKED, reason="")


def _source_findings(environment: LockedEnvironment, mine: Requirements) -> tuple[Finding, ...]:
    place = mine[0].requirement.location
    places = {one.requirement.name: one.requirement.location for one in mine}
    return tuple(
        Finding(
            code="D2N234",
            message=f"{one.distribution} has no wheel: {_built(one)}",
            location=places.get(one.distribution, place),
            hint="build it once; if it fails, ask for a version that has a wheel",
            severity_override=None if one.attribute else Severity.INFO,
        )
        for one in environment.recipes
    )


def _built(recipe: SourceRecipe) -> str:
    if recipe.attribute:
        return f"it is built from its sources by nixpkgs' recipe for another version ({recipe.attribute})"
    return f"it is built from its sources with {', '.join(recipe.builders) or 'nothing'}"


def _library_findings(environment: LockedEnvironment, mine: Requirements) -> tuple[Finding, ...]:
    place = mine[0].requirement.location
    places = {one.requirement.name: one.requirement.location for one in mine}
    findings = [
        Finding(
            code="D2N232",
            message=f"{one.distribution}: no package of nixpkgs is known for {', '.join(one.missing)}, which its wheel links to",
            location=places.get(one.distribution, place),
            hint="check that it can be imported; add what is missing to `libraries` in nix/python.nix",
        )
        for one in environment.libraries
        if one.missing
    ]
    unseen = ", ".join(one.distribution for one in environment.libraries if not one.measured)
    if unseen:
        text = f"what the wheels of {unseen} link to is not known: they are too large to be looked into, or could not be"
        hint = "check that they can be imported; add what is missing to `libraries` in nix/python.nix"
        findings.append(Finding(code="D2N232", message=text, location=place, hint=hint))
    return tuple(findings)


def _system_findings(
    environment: LockedEnvironment, mine: Requirements, asked: tuple[str, ...]
) -> tuple[Finding, ...]:
    lock = environment.lock
    missing = ", ".join(system for system in asked if system not in lock.systems)
    if not missing:
        return ()
    text = f"some of the locked distributions have no wheel for {missing}: the flake is for {lock.systems[0]} only"
    return (Finding(code="D2N233", message=text, location=mine[0].requirement.location),)
