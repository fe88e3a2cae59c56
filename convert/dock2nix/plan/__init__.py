"""Stages, steps and resolutions to the image that will be written. What a template would have to decide is decided here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dock2nix.model.dockerfile import ImageReference, Scratch, StageReference
from dock2nix.model.finding import Finding, Outcome
from dock2nix.model.image import (
    AddGroup,
    AddUser,
    CopyFiles,
    ImageConfig,
    LeftOut,
    MakeDirectory,
    SetOwner,
    WriteFile,
)
from dock2nix.model.packages import NixpkgsPackage
from dock2nix.model.plan import ImagePlan, Surroundings
from dock2nix.model.steps import CommandOutcome, RequirementOutcome
from dock2nix.plan.config import fold_config
from dock2nix.plan.environment import base_environment, image_environment
from dock2nix.plan.node_modules import further_inputs, with_node
from dock2nix.plan.packages import build_sections, package_sections, python_file
from dock2nix.plan.users import Accounts, accounts_of

if TYPE_CHECKING:
    from dock2nix.catalogue.base import Catalogue
    from dock2nix.extract import StageSteps
    from dock2nix.locking import Locking
    from dock2nix.model.dockerfile import ScopedInstruction, Stage
    from dock2nix.model.image import BaseImage, Effect, FlakeInput
    from dock2nix.model.plan import EnvironmentVariable
    from dock2nix.model.python_lock import LockedEnvironment
    from dock2nix.model.source import Location
    from dock2nix.model.steps import ResolvedRequirement, Step

__all__ = ["ImageSettings", "base_environment", "image_chain", "plan_image"]

SYSTEMS = {"linux/amd64": "x86_64-linux", "linux/arm64": "aarch64-linux", "linux/arm64/v8": "aarch64-linux"}


class ImageSettings(Struct, frozen=True, kw_only=True):
    """What the user says of the image: `builder` "" chooses, `platform` "" is every one, `channel` "" is the index's."""

    name: str
    tag: str = "latest"
    builder: str = ""
    platform: str = ""
    channel: str = ""
    dockerfile: str = "Dockerfile"


def image_chain(stages: tuple[Stage, ...], target: int) -> tuple[int, ...]:
    """The stages whose instructions make the image: the target and those it stands on, root first."""
    chain = [target]
    while isinstance(base := stages[chain[-1]].base, StageReference):
        chain.append(base.index)
    return tuple(reversed(chain))


def plan_image(
    stages: tuple[Stage, ...],
    target: int,
    done: tuple[StageSteps, ...],
    locking: Locking,
    catalogue: Catalogue,
    settings: ImageSettings,
) -> Outcome[ImagePlan]:
    """The image of the target stage.

    Args:
        stages: all stages.
        target: the position of the stage to make an image of.
        done: the steps of the needed stages.
        locking: what they asked for, and the Python environment when it is locked.
        catalogue: for base images and pins.
        settings: what the user says of it.
    """
    resolved, python = locking.requirements, locking.environment
    chain = image_chain(stages, target)
    root = stages[chain[0]]
    base = catalogue.base_image(root.base) if isinstance(root.base, ImageReference) else None
    inputs = _inputs(base, catalogue, settings)
    source = inputs[1].name if len(inputs) > 1 else ""
    steps = tuple(step for one in done if one.stage in chain for step in one.steps)
    everything = tuple(step for one in done for step in one.steps)
    mine = tuple(
        one
        for one in resolved
        if one.stage in chain or one.outcome in {RequirementOutcome.NIXPKGS, RequirementOutcome.LOCKED}
    )
    accounts = accounts_of(base, tuple(effect for step in steps for effect in step.effects))
    settled = _final_effects(steps, accounts)
    effects = with_node(settled.value, resolved, catalogue.pin(settings.channel))
    inputs = further_inputs(effects.value, inputs, catalogue)
    instructions = tuple(stages[index].instructions for index in chain)
    config = fold_config(base.config if base else ImageConfig(), instructions)
    users, groups = accounts.kept(_named_accounts(steps, config))
    base_line = root.location.first_line
    title = f"{base_line}: FROM {_base_text(root)}"
    plan = ImagePlan(
        name=settings.name,
        tag=settings.tag,
        builder=settings.builder or ("buildLayeredImage" if _has_owners(effects.value) else "buildImage"),
        dockerfile=settings.dockerfile,
        inputs=inputs,
        systems=_systems(settings, python),
        sections=package_sections(base, title, everything, mine, source, python),
        build_sections=build_sections(everything, resolved),
        unfree=_unfree(mine),
        users=users,
        groups=groups,
        user_comments=_user_comments(steps),
        effects=effects.value,
        environment=_environment(root, base, mine, instructions, source),
        config=config,
        surroundings=_surroundings(
            root, base, mine, certificates=any(one.certificates for one in done if one.stage in chain)
        ),
        python=python_file(python, base, everything, mine, source),
    )
    return Outcome(
        plan,
        settled.findings
        + effects.findings
        + _base_findings(stages, done, catalogue)
        + _user_findings(plan, root),
    )


def _environment(
    root: Stage,
    base: BaseImage | None,
    mine: tuple[ResolvedRequirement, ...],
    instructions: tuple[tuple[ScopedInstruction, ...], ...],
    source: str,
) -> tuple[EnvironmentVariable, ...]:
    flat = tuple(instruction for stage in instructions for instruction in stage)
    variables = image_environment(base, root.location.first_line, mine, flat)
    return tuple(replace(variable, source=source) for variable in variables)


def _systems(settings: ImageSettings, python: LockedEnvironment | None) -> tuple[str, ...]:
    """The systems that the flake is for: all that were asked for, less those that the lock has no files for."""
    asked = systems_of(settings)
    return tuple(system for system in asked if python is None or system in python.lock.systems)


def systems_of(settings: ImageSettings) -> tuple[str, ...]:
    """The systems that the user asks for."""
    if settings.platform in SYSTEMS:
        return (SYSTEMS[settings.platform],)
    return ("x86_64-linux", "aarch64-linux")


def _base_text(stage: Stage) -> str:
    return stage.base.text if isinstance(stage.base, ImageReference) else "scratch"


def _inputs(base: BaseImage | None, catalogue: Catalogue, settings: ImageSettings) -> tuple[FlakeInput, ...]:
    main = replace(catalogue.pin(settings.channel), name="nixpkgs")
    if base is None or not base.channel or base.channel == settings.channel:
        return (main,)
    return (main, catalogue.pin(base.channel))


def _has_owners(effects: tuple[Effect, ...]) -> bool:
    return any(isinstance(effect, SetOwner) for effect in effects)


def _final_effects(steps: tuple[Step, ...], accounts: Accounts) -> Outcome[tuple[Effect, ...]]:
    """Accounts are in the passwd file by now; homes become directories; owners become numbers; gaps become remarks."""
    effects: list[Effect] = []
    findings: list[Finding] = []
    for step in steps:
        for effect in step.effects:
            match effect:
                case AddUser():
                    effects += _home_of(effect, accounts)
                case AddGroup():
                    pass
                case SetOwner():
                    done = _numbered(effect, accounts, had_owners=_has_owners(tuple(effects)))
                    effects += done.value
                    findings += done.findings
                case _:
                    effects.append(effect)
        if step.outcome is CommandOutcome.UNRESOLVED:
            effects.append(LeftOut(location=step.location, text=step.text))
    return Outcome(tuple(effects), tuple(findings))


def _numbered(effect: SetOwner, accounts: Accounts, *, had_owners: bool) -> Outcome[tuple[Effect, ...]]:
    """The effect with numbers for names; nothing when it gives to root what is root's anyway."""
    owner = accounts.numeric_owner(effect.owner)
    if owner is None:
        text = f"{effect.owner}: no such user or group is known, the owner of {effect.path} stays root"
        return Outcome((), (Finding(code="D2N304", message=text, location=effect.location),))
    if owner in {"0", "0:0", ":0"} and not had_owners:
        return Outcome(())
    return Outcome((replace(effect, owner=owner),))


def _named_accounts(steps: tuple[Step, ...], config: ImageConfig) -> frozenset[str]:
    """Users and groups that the Dockerfile names: in USER, as owners, as members."""
    names = set(config.user.split(":"))
    for effect in (effect for step in steps for effect in step.effects):
        match effect:
            case SetOwner():
                names.update(effect.owner.split(":"))
            case AddUser():
                names.update((effect.name, effect.group, *effect.groups))
            case AddGroup():
                names.update((effect.name, *effect.members))
    return frozenset(names)


def _home_of(effect: AddUser, accounts: Accounts) -> tuple[Effect, ...]:
    user = accounts.users[effect.name]
    if not effect.create_home or user.home in {"/", "/nonexistent", "/dev/null"}:
        return ()
    return (
        MakeDirectory(path=user.home, location=effect.location, text=effect.text),
        SetOwner(path=user.home, owner=f"{user.uid}:{user.gid}", location=effect.location, text=effect.text),
    )


def _unfree(resolved: tuple[ResolvedRequirement, ...]) -> tuple[str, ...]:
    return tuple(
        sorted(
            {
                resolution.attribute_path.rsplit(".", 1)[-1]
                for one in resolved
                for resolution in one.resolutions
                if isinstance(resolution, NixpkgsPackage) and resolution.unfree
            }
        )
    )


def _user_comments(steps: tuple[Step, ...]) -> tuple[str, ...]:
    lines = (
        f"{step.location.first_line}: {step.text}"
        for step in steps
        if any(isinstance(effect, (AddUser, AddGroup)) for effect in step.effects)
    )
    return tuple(dict.fromkeys(lines))


def _surroundings(
    root: Stage, base: BaseImage | None, mine: tuple[ResolvedRequirement, ...], *, certificates: bool
) -> Surroundings:
    bare = isinstance(root.base, Scratch) or (base is not None and not base.distribution)
    packages = set(base.packages if base else ()) | {
        resolution.attribute_path
        for one in mine
        if one.outcome is RequirementOutcome.NIXPKGS
        for resolution in one.resolutions
        if isinstance(resolution, NixpkgsPackage)
    }
    return Surroundings(
        bin_sh=not bare and "busybox" not in packages,
        usr_bin_env=not bare,
        certificates=certificates or "cacert" in packages,
        temporary_folder=not bare,
    )


def _base_findings(
    stages: tuple[Stage, ...], done: tuple[StageSteps, ...], catalogue: Catalogue
) -> tuple[Finding, ...]:
    findings: list[Finding] = []
    for one in done:
        stage = stages[one.stage]
        if not isinstance(stage.base, ImageReference):
            continue
        base = catalogue.base_image(stage.base)
        if base is None:
            text = (
                f"{stage.base.text}: nothing is known of what this image holds; its packages are missing here"
            )
            findings.append(Finding(code="D2N203", message=text, location=stage.location))
        elif base.difference:
            code = "D2N210" if base.channel else "D2N209"
            findings.append(
                Finding(code=code, message=f"{stage.base.text}: {base.difference}", location=stage.location)
            )
    return tuple(findings)


def _user_findings(plan: ImagePlan, root: Stage) -> tuple[Finding, ...]:
    name = re.split(r"[:]", plan.config.user)[0]
    known = {"", "root", "nobody", *(user.name for user in plan.users)}
    if name in known or name.isdigit():
        return ()
    text = f"USER {plan.config.user}: no such user is known in the image"
    return (Finding(code="D2N304", message=text, location=_place_of_user(plan, root)),)


def _place_of_user(plan: ImagePlan, root: Stage) -> Location:
    made = [effect for effect in plan.effects if isinstance(effect, (CopyFiles, WriteFile))]
    return made[-1].location if made else root.location
