"""What the image's Python environment is to hold: which interpreter, which requirements, and whether nixpkgs has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.locking.base import LockRefused, LockRequest
from dock2nix.model.packages import AttributePath, NixpkgsPackage, NotNeeded, Origin
from dock2nix.model.steps import RequirementOutcome
from dock2nix.regex import regex
from dock2nix.resolve import fulfils

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dock2nix.catalogue.base import Catalogue
    from dock2nix.model.image import BaseImage
    from dock2nix.model.packages import Requirement
    from dock2nix.model.steps import ResolvedRequirement, Step

_PIP = "pip"
_SET = regex(r"((?:python|pypy)[0-9]*)Packages\..+")
_INTERPRETER = regex(r"python3\d*")
_SUPPORTED = regex(r"python3(?:[6-9]|1[0-9])?")
_DEFAULT = AttributePath("python3")
_DEFAULT_NAMES = ("python3", "python313")
# The newest C library that wheels may ask for: what uv knows of for current nixpkgs, what every pinned release has.
_NEWEST_GLIBC, _OLD_GLIBC = "2_40", "2_28"
# The patch release of an old interpreter is not known. Distributions ask for the first patch releases at most.
_LATE_PATCH = "99"


def lockable(resolved: Iterable[ResolvedRequirement]) -> tuple[ResolvedRequirement, ...]:
    """The requirements that belong into a lock: pip's, less those that mean nothing, folders and addresses."""
    return tuple(one for one in resolved if one.requirement.manager == _PIP and _belongs(one))


def _belongs(one: ResolvedRequirement) -> bool:
    if one.requirement.url:
        return False
    if one.outcome is RequirementOutcome.NOT_NEEDED:
        return _left_out_by_marker(one)
    return one.outcome in {RequirementOutcome.NIXPKGS, RequirementOutcome.UNRESOLVED}


def _left_out_by_marker(one: ResolvedRequirement) -> bool:
    """Its marker was read for one kind of machine; the lock reads it for each."""
    first = one.resolutions[0]
    return bool(one.requirement.marker) and isinstance(first, NotNeeded) and first.origin is Origin.RULE


def unmet(mine: Iterable[ResolvedRequirement], catalogue: Catalogue) -> tuple[ResolvedRequirement, ...]:
    """The requirements that nixpkgs does not fulfil as they are written."""
    return tuple(one for one in mine if not _is_met(one, catalogue))


def _is_met(one: ResolvedRequirement, catalogue: Catalogue) -> bool:
    if one.outcome is RequirementOutcome.NOT_NEEDED:
        return True
    if one.outcome is not RequirementOutcome.NIXPKGS or one.requirement.hashes:
        return False
    extras = (f"{one.requirement.name}[{extra}]" for extra in one.requirement.extras)
    if any(catalogue.curated(_PIP, extra) is None for extra in extras):
        return False
    return fulfils(one)


def interpreter_of(
    mine: Iterable[ResolvedRequirement], resolved: Iterable[ResolvedRequirement], base: BaseImage | None
) -> AttributePath:
    """The attribute of the interpreter that the requirements are installed for.

    Args:
        mine: the requirements.
        resolved: all of the image, among which the interpreter may be.
        base: the base image.

    Raises:
        LockRefused: they are for several interpreters, or for one that uv cannot resolve for.
    """
    own = base.interpreter if base and base.language == "python" and base.interpreter else None
    sets = dict.fromkeys(match[1] for path in _paths(mine) if (match := _SET.fullmatch(path)))
    named = {own if own and name in {*_DEFAULT_NAMES, own} else _plain(name) for name in sets}
    if len(named) > 1:
        raise LockRefused(f"packages are installed for several interpreters ({', '.join(sorted(named))})")
    installed = (path for path in _paths(resolved) if _INTERPRETER.fullmatch(path))
    found = next(iter(named), None) or own or AttributePath(next(installed, _DEFAULT))
    if not _SUPPORTED.fullmatch(found):
        raise LockRefused(f"uv cannot resolve for {found}")
    return found


def _plain(name: str) -> AttributePath:
    return _DEFAULT if name in _DEFAULT_NAMES else AttributePath(name)


def _paths(resolved: Iterable[ResolvedRequirement]) -> Iterable[AttributePath]:
    return (
        resolution.attribute_path
        for one in resolved
        for resolution in one.resolutions
        if isinstance(resolution, NixpkgsPackage)
    )


def lock_request(
    mine: tuple[ResolvedRequirement, ...],
    steps: tuple[Step, ...],
    interpreter: AttributePath,
    channel: str,
    systems: tuple[str, ...],
    catalogue: Catalogue,
) -> LockRequest:
    """What to ask a locker for.

    Args:
        mine: the requirements.
        steps: the commands of the image's stages: for constraints, indexes and options.
        interpreter: the attribute of the interpreter.
        channel: the old release that it comes from, "" for the indexed nixpkgs.
        systems: those the image is for.
        catalogue: for the interpreter's version.

    Raises:
        LockRefused: a requirement is not as PEP 508 defines it, or no version of Python is known.
    """
    installs = [install for step in steps for install in step.installs if install.manager == _PIP]
    bounds = (bound for install in installs for bound in install.constraints if not bound.url)
    hashes: dict[str, set[str]] = {}
    for requirement in (one.requirement for one in mine if one.requirement.hashes):
        hashes.setdefault(requirement.name, set()).update(requirement.hashes)
    return LockRequest(
        python=_version(interpreter, channel, catalogue),
        glibc=_OLD_GLIBC if channel else _NEWEST_GLIBC,
        systems=systems,
        requirements=tuple(sorted({_pep508(one.requirement) for one in mine})),
        constraints=tuple(sorted({_pep508(bound) for bound in bounds if bound.specifier})),
        hashes=tuple((name, tuple(sorted(found))) for name, found in sorted(hashes.items())),
        indexes=tuple(sorted({index for install in installs for index in install.indexes})),
        prereleases=any("--pre" in install.options for install in installs),
    )


def _pep508(requirement: Requirement) -> str:
    from packaging.requirements import InvalidRequirement  # noqa: PLC0415 - slow to import
    from packaging.requirements import Requirement as Standard  # noqa: PLC0415

    extras = f"[{','.join(requirement.extras)}]" if requirement.extras else ""
    marker = f" ; {requirement.marker}" if requirement.marker else ""
    text = f"{requirement.name}{extras}{requirement.specifier}{marker}"
    try:
        return str(Standard(text))
    except InvalidRequirement as error:
        raise LockRefused(f"{text}: not a requirement as PEP 508 defines it") from error


def _version(interpreter: str, channel: str, catalogue: Catalogue) -> str:
    known = None if channel else catalogue.attribute(interpreter)
    if known is not None and known.version:
        return known.version
    digits = interpreter.removeprefix("python")
    if len(digits) < 2:
        raise LockRefused(f"the version of {interpreter} is not known")
    return f"{digits[0]}.{digits[1:]}.{_LATE_PATCH}"
