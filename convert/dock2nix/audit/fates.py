"""What the flake does instead, in a sentence, out of the report of the conversion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.audit.base import asked_at, listed
from dock2nix.model.packages import LockedArtifact, NixpkgsPackage
from dock2nix.model.steps import CommandOutcome, RequirementOutcome

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dock2nix.audit.model import Subject
    from dock2nix.model.source import Location
    from dock2nix.model.steps import ResolvedRequirement, Step

NOT_BUILT = "the image is made without this stage, and so is the flake"
_LONGEST_REASON = 160


def step_at(subject: Subject, location: Location) -> Step | None:
    """What became of the command or instruction at a place; None when its stage is not built."""
    return subject.fates.get((location.first_line, location.first_column))


def fetched_for(subject: Subject, location: Location) -> tuple[str, ...]:
    """The hashes of what the flake fetches for the command at a place."""
    lines = range(location.first_line, location.last_line + 1)
    return tuple(digest for line in lines for digest in subject.fetched.get(line, ()))


def fate_of_command(subject: Subject, location: Location) -> str:
    """What the flake does for the command or instruction at a place."""
    step = step_at(subject, location)
    if step is None:
        return NOT_BUILT
    hashes = fetched_for(subject, location)
    if hashes and step.outcome is not CommandOutcome.UNRESOLVED:
        return f"Nix fetches it by its hash, {hashes[0]}, and refuses anything else"
    if step.installs and step.outcome is CommandOutcome.TRANSLATED and resolutions_at(subject, step):
        return fate_of_packages(subject, step)
    match step.outcome:
        case CommandOutcome.UNRESOLVED:
            return f"nothing yet: this is left to you ({_short(step.reason)})"
        case CommandOutcome.NOT_NEEDED:
            return f"left out: {_short(step.reason)}" if step.reason else "left out: it has no effect"
        case CommandOutcome.SCRIPT:
            return "it runs inside the Nix build, where there is no network"
        case CommandOutcome.TRANSLATED:
            return "done in the image definition, without running anything of the network"


def _short(reason: str) -> str:
    return reason if len(reason) <= _LONGEST_REASON else reason[: _LONGEST_REASON - 1] + "…"


def fate_of_base(subject: Subject, stage: int) -> str:
    """What stands for a stage's base image."""
    row = subject.report.stages[stage]
    if not row.built:
        return NOT_BUILT
    if row.outcome == "unresolved":
        return "nothing yet: dock2nix does not know what this image holds"
    attributes = [name.removeprefix("inputs.") for name in row.attributes]
    return f"no image is pulled: {pinned_nixpkgs(subject)} has {listed(attributes, 3) or 'what is needed'}"


def pinned_nixpkgs(subject: Subject) -> str:
    """`nixpkgs at 46db2e09e1d3`."""
    return f"nixpkgs at {subject.report.plan.inputs[0].rev[:12]}"


def resolutions_at(subject: Subject, step: Step) -> tuple[ResolvedRequirement, ...]:
    """What became of the packages that a command asks for."""
    asked = (one for install in step.installs for one in install.requirements)
    keys = dict.fromkeys(asked_at(step.stage, one) for one in asked)
    return tuple(one for key in keys for one in subject.resolved.get(key, ()))


def fate_of_packages(subject: Subject, step: Step) -> str:
    """What the flake has for the packages that a command asks for."""
    if step.stage not in subject.built:
        return NOT_BUILT
    resolved = resolutions_at(subject, step)
    pinned = [_pinned(one) for one in resolved if _is_pinned(one)]
    locked = any(one.outcome is RequirementOutcome.LOCKED for one in resolved)
    parts = []
    if pinned:
        old = any(name.startswith("nixos-") for name in pinned)
        where = "fetched by hash" if locked else "pinned nixpkgs" if old else pinned_nixpkgs(subject)
        parts.append(f"{where}: {listed(dict.fromkeys(pinned), 3)}")
    if open_names := _names(resolved, RequirementOutcome.UNRESOLVED):
        parts.append(f"nothing yet for {listed(open_names, 3)}")
    if unneeded := _names(resolved, RequirementOutcome.NOT_NEEDED):
        parts.append(f"without {listed(unneeded, 3)}, which it does not need")
    return "; ".join(parts) or fate_of_command(subject, step.location)


def _names(resolved: Iterable[ResolvedRequirement], outcome: RequirementOutcome) -> list[str]:
    return [one.requirement.name or one.requirement.url for one in resolved if one.outcome is outcome]


def _is_pinned(one: ResolvedRequirement) -> bool:
    return one.outcome in {
        RequirementOutcome.NIXPKGS,
        RequirementOutcome.LOCKED,
        RequirementOutcome.BUILD_ONLY,
    }


def _pinned(one: ResolvedRequirement) -> str:
    for resolution in one.resolutions:
        if isinstance(resolution, NixpkgsPackage):
            source = f"{resolution.source}:" if resolution.source else ""
            return f"{source}{resolution.attribute_path} {resolution.version}".rstrip()
        if isinstance(resolution, LockedArtifact):
            return f"{one.requirement.name} {resolution.version}".rstrip()
    return one.requirement.name
