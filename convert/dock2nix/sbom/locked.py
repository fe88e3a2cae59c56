"""The parts that locks name: distributions of Python, packages of npm and of Debian."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dock2nix.emit.expression import nix_comment
from dock2nix.managers.arguments import without_password
from dock2nix.model.image import NodeModules
from dock2nix.model.python_lock import LockedWheel
from dock2nix.model.steps import RequirementOutcome
from dock2nix.sbom.model import Artifact, Occurrence, Part, Use
from dock2nix.sbom.purls import deb_purl, node_purl, python_purl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from dock2nix.model.packages import LockedPackage
    from dock2nix.model.python_lock import LockedDistribution
    from dock2nix.report.model import Report

_LONGEST_LICENCE = 200


def python_parts(report: Report) -> Iterator[Part]:
    """The distributions of nix/pylock.toml."""
    python = report.plan.python
    if python is None:
        return
    lines = {
        one.requirement.name: one.requirement.location.first_line
        for one in report.requirements
        if one.outcome is RequirementOutcome.LOCKED and one.requirement.manager == "pip"
    }
    first = min(lines.values(), default=0)
    for one in python.lock.distributions:
        line = lines.get(one.name, first)
        yield Part(
            reference=f"pypi:{one.name}@{one.version}",
            name=one.name,
            version=one.version,
            purl=python_purl(one.name, one.version),
            use=Use.IMAGE,
            artifacts=tuple(_artifacts(one)),
            occurrences=(
                Occurrence(path=nix_comment(report.dockerfile), line=line),
                Occurrence(path="nix/pylock.toml", line=0, text=f"{one.name} {one.version}"),
            ),
            properties=(("built-from-source", "true"),) if one.source and not one.wheels else (),
        )


def _artifacts(one: LockedDistribution) -> Iterator[Artifact]:
    for file in reversed(one.files):
        systems = file.systems if isinstance(file, LockedWheel) else one.source_systems
        yield Artifact(url=without_password(file.url), hash=file.hash, systems=systems)


def deb_parts(report: Report) -> Iterator[Part]:
    """The packages of nix/debs.json."""
    lock = report.plan.debs
    if lock is None:
        return
    lines = {
        one.requirement.name: one.requirement.location.first_line
        for one in report.requirements
        if one.outcome is RequirementOutcome.LOCKED and one.requirement.manager == "apt"
    }
    first = min(lines.values(), default=0)
    for one in lock.packages:
        place = Occurrence(path=nix_comment(report.dockerfile), line=lines.get(one.name, first))
        yield Part(
            reference=f"deb:{one.name}@{one.version}",
            name=one.name,
            version=one.version,
            purl=deb_purl(lock.distribution, lock.release, one.name, one.version, one.architecture),
            use=Use.IMAGE,
            artifacts=(Artifact(url=without_password(one.url), hash=one.hash),),
            occurrences=(place, Occurrence(path="nix/debs.json", line=0, text=f"{one.name} {one.version}")),
        )


def node_parts(report: Report, read: Callable[[str], str | None]) -> Iterator[Part]:
    """The packages of the locks of projects of npm that are installed for some system.

    Args:
        report: of the conversion.
        read: the text of a lock; it tells licences.
    """
    for effect in report.plan.effects:
        if not isinstance(effect, NodeModules):
            continue
        licences = _licences(read(effect.lock) or "")
        for package in effect.packages:
            yield _node_part(report, effect, package, licences)


def _node_part(
    report: Report, effect: NodeModules, package: LockedPackage, licences: Mapping[str, str]
) -> Part:
    lock = Occurrence(path=nix_comment(effect.lock), line=0, text=nix_comment(package.path))
    place = Occurrence(path=nix_comment(report.dockerfile), line=effect.location.first_line)
    return Part(
        reference=f"npm:{package.name}@{package.version}",
        name=package.name,
        version=package.version,
        purl=node_purl(package.name, package.version),
        use=Use.IMAGE,
        artifacts=(Artifact(url=without_password(package.url), hash=package.hash),) if package.hash else (),
        licence=licences.get(package.path, ""),
        occurrences=(place, lock),
        properties=(("other-systems-only", "true"),) if package.elsewhere else (),
    )


def _licences(lock: str) -> dict[str, str]:
    """What a lock says of its packages' licences, by path; nothing for one that is no JSON of the known form."""
    try:
        data: Any = json.loads(lock) if lock else {}
    except (ValueError, RecursionError):
        return {}
    packages = data.get("packages") if isinstance(data, dict) else None
    found = packages.items() if isinstance(packages, dict) else ()
    said = ((path, entry.get("license")) for path, entry in found if isinstance(entry, dict))
    return {
        path: nix_comment(text)
        for path, text in said
        if isinstance(text, str) and len(text) < _LONGEST_LICENCE
    }
