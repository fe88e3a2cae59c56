"""What the user's `# dock2nix:` comments say of the packages and of the findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dock2nix.catalogue.annotated import COMMANDS, attributes_of
from dock2nix.model.annotation import IgnoreFindings, MapName, UseOf
from dock2nix.model.finding import AUDIT_CODES, Finding, Outcome, Severity
from dock2nix.model.packages import NixpkgsPackage
from dock2nix.model.steps import RequirementOutcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dock2nix.catalogue.base import Catalogue
    from dock2nix.model.annotation import Annotation
    from dock2nix.model.packages import Resolution
    from dock2nix.model.steps import ResolvedRequirement

# The tables of managers that have none of their own.
_TABLES = {"pipx": "pip", "uv": "pip", "poetry": "pip", "yarn": "npm", "pnpm": "npm", "corepack": "npm"}
_Results = tuple["ResolvedRequirement", ...]


def apply_choices(
    resolved: Outcome[tuple[ResolvedRequirement, ...]],
    annotations: tuple[Annotation, ...],
    chain: tuple[int, ...],
    catalogue: Catalogue,
) -> Outcome[tuple[ResolvedRequirement, ...]]:
    """What is asked for, with `build-only` and `keep` taken into account.

    Args:
        resolved: what the Dockerfile asks for, with findings; mappings are in it already.
        annotations: of the Dockerfile.
        chain: positions of the stages that the image consists of: nothing of others is kept in it.
        catalogue: for what mappings name.

    Returns:
        The same requirements; behind the findings those about annotations that concern nothing.
    """
    uses = [one for one in annotations if isinstance(one, UseOf)]
    chosen = tuple(_chosen(one, uses, chain) for one in resolved.value)
    return Outcome(chosen, resolved.findings + tuple(_idle(annotations, chosen, catalogue)))


def _table(one: ResolvedRequirement) -> str:
    return _TABLES.get(one.requirement.manager, one.requirement.manager)


def _chosen(one: ResolvedRequirement, uses: Iterable[UseOf], chain: tuple[int, ...]) -> ResolvedRequirement:
    for use in uses:
        if not use.concerns(_table(one), one.requirement.name):
            continue
        line = use.location.first_line
        if use.keep and one.outcome is RequirementOutcome.BUILD_ONLY and one.stage in chain:
            return _with(one, RequirementOutcome.NIXPKGS, f"kept: comment in line {line}")
        if not use.keep and one.outcome is RequirementOutcome.NIXPKGS:
            return _with(one, RequirementOutcome.BUILD_ONLY, f"for building only: comment in line {line}")
    return one


def _with(one: ResolvedRequirement, outcome: RequirementOutcome, reason: str) -> ResolvedRequirement:
    building = outcome is RequirementOutcome.BUILD_ONLY

    def changed(resolution: Resolution) -> Resolution:
        return (
            replace(resolution, build_only=building) if isinstance(resolution, NixpkgsPackage) else resolution
        )

    return replace(
        one, outcome=outcome, reason=reason, resolutions=tuple(changed(found) for found in one.resolutions)
    )


# --- annotations without effect ----------------------------------------------------------------------------------------------


def _idle(annotations: Iterable[Annotation], resolved: _Results, catalogue: Catalogue) -> Iterator[Finding]:
    for one in annotations:
        match one:
            case MapName() if attributes_of(one, catalogue) is None:
                yield _unknown_attributes(one, catalogue)
            case MapName() if one.table != COMMANDS:
                yield from _asked_for(one, resolved)
            case UseOf():
                yield from _asked_for(one, resolved)
                yield from _nothing_to_keep(one, resolved)


def _unknown_attributes(mapping: MapName, catalogue: Catalogue) -> Finding:
    paths = ", ".join("^".join((path, *outputs)) for path, outputs in mapping.attributes)
    found = (near for path, _ in mapping.attributes for near in catalogue.similar("", path))
    near = ", ".join(f"pkgs.{path}" for path in dict.fromkeys(found))
    message = f"map {mapping.name}: nixpkgs has no {paths}, so the mapping counts for nothing"
    hint = "what the index does not show can be named in dock2nix.toml, with unindexed"
    hint = f"near are {near}; {hint}" if near else hint
    return Finding(code="D2N120", message=message, location=mapping.location, hint=hint)


def _asked_for(one: MapName | UseOf, resolved: _Results) -> Iterator[Finding]:
    if not any(one.concerns(_table(found), found.requirement.name) for found in resolved):
        message = f"{one.name}: no package of that name is asked for in the stages that are built"
        yield Finding(code="D2N121", message=message, location=one.location)


def _nothing_to_keep(use: UseOf, resolved: _Results) -> Iterator[Finding]:
    for found in resolved:
        left_out = found.outcome in {RequirementOutcome.NOT_NEEDED, RequirementOutcome.UNRESOLVED}
        if use.keep and left_out and use.concerns(_table(found), found.requirement.name):
            message = f"keep {use.name}: there is nothing to keep: {found.reason}"
            hint = f"say what it is: # dock2nix: map {use.name}=pkgs.…"
            yield Finding(code="D2N121", message=message, location=use.location, hint=hint)


# --- findings ----------------------------------------------------------------------------------------------------------------


def for_audit(annotation: Annotation) -> bool:
    """Whether an annotation is about findings of the audit alone."""
    return isinstance(annotation, IgnoreFindings) and AUDIT_CODES.issuperset(annotation.codes)


class Judged(Struct, frozen=True, kw_only=True):
    """Findings, some of them ignored; `excused` are the first and last lines of the instructions whose findings are."""

    findings: tuple[Finding, ...]
    excused: tuple[tuple[int, int], ...] = ()


def ignore_findings(findings: tuple[Finding, ...], annotations: tuple[Annotation, ...]) -> Judged:
    """The findings with those that the user ignores made information, with his reason.

    Args:
        findings: all of them.
        annotations: of the Dockerfile.

    Returns:
        As many findings in the same order, and behind them one for every `ignore` that met none.
    """
    ignoring = [one for one in annotations if isinstance(one, IgnoreFindings)]
    judged: list[Finding] = []
    used: dict[tuple[int, int], None] = {}
    answered: set[int] = set()
    for finding in findings:
        at = next((at for at, one in enumerate(ignoring) if _concerns(one, finding)), None)
        if at is None:
            judged.append(finding)
            continue
        message = f"{finding.message} (ignored: {ignoring[at].reason})"
        judged.append(replace(finding, message=message, hint="", severity_override=Severity.INFO))
        used[ignoring[at].first_line, ignoring[at].last_line] = None
        answered.add(at)
    idle = (one for at, one in enumerate(ignoring) if at not in answered)
    judged += (
        Finding(
            code="D2N121",
            message=f"ignore={','.join(one.codes)}: there is no such finding in line {one.first_line}",
            location=one.location,
        )
        for one in idle
    )
    return Judged(findings=tuple(judged), excused=tuple(used))


def _concerns(one: IgnoreFindings, finding: Finding) -> bool:
    return finding.code in one.codes and one.first_line <= finding.location.first_line <= one.last_line
