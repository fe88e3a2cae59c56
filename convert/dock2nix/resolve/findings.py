"""What is to be said of a requirement and of what stands for it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, assert_never

from dock2nix.managers.versions import version_satisfies
from dock2nix.model.finding import Finding
from dock2nix.model.packages import BuiltProject, LockedArtifact, NixpkgsPackage, NotNeeded, Unresolved
from dock2nix.model.steps import RequirementOutcome

if TYPE_CHECKING:
    from dock2nix.model.packages import Requirement, Resolution
    from dock2nix.model.steps import ResolvedRequirement

_USED = "used for building"


def remarks(result: ResolvedRequirement) -> tuple[Finding, ...]:
    """The findings on a requirement: nothing known, another version, an unfree licence, something missing."""
    left_out = (
        (_left_out(result),)
        if result.outcome is RequirementOutcome.BUILD_ONLY and result.reason.startswith(_USED)
        else ()
    )
    return left_out + tuple(
        finding for resolution in result.resolutions for finding in _remark(resolution, result)
    )


def fulfils(result: ResolvedRequirement) -> bool:
    """Whether nixpkgs is known to have each package in the version that was asked for."""
    return all(
        bool(one.version) and not _differs(result.requirement, one)
        for one in result.resolutions
        if isinstance(one, NixpkgsPackage) and result.requirement.specifier and not one.part
    )


def _remark(resolution: Resolution, result: ResolvedRequirement) -> tuple[Finding, ...]:
    match resolution:
        case Unresolved():
            return (_unmapped(result.requirement, resolution),)
        case NixpkgsPackage():
            return tuple(_of_package(resolution, result))
        case NotNeeded() | LockedArtifact() | BuiltProject():
            return ()
        case _:
            assert_never(resolution)


def _unmapped(requirement: Requirement, resolution: Unresolved) -> Finding:
    asked = f"{requirement.manager}: {requirement.name or requirement.url}{requirement.specifier}"
    near = f"similar attributes: {', '.join(resolution.candidates)}; " if resolution.candidates else ""
    row = f'[{requirement.manager}] {_toml_key(requirement.name)} = "…"'
    hint = f"{near}say which in dock2nix.toml: {row}" if requirement.name else ""
    if requirement.manager == "apt" and hint and resolution.elsewhere:
        hint += ", or take the distribution's own file: --fallback deb"
    code = "D2N208" if requirement.url else "D2N201"
    return Finding(
        code=code, message=f"{asked}: {resolution.reason}", location=requirement.location, hint=hint
    )


def _toml_key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else f'"{name}"'


def _left_out(result: ResolvedRequirement) -> Finding:
    return Finding(
        code="D2N216",
        message=f"{result.reason}, and not in the image",
        location=result.requirement.location,
        subject=result.requirement.name,
    )


def _of_package(package: NixpkgsPackage, result: ResolvedRequirement) -> list[Finding]:
    requirement, findings = result.requirement, []
    if package.unfree:
        text = f"{requirement.name}: pkgs.{package.attribute_path} has an unfree licence; flake.nix allows it by name"
        findings.append(Finding(code="D2N205", message=text, location=requirement.location))
    if result.outcome is not RequirementOutcome.NIXPKGS:
        return findings
    asked = f"{requirement.name}{requirement.specifier}"
    if package.caveat:
        text = f"{requirement.name}: {package.caveat}"
        findings.append(Finding(code="D2N215", message=text, location=requirement.location))
    if package.source:
        text = f"{package.source.replace('_', '.')} is not indexed: whether it has these packages, and in which versions, is not known"
        findings.append(Finding(code="D2N217", message=text, location=requirement.location, subject=asked))
    elif not package.part:
        findings += _version_difference(requirement, package)
    return findings


def _version_difference(requirement: Requirement, package: NixpkgsPackage) -> tuple[Finding, ...]:
    asked, subject = f"{requirement.name}{requirement.specifier}", ""
    if package.differs:
        text = f"{requirement.name}: {package.differs}"
    elif not requirement.specifier:
        return ()
    elif not package.version:
        text, subject = "the version that nixpkgs has is not known", asked
    elif _differs(requirement, package):
        text = f"{asked} was asked for, nixpkgs has {package.version} ({package.attribute_path})"
    else:
        return ()
    return (Finding(code="D2N202", message=text, location=requirement.location, subject=subject),)


def _differs(requirement: Requirement, package: NixpkgsPackage) -> bool:
    return not version_satisfies(requirement.manager, requirement.specifier, package.version)
