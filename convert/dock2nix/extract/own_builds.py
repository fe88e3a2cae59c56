"""Builds in the stage that keeps what they make: each becomes a derivation whose output is put where the stage has it.

A stage is walked, then the first group of commands that a builder understands is looked for; the stage is walked again with what
that makes, so that later commands find it. That ends when no further group is understood.
"""

from __future__ import annotations

import posixpath
from itertools import groupby
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dock2nix.builders import builder_of
from dock2nix.builders.base import Refusal, Work, folder_of, is_inside
from dock2nix.extract.stage_builds import assembled_builds, has_output, problems_of
from dock2nix.extract.stage_sources import StageSources, changed_paths, other_trees, source_root
from dock2nix.extract.stage_tools import packages_asked_for, unset_arguments
from dock2nix.extract.verdicts import Verdict, not_needed, unresolved
from dock2nix.model.builds import NativeRecipe, NpmRecipe
from dock2nix.model.image import CopyOutput, MakeDirectory, NodeModules, Remove, WriteFile
from dock2nix.model.packages import Action
from dock2nix.model.shell import Certainty, ShellCommand
from dock2nix.model.steps import CommandOutcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dock2nix.builders.base import Builder, Built
    from dock2nix.extract.stage_scene import Doing, StageScene
    from dock2nix.model.builds import StageBuild
    from dock2nix.model.image import Effect
    from dock2nix.model.shell import Invocation
    from dock2nix.model.source import Location

# Managers of packages that are installed elsewhere than in the folder in which they are called.
_OF_THE_SYSTEM = frozenset({"apk", "apt", "dnf", "dpkg", "gem", "go", "pip", "pipx", "rpm", "uv", "zypper"})


_PREPARES = not_needed(
    "only prepares what a stage that stands on this one builds, which is done as a whole there"
)


class OwnBuilds(Struct, frozen=True, kw_only=True):
    """What became of the commands of a stage that build, by their places; `names` are those of the files it makes.

    `settled`: nothing further was understood, and `verdicts` say why of each that is left.
    """

    verdicts: Mapping[Location, Verdict]
    names: tuple[str, ...] = ()
    settled: bool = False


class _Group(Struct, frozen=True, kw_only=True):
    """Commands of one builder that belong together, as positions among the doings. `root` is the folder of their sources, for
    builders that are asked about one tree at a time.
    """

    builder: Builder
    positions: tuple[int, ...]
    root: str = ""


def is_left_build(doing: Doing) -> bool:
    """Whether a command has no translation and is one of a build tool."""
    return doing.step.outcome is CommandOutcome.UNRESOLVED and _builder(doing) is not None


def own_builds(scene: StageScene, names: frozenset[str]) -> OwnBuilds:
    """The first group of commands of a stage that a builder understands.

    Args:
        scene: the stage, what happens in it so far, and its image.
        names: those that the files of builds have already.
    """
    reasons: dict[Location, Verdict] = {}
    for group in _groups(scene):
        found = _recognised(group, scene)
        if isinstance(found, Refusal):
            reasons |= _refused(group, found, scene)
            continue
        works, calls, sources, built = found
        if not built:
            return OwnBuilds(verdicts={doing.step.location: _PREPARES for doing in works})
        built = tuple(_with_tree(one, group, scene) for one in built)
        made = assembled_builds(built, scene, sources, calls, texts=_texts(works), taken=names)
        if isinstance(made, Refusal):
            reasons |= _refused(group, made, scene)
            continue
        if group.builder.BY_TREE:
            made = tuple(replace(build, after=_installed_before(sources.effects)) for build in made)
        pairs = tuple(zip(made, built, strict=True))
        return OwnBuilds(verdicts=_verdicts(works, pairs, scene), names=tuple(build.name for build in made))
    return OwnBuilds(verdicts=reasons, settled=True)


# --- groups ------------------------------------------------------------------------------------------------------------------


def _groups(scene: StageScene) -> Iterator[_Group]:
    """Runs of commands of one builder; a run that is in several folders as a whole first, then folder by folder."""
    for builder, root, positions in _runs(scene):
        yield _Group(builder=builder, positions=positions, root=root)
        folders = [
            tuple(own) for _, own in groupby(positions, lambda at: _run(scene.doings[at]).directory or "")
        ]
        if len(folders) > 1 and builder.BY_FOLDER:
            yield from (_Group(builder=builder, positions=own) for own in folders)


def _runs(scene: StageScene) -> Iterator[tuple[Builder, str, tuple[int, ...]]]:
    own = scene.chain[-1].index
    found = [
        (at, builder, _root(at, builder, scene))
        for at, doing in enumerate(scene.doings)
        if doing.stage == own and (builder := _builder(doing)) is not None
    ]
    for _, members in groupby(found, lambda one: (id(one[1]), one[2])):
        listed = list(members)
        if any(is_left_build(scene.doings[at]) for at, _, _ in listed):
            yield listed[0][1], listed[0][2], tuple(at for at, _, _ in listed)


def _root(at: int, builder: Builder, scene: StageScene) -> str:
    directory = folder_of(_run(scene.doings[at]))
    if not builder.BY_TREE or directory is None:
        return ""
    return source_root(directory, _effects_before((at,), scene))


def _effects_before(positions: tuple[int, ...], scene: StageScene) -> tuple[Effect, ...]:
    """What has happened in the stage, and is mounted, when the last of some commands runs; less what these do themselves."""
    last = positions[-1]
    effects = (
        effect
        for at, doing in enumerate(scene.doings[:last])
        for effect in doing.step.effects
        if at not in positions
    )
    return (*effects, *scene.doings[last].mounted)


def _builder(doing: Doing) -> Builder | None:
    """The tool of a command without translation; and of one that runs as a script, where others may go with it into one build."""
    item = doing.item
    if doing.step.outcome not in {CommandOutcome.SCRIPT, CommandOutcome.UNRESOLVED}:
        return None
    if not isinstance(item, ShellCommand) or not item.invocations:
        return None
    if any(install.action is Action.INSTALL for install in doing.step.installs):
        return None
    builder = builder_of(item.invocations[0])
    is_script = doing.step.outcome is CommandOutcome.SCRIPT
    return None if is_script and builder is not None and not builder.BY_TREE else builder


def _run(doing: Doing) -> Invocation:
    assert isinstance(doing.item, ShellCommand)  # noqa: S101 - for the type checker: others are in no group
    return doing.item.invocations[0]


# --- recognition -------------------------------------------------------------------------------------------------------------


def _recognised(
    group: _Group, scene: StageScene
) -> tuple[tuple[Doing, ...], tuple[Invocation, ...], StageSources, tuple[Built, ...]] | Refusal:
    works = tuple(scene.doings[at] for at in group.positions)
    for doing in works:
        refusal = _objection(doing)
        if refusal:
            return refusal
    calls = tuple(
        run for doing in works if isinstance(doing.item, ShellCommand) for run in doing.item.invocations
    )
    last = group.positions[-1]
    steps = tuple(doing.step for doing in scene.doings[: last + 1])
    before = _effects_before(group.positions, scene)
    sources = StageSources(scene.context, before)
    work = Work(
        calls=calls,
        files=sources,
        modules=tuple(effect for effect in before if isinstance(effect, NodeModules)),
        base=scene.base,
        installed=packages_asked_for(steps),
        platform=scene.chain[-1].platform,
        unset=unset_arguments(scene.chain),
        root=group.root,
        made=frozenset(effect.path for effect in before if isinstance(effect, MakeDirectory)),
        others=other_trees(group.root, before) if group.root else frozenset(),
    )
    built = group.builder.recognise(work)
    if isinstance(built, Refusal):
        return built
    if not built and not scene.below:
        return Refusal("it only prepares, and nothing is known to be built of that")
    culprit = _spoiled(group, tuple(one.directory for one in built), scene)
    culprit = culprit or (_changed_between(group, scene) if group.builder.BY_TREE else None)
    return culprit or (works, calls, sources, built)


def _objection(doing: Doing) -> Refusal | None:
    """What of a command no builder can do, whatever it is."""
    item = doing.item
    if not isinstance(item, ShellCommand) or item.certainty is not Certainty.ALWAYS:
        return Refusal("a build that runs only under a condition")
    if has_output(item):
        return Refusal("a build whose output is written to a file")
    return None


def _spoiled(group: _Group, folders: tuple[str, ...], scene: StageScene) -> Refusal | None:
    """Why the files that are built from are not known: something without translation ran among them before."""
    for at, doing in enumerate(scene.doings[: group.positions[-1]]):
        if at in group.positions or doing.step.outcome is not CommandOutcome.UNRESOLVED:
            continue
        if any(_works_in(doing, folder) for folder in folders):
            line, text = doing.step.location.first_line, " ".join(doing.step.text.split())[:60]
            return Refusal(f"what line {line} does to its files before is not known: {text}")
    return None


def _changed_between(group: _Group, scene: StageScene) -> Refusal | None:
    """Why commands that run as they stand cannot run in one go: their files are changed between them."""
    between = set(range(group.positions[0] + 1, group.positions[-1])) - set(group.positions)
    for at in sorted(between):
        for effect in scene.doings[at].step.effects:
            if not isinstance(effect, MakeDirectory) and any(
                is_inside(path, group.root) for path in changed_paths(effect)
            ):
                line = effect.location.first_line
                return Refusal(
                    f"line {line} changes its files between the steps of the build: {effect.text[:60]}"
                )
    return None


def _works_in(doing: Doing, folder: str) -> bool:
    """Whether a command may have changed what is in a folder, by where it runs and what it names."""
    item = doing.item
    if not isinstance(item, ShellCommand):
        target = doing.step.text.rsplit(" ", 1)[-1].strip('"]')
        return (
            not target.startswith("/") or is_inside(target, folder) or is_inside(folder, target.rstrip("/"))
        )
    if item.substitution_of is not None or {one.manager for one in doing.step.installs} & _OF_THE_SYSTEM:
        return False
    return any(
        run.directory is None
        or is_inside(run.directory, folder)
        or any(folder != "/" and folder in (word.value or word.text) for word in run.arguments)
        for run in item.invocations
    )


def _installed_before(effects: tuple[Effect, ...]) -> tuple[StageBuild, ...]:
    """The builds whose headers, libraries and programs stand in the stage already."""
    return tuple(
        dict.fromkeys(
            effect.build
            for effect in effects
            if isinstance(effect, CopyOutput)
            and isinstance(effect.build.recipe, NativeRecipe)
            and effect.build.recipe.installs
        )
    )


# --- what it comes to --------------------------------------------------------------------------------------------------------


def _texts(works: tuple[Doing, ...]) -> tuple[str, ...]:
    return tuple(f"{doing.step.location.first_line}: {' '.join(doing.step.text.split())}" for doing in works)


def _refused(group: _Group, refusal: Refusal, scene: StageScene) -> dict[Location, Verdict]:
    """The refusal at the command that it is about; the others of the group are left for its sake."""
    works = [scene.doings[at] for at in group.positions]
    guilty = next((doing for doing in works if refusal.call in _invocations(doing)), works[-1])
    line = guilty.step.location.first_line
    reason = refusal.reason or guilty.step.reason
    return {
        doing.step.location: unresolved(reason if doing is guilty else f"goes with line {line}: {reason}")
        for doing in works
    }


def _invocations(doing: Doing) -> tuple[Invocation, ...]:
    return doing.item.invocations if isinstance(doing.item, ShellCommand) else ()


def _with_tree(built: Built, group: _Group, scene: StageScene) -> Built:
    """A build that installs leaves its folder behind; that is taken along only when something later needs it."""
    recipe = built.recipe
    if not isinstance(recipe, NativeRecipe) or not recipe.installs:
        return built
    later = scene.doings[group.positions[-1] + 1 :]
    needed = any(_needs(doing, built.directory) for doing in later)
    return replace(built, recipe=replace(recipe, tree=needed))


def _needs(doing: Doing, folder: str) -> bool:
    if doing.step.program in {"cd", "rm"} or not isinstance(doing.item, ShellCommand):
        return False
    cleans = {"clean", "distclean", "mostlyclean"}
    for run in doing.item.invocations:
        words = {word.value or word.text for word in run.arguments}
        inside = run.directory is not None and is_inside(run.directory, folder)
        named = any(folder in word for word in words)
        if (inside or named) and not words & cleans and any(not word.startswith("-") for word in words):
            return True
    return False


def _verdicts(
    works: tuple[Doing, ...], pairs: tuple[tuple[StageBuild, Built], ...], scene: StageScene
) -> dict[Location, Verdict]:
    names = ", ".join(f"nix/stages/{build.name}.nix" for build, _ in pairs)
    done = Verdict(outcome=CommandOutcome.TRANSLATED, reason=f"built by a derivation: {names}")
    last = works[-1].step
    effects = tuple(
        effect for build, built in pairs for effect in _effects(build, built, last.location, last.text)
    )
    found = {doing.step.location: done for doing in works}
    found[last.location] = Verdict(
        outcome=done.outcome, reason=done.reason, effects=effects, problems=problems_of(pairs, scene.context)
    )
    return found


def _effects(build: StageBuild, built: Built, location: Location, text: str) -> Iterator[Effect]:
    """What a build makes, put where the stage has it."""
    short = " ".join(text.split())[:100]
    if isinstance(build.recipe, NativeRecipe) and build.recipe.installs:
        yield CopyOutput(
            build=build,
            place="",
            path="/",
            folder=True,
            reach=(*build.recipe.reach, *((build.directory,) if build.recipe.tree else ())),
            location=location,
            text=short,
        )
    elif not built.products:
        if isinstance(build.recipe, NpmRecipe) and build.recipe.prune:
            yield Remove(path=build.recipe.modules.path, recursive=True, location=location, text=short)
        place = build.directory.lstrip("/")
        yield CopyOutput(
            build=build, place=place, path=build.directory, folder=True, location=location, text=short
        )
    folders = {path for path, _ in built.products if path.endswith("/")}
    for path, place in built.products:
        folder = path in folders
        if folder or posixpath.dirname(path) + "/" not in folders:
            yield CopyOutput(
                build=build,
                place=place.rstrip("/"),
                path=path.rstrip("/") or "/",
                folder=folder,
                location=location,
                text=short,
            )
    for path, content in built.files:
        yield WriteFile(path=path, content=content, location=location, text=short)
