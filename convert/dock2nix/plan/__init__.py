"""Stages, steps and resolutions to the image that will be written. What a template would have to decide is decided here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dock2nix.catalogue.services import service_accounts, service_effects, service_folders
from dock2nix.extract.folding import folded
from dock2nix.model.builds import PythonRecipe
from dock2nix.model.dockerfile import ImageReference, Scratch, StageReference
from dock2nix.model.finding import Finding, Outcome, Severity
from dock2nix.model.image import AddGroup, AddUser, CopyFiles, ImageConfig, Symlink, WriteFile
from dock2nix.model.packages import NixpkgsPackage
from dock2nix.model.plan import ImagePlan, Surroundings
from dock2nix.model.steps import RequirementOutcome
from dock2nix.plan.collisions import collisions, programs_of
from dock2nix.plan.config import fold_config
from dock2nix.plan.effects import final_effects, named_accounts, needs_fakeroot
from dock2nix.plan.environment import base_environment, image_environment, kept_environment
from dock2nix.plan.kept import kept_findings, used_inputs
from dock2nix.plan.links import follow_links
from dock2nix.plan.node_modules import further_inputs, with_node
from dock2nix.plan.origins import Origins, current_packages
from dock2nix.plan.packages import (
    build_sections,
    builder_sections,
    built_projects,
    deb_section,
    package_sections,
    project_interpreter,
    python_file,
)
from dock2nix.plan.runners import without_runner
from dock2nix.plan.services import from_their_inputs, without_replaced
from dock2nix.plan.stages import node_modules_of, stage_files, with_their_inputs
from dock2nix.plan.users import accounts_of, used_homes

if TYPE_CHECKING:
    from dock2nix.catalogue.base import Catalogue
    from dock2nix.extract import StageSteps
    from dock2nix.locking import Locking
    from dock2nix.model.builds import StageBuild
    from dock2nix.model.debs import DebLock
    from dock2nix.model.dockerfile import ScopedInstruction, Stage
    from dock2nix.model.image import BaseImage, Effect, FlakeInput, Group, KeptBase, User
    from dock2nix.model.python_lock import LockedEnvironment
    from dock2nix.model.source import Location
    from dock2nix.model.steps import ResolvedRequirement, Step

__all__ = ["ImageSettings", "base_environment", "image_chain", "plan_image"]

# What has a program `env`: where /usr/bin is /bin, that is /usr/bin/env.
_HAVE_ENV = frozenset({"busybox", "coreutils"})
SYSTEMS = {"linux/amd64": "x86_64-linux", "linux/arm64": "aarch64-linux", "linux/arm64/v8": "aarch64-linux"}


class ImageSettings(Struct, frozen=True, kw_only=True):
    """What the user says of the image: `builder` "" chooses, `platform` "" is every one, `channel` "" is the index's.

    `keep_base`: it stands on its published base image; `kept` is that one, once it is known.
    """

    name: str
    tag: str = "latest"
    builder: str = ""
    platform: str = ""
    channel: str = ""
    dockerfile: str = "Dockerfile"
    keep_base: bool = False
    kept: KeptBase | None = None


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
    python, resolved = locking.environment, locking.requirements
    image = replace(
        _content(stages, image_chain(stages, target), done, resolved, catalogue), kept=settings.kept
    )
    base, root, mine = image.base, image.root, image.mine
    inputs = _inputs(base, catalogue, settings)
    origins = Origins(
        source="".join(one.name for one in inputs[1:]), current=current_packages(base, catalogue)
    )
    sections = package_sections(base, image.title, image.everything, mine, origins, python)
    if image.kept:
        sections = tuple(one for one in sections if one.title != image.title)
    if locking.debs is not None:
        sections = (*sections, deb_section(locking.debs, sections, image.everything, mine))
    building = builder_sections(stages, _builders(done, image), inputs, catalogue)
    building += build_sections(image.everything, resolved)
    clashing = collisions(sections, catalogue, root.location)
    folded = fold_config(base.config if base else ImageConfig(), image.instructions)
    runnable = without_runner(folded, image.everything, _command_location(image))
    config = runnable.value
    debs = locking.debs
    settled = _settled(image, config, programs_of(sections, catalogue) | {*(debs.programs if debs else ())})
    own = from_their_inputs(settled.value.effects, origins)
    effects = with_node(own, resolved, catalogue.pin(settings.channel))
    main = catalogue.pin(settings.channel)
    builds = stage_files(effects.value, resolved, main, catalogue, _projects(mine, base, origins.source))
    plan = ImagePlan(
        name=settings.name,
        tag=settings.tag,
        builder=settings.builder or _builder(image, effects.value),
        dockerfile=settings.dockerfile,
        inputs=with_their_inputs(
            further_inputs(
                effects.value + node_modules_of(builds.value),
                used_inputs(inputs, (*sections, *building)) if image.kept else inputs,
                catalogue,
            ),
            builds.value,
            catalogue,
        ),
        systems=_systems(settings, python, debs),
        sections=sections,
        build_sections=building,
        unfree=_unfree(mine, base),
        users=settled.value.users,
        groups=settled.value.groups,
        user_comments=_user_comments(image.steps),
        effects=effects.value,
        environment=kept_environment(base, root.location.first_line, mine, image.flat)
        if image.kept
        else image_environment(base, root.location.first_line, mine, image.flat, origins.of),
        config=config,
        surroundings=_with_folders(_surroundings(image), debs),
        debs=debs,
        python=python_file(python, base, image.everything, mine, origins.source),
        collisions=clashing.value,
        stages=builds.value,
        kept=image.kept,
    )
    found = runnable.findings + settled.findings + clashing.findings + effects.findings + builds.findings
    if image.kept:
        found += kept_findings(plan, base, image.flat, mine, catalogue)
        return Outcome(plan, found + _base_findings(stages, done, catalogue, root.index, kept=True))
    found += _base_findings(stages, done, catalogue, root.index)
    return Outcome(plan, found + _user_findings(plan, root))


def _builders(done: tuple[StageSteps, ...], image: _Content) -> frozenset[int]:
    """Positions of the stages that are only built for others to copy from."""
    return frozenset(one.stage for one in done) - image.chain


def _builder(image: _Content, effects: tuple[Effect, ...]) -> str:
    return "buildLayeredImage" if image.kept or needs_fakeroot(effects) else "buildImage"


class _Content(Struct, frozen=True, kw_only=True):
    """What the passes before found that concerns the image.

    `root` is the stage it stands on, and `base` the published image that one is from. `steps` and `instructions` are those of
    the image's stages, `everything` the steps of all stages, `mine` what is asked for and comes into the image. `file` is the Dockerfile of the target.
    """

    root: Stage
    base: BaseImage | None
    instructions: tuple[tuple[ScopedInstruction, ...], ...]
    steps: tuple[Step, ...]
    everything: tuple[Step, ...]
    mine: tuple[ResolvedRequirement, ...]
    certificates: bool
    chain: frozenset[int]
    file: str
    kept: KeptBase | None = None

    @property
    def title(self) -> str:
        """What is written above the base's packages."""
        place = self.root.location
        mark = f" ({place.path})" if place.path != self.file else ""
        return f"{place.first_line}: FROM {_base_text(self.root)}{mark}"

    @property
    def flat(self) -> tuple[ScopedInstruction, ...]:
        """The instructions of all stages in one."""
        return tuple(instruction for stage in self.instructions for instruction in stage)


def _projects(
    mine: tuple[ResolvedRequirement, ...], base: BaseImage | None, source: str
) -> tuple[StageBuild, ...]:
    """The builds of projects of Python, for the interpreter that is known by now."""
    builds = []
    for _, project in built_projects(mine):
        interpreter, origin = project_interpreter(project, base, source)
        recipe = project.build.recipe
        if isinstance(recipe, PythonRecipe):
            recipe = replace(recipe, interpreter=interpreter, old=bool(origin))
        builds.append(replace(project.build, recipe=recipe))
    return tuple(builds)


def _command_location(image: _Content) -> Location:
    """Where the image's command is written last; the image's root when it is the base's."""
    starting = (one.location for one in reversed(image.flat) if one.keyword in {"CMD", "ENTRYPOINT"})
    return next(starting, image.root.location)


class _Settled(Struct, frozen=True, kw_only=True):
    """Who is in the image, and what happens to its files: owners by number, links followed."""

    users: tuple[User, ...]
    groups: tuple[Group, ...]
    effects: tuple[Effect, ...]


def _settled(image: _Content, config: ImageConfig, programs: frozenset[str]) -> Outcome[_Settled]:
    effects = tuple(effect for step in image.steps for effect in step.effects)
    accounts = accounts_of(image.base, effects)
    if image.kept:
        done = final_effects(image.steps, accounts, by_name=True)
        followed = follow_links(without_replaced(folded(done.value)), programs, merged_usr=False)
        return Outcome(_Settled(users=(), groups=(), effects=followed), done.findings)
    named = named_accounts(image.steps, config)
    needed = service_accounts(image.base) if image.base else frozenset()
    users, groups = accounts.kept(named | needed)
    homes = used_homes(image.base, accounts, named, image.root.location)
    brought = service_effects(image.base, image.root.location) if image.base else ()
    done = final_effects(image.steps, accounts, homes, brought)
    followed = follow_links(
        without_replaced(folded(done.value)), programs, merged_usr=_surroundings(image).merged_usr
    )
    return Outcome(_Settled(users=users, groups=groups, effects=followed), done.findings)


def _content(
    stages: tuple[Stage, ...],
    chain: tuple[int, ...],
    done: tuple[StageSteps, ...],
    resolved: tuple[ResolvedRequirement, ...],
    catalogue: Catalogue,
) -> _Content:
    root = stages[chain[0]]
    own = tuple(one for one in done if one.stage in chain)
    kept = {RequirementOutcome.NIXPKGS, RequirementOutcome.LOCKED}
    return _Content(
        root=root,
        base=catalogue.base_image(root.base) if isinstance(root.base, ImageReference) else None,
        instructions=tuple(stages[index].instructions for index in chain),
        steps=tuple(step for one in own for step in one.steps),
        everything=tuple(step for one in done for step in one.steps),
        mine=tuple(one for one in resolved if one.stage in chain or one.outcome in kept),
        certificates=any(one.certificates for one in own),
        chain=frozenset(chain),
        file=stages[chain[-1]].location.path,
    )


def _systems(
    settings: ImageSettings, python: LockedEnvironment | None, debs: DebLock | None
) -> tuple[str, ...]:
    """The systems that the flake is for: all that were asked for, less those that a lock has no files for."""
    asked = systems_of(settings)
    mine = tuple(system for system in asked if debs is None or debs.system in {"", system})
    return tuple(system for system in mine if python is None or system in python.lock.systems)


def systems_of(settings: ImageSettings) -> tuple[str, ...]:
    """The systems that the user asks for; an archive of a base image is of one."""
    if settings.kept:
        return (SYSTEMS[settings.platform or "linux/amd64"],)
    if settings.platform in SYSTEMS:
        return (SYSTEMS[settings.platform],)
    return ("x86_64-linux", "aarch64-linux")


def _base_text(stage: Stage) -> str:
    return stage.base.text if isinstance(stage.base, ImageReference) else "scratch"


def _inputs(base: BaseImage | None, catalogue: Catalogue, settings: ImageSettings) -> tuple[FlakeInput, ...]:
    main = replace(catalogue.pin(settings.channel), name="nixpkgs")
    if base is None or not base.channel:
        return (main,)
    if base.channel == settings.channel:
        return (replace(main, insecure=base.insecure),)
    old = replace(catalogue.pin(base.channel), insecure=base.insecure, unfree=bool(base.unfree))
    return (main, old)


def _unfree(resolved: tuple[ResolvedRequirement, ...], base: BaseImage | None) -> tuple[str, ...]:
    asked = {
        resolution.attribute_path.rsplit(".", 1)[-1]
        for one in resolved
        for resolution in one.resolutions
        if isinstance(resolution, NixpkgsPackage) and resolution.unfree
    }
    return tuple(sorted(asked | set(base.unfree if base else ())))


def _user_comments(steps: tuple[Step, ...]) -> tuple[str, ...]:
    lines = (
        f"{step.location.first_line}: {step.text}"
        for step in steps
        if any(isinstance(effect, (AddUser, AddGroup)) for effect in step.effects)
    )
    return tuple(dict.fromkeys(lines))


def _surroundings(image: _Content) -> Surroundings:
    if image.kept:
        return Surroundings()
    base, empty = image.base, isinstance(image.root.base, Scratch)
    bare = empty or (base is not None and not base.distribution)
    packages = set(base.packages if base else ()) | {
        resolution.attribute_path
        for one in image.mine
        if one.outcome is RequirementOutcome.NIXPKGS
        for resolution in one.resolutions
        if isinstance(resolution, NixpkgsPackage)
    }
    return Surroundings(
        bin_sh=not bare and "busybox" not in packages,
        usr_bin_env=not bare and packages.isdisjoint(_HAVE_ENV),
        merged_usr=not bare and not packages.isdisjoint(_HAVE_ENV),
        accounts=not empty,
        certificates=image.certificates or "cacert" in packages,
        temporary_folder=not empty,
        linked=_linked(image),
    )


def _with_folders(around: Surroundings, debs: DebLock | None) -> Surroundings:
    """With the folders that a distribution's own files stand in."""
    if debs is None:
        return around
    linked = {*around.linked, *(f"/{name}" for name in (*debs.top, *debs.usr))}
    return replace(around, linked=tuple(sorted(linked)), usr=debs.usr)


def _linked(image: _Content) -> tuple[str, ...]:
    """Folders of packages that links of services lead to."""
    roots = {"/modules"}
    links = (effect for step in image.steps for effect in step.effects if isinstance(effect, Symlink))
    of_packages = {link.target for link in links} & roots
    return tuple(sorted({*(service_folders(image.base) if image.base else ()), *of_packages}))


def _base_findings(
    stages: tuple[Stage, ...],
    done: tuple[StageSteps, ...],
    catalogue: Catalogue,
    root: int,
    *,
    kept: bool = False,
) -> tuple[Finding, ...]:
    """What is to be said of base images; of the image's own, at the stage `root`, nothing when it is kept."""
    findings: list[Finding] = []
    for one in done:
        stage = stages[one.stage]
        if not isinstance(stage.base, ImageReference) or (kept and stage.index == root):
            continue
        base = catalogue.base_image(stage.base)
        if base is None:
            text = (
                f"{stage.base.text}: nothing is known of what this image holds; its packages are missing here"
            )
            finding = Finding(
                code="D2N203", message=text, location=stage.location, hint=_ways(of_image=stage.index == root)
            )
            findings.append(finding)
            continue
        if base.unfree:
            text = f"{stage.base.text}: {', '.join(base.unfree)} has an unfree licence; flake.nix allows it by name"
            findings.append(Finding(code="D2N205", message=text, location=stage.location))
        if base.outdated:
            findings.append(_outdated(stage, base, stage.base.text))
        if base.difference:
            text = f"{stage.base.text}: {base.difference}"
            findings.append(Finding(code="D2N209", message=text, location=stage.location))
    return tuple(findings)


def _ways(*, of_image: bool) -> str:
    """What to do about an image that nothing is known of."""
    own = "say what it is like in dock2nix.toml ([base-images]), or put its Dockerfile into the build context"
    return f"keep it as it is with --keep-base, or {own}" if of_image else own


def _outdated(stage: Stage, base: BaseImage, name: str) -> Finding:
    """The runtime is the one that was asked for; somebody has to agree to one that nixpkgs refuses."""
    return Finding(
        code="D2N210",
        message=f"{name}: {base.outdated}",
        location=stage.location,
        severity_override=None if base.insecure else Severity.INFO,
    )


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
