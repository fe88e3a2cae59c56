"""Every package that is asked for to what nixpkgs has of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, assert_never

from msgspec import Struct
from msgspec.structs import replace

from dock2nix.managers import manager_named, npm
from dock2nix.managers.base import Setting
from dock2nix.managers.versions import version_satisfies
from dock2nix.model.dockerfile import ImageReference, StageReference
from dock2nix.model.finding import Finding, Outcome
from dock2nix.model.packages import (
    Action,
    AttributePath,
    LockedArtifact,
    NixpkgsPackage,
    NotNeeded,
    Requirement,
    Resolution,
    Unresolved,
)
from dock2nix.model.steps import CommandOutcome, RequirementOutcome, ResolvedRequirement

if TYPE_CHECKING:
    from dock2nix.catalogue.base import Catalogue
    from dock2nix.extract import StageSteps
    from dock2nix.model.dockerfile import Stage
    from dock2nix.model.image import BaseImage
    from dock2nix.model.steps import Step

_INTERPRETER = re.compile(r"(python3\d*|nodejs(?:_\d+)?|nodejs-slim(?:_\d+)?)")


class _Removal(Struct, frozen=True, kw_only=True):
    """A later command that takes packages away again: they were there for building only."""

    manager: str
    names: frozenset[str]
    line: int


class _Kept(Struct, frozen=True):
    """What of a stage becomes part of the image."""

    everything: bool
    python: bool


def base_image_of(stage: Stage, stages: tuple[Stage, ...], catalogue: Catalogue) -> BaseImage | None:
    """What is known of the published image at the root of a stage; None for scratch and for unknown images."""
    while isinstance(stage.base, StageReference):
        stage = stages[stage.base.index]
    return catalogue.base_image(stage.base) if isinstance(stage.base, ImageReference) else None


def resolve(
    done: tuple[StageSteps, ...],
    stages: tuple[Stage, ...],
    in_image: frozenset[int],
    carried: frozenset[int],
    at_run_time: frozenset[str],
    catalogue: Catalogue,
) -> Outcome[tuple[ResolvedRequirement, ...]]:
    """Each requirement of each step, once, with its resolutions.

    Args:
        done: the steps of the needed stages.
        stages: all stages.
        in_image: positions of the stages whose files are the image; what other stages install is for building only.
        carried: positions of further stages whose Python packages the image copies.
        at_run_time: programs that the image runs when it is started.
        catalogue: what is known of packages.
    """
    results: list[ResolvedRequirement] = []
    findings: list[Finding] = []
    settings: dict[int, Setting] = {}
    for stage_steps in done:
        stage = stages[stage_steps.stage]
        parent = stage.base.index if isinstance(stage.base, StageReference) else None
        setting = (
            settings[parent] if parent is not None else _setting(base_image_of(stage, stages, catalogue))
        )
        outcome, settings[stage.index] = _resolve_stage(
            stage_steps, setting, catalogue, at_run_time, for_image=_Kept(stage.index in in_image, stage.index in carried)
        )
        results += outcome.value
        findings += outcome.findings
    return Outcome(tuple(results), tuple(findings))


def _setting(base: BaseImage | None) -> Setting:
    if base is None:
        return Setting(interpreter=None, language="", distribution="", release="", channel="")
    return Setting(
        interpreter=base.interpreter,
        language=base.language,
        distribution=base.distribution,
        release=base.release,
        channel=base.channel,
    )


def _resolve_stage(
    stage_steps: StageSteps,
    setting: Setting,
    catalogue: Catalogue,
    at_run_time: frozenset[str],
    *,
    for_image: _Kept,
) -> tuple[Outcome[tuple[ResolvedRequirement, ...]], Setting]:
    results: list[ResolvedRequirement] = []
    findings: list[Finding] = []
    for position, step in enumerate(stage_steps.steps):
        removals = _removals(stage_steps.steps[position + 1 :])
        for requirement, group in _wanted(step):
            later = stage_steps.steps[position + 1 :]
            resolutions = npm.resolve_locked(requirement, step.effects)
            if not resolutions:
                found = _resolutions(requirement, catalogue, setting)
                resolutions = _without_idle(requirement, found, catalogue, _programs(later) | at_run_time)
            removal = _removed_by(requirement, group, removals)
            kept = for_image.everything or (for_image.python and requirement.manager == "pip")
            result = _result(stage_steps.stage, requirement, resolutions, removal, for_image=kept)
            results.append(result)
            findings += remarks(result)
            setting = _with_interpreter(setting, resolutions)
    return Outcome(tuple(results), tuple(findings)), setting


def _wanted(step: Step) -> tuple[tuple[Requirement, str], ...]:
    """The requirements of the step's installations, each once, with the group they were installed under."""
    found = (
        (requirement, install.group)
        for install in step.installs
        if install.action is Action.INSTALL
        for requirement in install.requirements
    )
    return tuple(dict.fromkeys(found))


def _resolutions(requirement: Requirement, catalogue: Catalogue, setting: Setting) -> tuple[Resolution, ...]:
    return manager_named(requirement.manager).resolve(requirement, catalogue, setting)


def _programs(steps: tuple[Step, ...]) -> frozenset[str]:
    """The programs that matter of the steps: what has no effect on the image needs none."""
    return frozenset(
        step.program.rsplit("/", 1)[-1] for step in steps if step.outcome is not CommandOutcome.NOT_NEEDED
    )


def _without_idle(
    requirement: Requirement, resolutions: tuple[Resolution, ...], catalogue: Catalogue, used: frozenset[str]
) -> tuple[Resolution, ...]:
    """Packages that are worth having only for a command (gnupg for gpg) go when nothing uses it."""
    row = catalogue.curated(requirement.manager, requirement.name)
    if row is None or not row.keep_with or used & set(row.keep_with):
        return resolutions
    return (NotNeeded(requirement=requirement, reason=row.reason),)


def _removals(later: tuple[Step, ...]) -> tuple[_Removal, ...]:
    return tuple(
        _Removal(
            manager=install.manager,
            names=frozenset(requirement.name for requirement in install.requirements),
            line=step.location.first_line,
        )
        for step in later
        for install in step.installs
        if install.action is Action.REMOVE
    )


def _removed_by(requirement: Requirement, group: str, removals: tuple[_Removal, ...]) -> _Removal | None:
    for removal in removals:
        if removal.manager == requirement.manager and ({requirement.name, group} - {""}) & removal.names:
            return removal
    return None


def _result(
    stage: int,
    requirement: Requirement,
    resolutions: tuple[Resolution, ...],
    removal: _Removal | None,
    *,
    for_image: bool,
) -> ResolvedRequirement:
    outcome, reason = _outcome(resolutions)
    if outcome is RequirementOutcome.NIXPKGS and removal:
        outcome, reason = RequirementOutcome.BUILD_ONLY, f"removed again in line {removal.line}"
    if outcome is RequirementOutcome.NIXPKGS and not for_image:
        outcome, reason = (
            RequirementOutcome.BUILD_ONLY,
            "installed in a stage that the image only copies from",
        )
    if outcome is RequirementOutcome.BUILD_ONLY:
        resolutions = tuple(_for_building(resolution) for resolution in resolutions)
    return ResolvedRequirement(
        stage=stage, requirement=requirement, resolutions=resolutions, outcome=outcome, reason=reason
    )


def _for_building(resolution: Resolution) -> Resolution:
    return replace(resolution, build_only=True) if isinstance(resolution, NixpkgsPackage) else resolution


def _outcome(resolutions: tuple[Resolution, ...]) -> tuple[RequirementOutcome, str]:
    unresolved = [one for one in resolutions if isinstance(one, Unresolved)]
    if unresolved or not resolutions:
        return RequirementOutcome.UNRESOLVED, unresolved[0].reason if unresolved else "nothing is known of it"
    not_needed = [one for one in resolutions if isinstance(one, NotNeeded)]
    if len(not_needed) == len(resolutions):
        return RequirementOutcome.NOT_NEEDED, not_needed[0].reason
    if any(isinstance(one, LockedArtifact) for one in resolutions):
        return RequirementOutcome.LOCKED, ""
    packages = [one for one in resolutions if isinstance(one, NixpkgsPackage)]
    if all(package.build_only for package in packages):
        return (
            RequirementOutcome.BUILD_ONLY,
            "headers and compilers are needed for building, not in the image",
        )
    return RequirementOutcome.NIXPKGS, ""


def _with_interpreter(setting: Setting, resolutions: tuple[Resolution, ...]) -> Setting:
    """`apt-get install python3` gives a stage without one the interpreter that pip then installs into."""
    if setting.interpreter is not None:
        return setting
    for resolution in resolutions:
        if isinstance(resolution, NixpkgsPackage) and (
            found := _INTERPRETER.fullmatch(resolution.attribute_path)
        ):
            language = "python" if found[0].startswith("python") else "nodejs"
            return replace(setting, interpreter=AttributePath(found[0]), language=language)
    return setting


def remarks(result: ResolvedRequirement) -> tuple[Finding, ...]:
    """What is to be said of a requirement and of what stands for it: nothing known, another version, an unfree licence."""
    return tuple(
        finding
        for resolution in result.resolutions
        for finding in _remark(result.requirement, resolution, result)
    )


def _remark(
    requirement: Requirement, resolution: Resolution, result: ResolvedRequirement
) -> tuple[Finding, ...]:
    match resolution:
        case Unresolved():
            return (_unmapped(requirement, resolution),)
        case NixpkgsPackage():
            return _differences(requirement, resolution, result)
        case NotNeeded() | LockedArtifact():
            return ()
        case _:
            assert_never(resolution)


def _unmapped(requirement: Requirement, resolution: Unresolved) -> Finding:
    asked = f"{requirement.manager}: {requirement.name or requirement.url}{requirement.specifier}"
    near = f"similar attributes: {', '.join(resolution.candidates)}; " if resolution.candidates else ""
    hint = f'{near}say which in dock2nix.toml: [{requirement.manager}] {_toml_key(requirement.name)} = "…"'
    code = "D2N208" if requirement.url else "D2N201"
    return Finding(
        code=code, message=f"{asked}: {resolution.reason}", location=requirement.location, hint=hint
    )


def _toml_key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else f'"{name}"'


def _differences(
    requirement: Requirement, package: NixpkgsPackage, result: ResolvedRequirement
) -> tuple[Finding, ...]:
    findings: list[Finding] = []
    if package.unfree:
        text = f"{requirement.name}: pkgs.{package.attribute_path} has an unfree licence; flake.nix allows it by name"
        findings.append(Finding(code="D2N205", message=text, location=requirement.location))
    if requirement.specifier and result.outcome is RequirementOutcome.NIXPKGS:
        findings += _version_difference(requirement, package)
    return tuple(findings)


def _version_difference(requirement: Requirement, package: NixpkgsPackage) -> tuple[Finding, ...]:
    asked = f"{requirement.name}{requirement.specifier}"
    if not package.version:
        text = f"{asked}: the version of {package.attribute_path} in this nixpkgs is not known"
    elif version_satisfies(requirement.manager, requirement.specifier, package.version):
        return ()
    else:
        text = f"{asked} was asked for, nixpkgs has {package.version} ({package.attribute_path})"
    return (Finding(code="D2N202", message=text, location=requirement.location),)
