"""Every package that is asked for to what nixpkgs has of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dock2nix.managers import manager_named
from dock2nix.model.dockerfile import ImageReference, StageReference
from dock2nix.model.finding import Finding, Outcome
from dock2nix.model.image import NodeModules
from dock2nix.model.packages import Action, NotNeeded
from dock2nix.resolve.findings import fulfils, remarks
from dock2nix.resolve.interpreters import setting_of, with_interpreter, without_second
from dock2nix.resolve.uses import Afterwards, Later, result_of
from dock2nix.resolve.versions import in_versions_asked_for

if TYPE_CHECKING:
    from dock2nix.catalogue.base import Catalogue
    from dock2nix.extract import StageSteps
    from dock2nix.managers.base import Setting
    from dock2nix.model.dockerfile import Stage
    from dock2nix.model.image import BaseImage
    from dock2nix.model.packages import Requirement, Resolution
    from dock2nix.model.steps import ResolvedRequirement, Step

__all__ = ["base_image_of", "fulfils", "remarks", "resolve"]


class _Stage(Struct, frozen=True, kw_only=True):
    """One stage with what is known of its surroundings.

    `after` are the steps of later stages that stand on it. `everything`: its files are the image; `python`: the image copies
    its Python packages. `at_run_time` are the programs that the image runs.
    """

    index: int
    steps: tuple[Step, ...]
    after: tuple[Step, ...]
    everything: bool
    python: bool
    at_run_time: frozenset[str]


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
    for position, stage_steps in enumerate(done):
        index = stage_steps.stage
        on_top = done[position + 1 :] if index in in_image else ()
        stage = _Stage(
            index=index,
            steps=stage_steps.steps,
            after=tuple(step for one in on_top if one.stage in in_image for step in one.steps),
            everything=index in in_image,
            python=index in carried,
            at_run_time=at_run_time,
        )
        base = stages[index].base
        setting = (
            settings[base.index]
            if isinstance(base, StageReference)
            else setting_of(base_image_of(stages[index], stages, catalogue))
        )
        outcome, settings[index] = _resolve_stage(stage, setting, catalogue)
        results += outcome.value
        findings += outcome.findings
    return Outcome(tuple(results), tuple(findings))


def _resolve_stage(
    stage: _Stage, setting: Setting, catalogue: Catalogue
) -> tuple[Outcome[tuple[ResolvedRequirement, ...]], Setting]:
    results: list[ResolvedRequirement] = []
    afterwards = Afterwards((*stage.steps, *stage.after), stage.at_run_time)
    for position, step in enumerate(stage.steps):
        setting = _with_streams(setting, step)
        later = Later(afterwards=afterwards, position=position)
        for requirement, group in _wanted(step):
            resolutions = _of_node_modules(requirement, step)
            if not resolutions:
                found = manager_named(requirement.manager).resolve(requirement, catalogue, setting)
                found = without_second(setting, in_versions_asked_for(found, catalogue, setting, results))
                resolutions = _without_idle(requirement, found, catalogue, later)
            kept = stage.everything or (stage.python and requirement.manager == "pip")
            results.append(
                result_of(stage.index, (requirement, group), resolutions, later, catalogue, kept=kept)
            )
            setting = with_interpreter(setting, resolutions)
    findings = tuple(finding for result in results for finding in remarks(result))
    return Outcome(tuple(results), findings), setting


def _of_node_modules(requirement: Requirement, step: Step) -> tuple[Resolution, ...]:
    """What the lock of a project of Node.js says of a requirement, when the step installs such a project."""
    if not any(isinstance(effect, NodeModules) for effect in step.effects):
        return ()
    from dock2nix.managers.npm import resolve_locked  # noqa: PLC0415 - few Dockerfiles need it

    return resolve_locked(requirement, step.effects)


def _with_streams(setting: Setting, step: Step) -> Setting:
    """The setting behind commands that choose versions for what is installed later."""
    chosen = tuple(stream for install in step.installs for stream in install.streams)
    return replace(setting, streams=(*setting.streams, *chosen)) if chosen else setting


def _wanted(step: Step) -> tuple[tuple[Requirement, str], ...]:
    """The requirements of the step's installations, each once, with the group they were installed under."""
    found = (
        (requirement, install.group)
        for install in step.installs
        if install.action is Action.INSTALL
        for requirement in install.requirements
    )
    return tuple(dict.fromkeys(found))


def _without_idle(
    requirement: Requirement, resolutions: tuple[Resolution, ...], catalogue: Catalogue, later: Later
) -> tuple[Resolution, ...]:
    """Packages that are worth having only for a command (gnupg for gpg) go when nothing uses it."""
    row = catalogue.curated(requirement.manager, requirement.name)
    if row is None or not row.keep_with or later.runs(row.keep_with):
        return resolutions
    return (NotNeeded(requirement=requirement, reason=row.reason),)
