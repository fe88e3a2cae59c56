"""What a stage builds for others to copy: its commands and files as derivations."""

from __future__ import annotations

import hashlib
import posixpath
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dock2nix.builders import recognise
from dock2nix.builders.base import SEARCHED, Refusal, Work
from dock2nix.extract.stage_scene import StageProducts
from dock2nix.extract.stage_sources import StageSources, stage_sources
from dock2nix.extract.stage_tools import environment_of, packages_asked_for, unset_arguments
from dock2nix.model.builds import (
    WITH_LIST,
    BundleRecipe,
    CargoRecipe,
    ComposerRecipe,
    DotnetRecipe,
    GoRecipe,
    GradleRecipe,
    MavenRecipe,
    NativeRecipe,
    StageBuild,
)
from dock2nix.model.finding import Finding
from dock2nix.model.image import MakeDirectory, NodeModules
from dock2nix.model.shell import Certainty, ShellCommand
from dock2nix.model.steps import CommandOutcome
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.builders.base import Built, Problem
    from dock2nix.extract.stage_scene import Doing, StageScene
    from dock2nix.model.dockerfile import Stage
    from dock2nix.model.shell import Invocation
    from dock2nix.parse.context import BuildContext

_WILDCARD = regex(r"[*?\[]")
_UNSAFE = regex(r"[^A-Za-z0-9_-]+")
_COPIERS = frozenset({"cp", "mv"})
_QUIET_OPTIONS = frozenset({"-r", "-R", "-a", "-f", "-v", "-p", "-rf", "-rv", "-av", "-pr"})


def stage_products(scene: StageScene) -> StageProducts | Refusal:
    """The builds of a stage.

    Returns:
        Why there are none: nothing in it is a build, or something in it is not understood. Then the stage is what its
        translated commands make of it.
    """
    sorted_out = _sort(scene)
    if isinstance(sorted_out, Refusal):
        return sorted_out
    calls, aliases, covered, last = sorted_out
    if not calls:
        return Refusal("")
    effects = tuple(effect for doing in scene.doings for effect in doing.step.effects)
    mounted = scene.doings[last].mounted
    before = tuple(effect for doing in scene.doings[: last + 1] for effect in doing.step.effects) + mounted
    sources = StageSources(scene.context, before)
    work = Work(
        calls=calls,
        files=sources,
        modules=tuple(effect for effect in effects if isinstance(effect, NodeModules)),
        base=scene.base,
        installed=packages_asked_for(tuple(doing.step for doing in scene.doings)),
        platform=scene.chain[-1].platform,
        unset=unset_arguments(scene.chain),
    )
    found = recognise(work)
    if isinstance(found, Refusal):
        return found
    return _assembled(found, scene, sources, calls, (aliases, covered))


def _sort(
    scene: StageScene,
) -> tuple[tuple[Invocation, ...], tuple[tuple[str, str], ...], frozenset[int], int] | Refusal:
    """The calls of build tools, what is copied of their results, the positions of both, and that of the last call."""
    calls: list[Invocation] = []
    aliases: list[tuple[str, str]] = []
    covered: set[int] = set()
    folders: set[str] = {"/usr/local/bin", "/usr/bin", "/bin", "/tmp", "/opt"}  # noqa: S108 - a path of the image
    last = -1
    for position, doing in enumerate(scene.doings):
        folders.update(effect.path for effect in doing.step.effects if isinstance(effect, MakeDirectory))
        if doing.step.outcome is not CommandOutcome.UNRESOLVED:
            continue
        found = _unresolved(doing, calls, folders, scene)
        if isinstance(found, Refusal):
            return found
        if isinstance(found, list):
            aliases += found
        else:
            calls += found
            last = position
        covered.add(position)
    return tuple(calls), tuple(aliases), frozenset(covered), last


def _unresolved(
    doing: Doing, calls: list[Invocation], folders: set[str], scene: StageScene
) -> list[tuple[str, str]] | tuple[Invocation, ...] | Refusal:
    """What a command without translation is: calls of a build tool (a tuple), or of cp and mv (a list of new names)."""
    item = doing.item
    if doing.stage in scene.of_image:
        return Refusal("")
    if not isinstance(item, ShellCommand) or item.certainty is not Certainty.ALWAYS or has_output(item):
        return Refusal("")
    if calls and item.program in _COPIERS:
        copied = [_alias(run, folders) for run in item.invocations]
        return Refusal("") if None in copied else [one for one in copied if one is not None]
    if calls and (item.program or "").rsplit("/", 1)[-1] == "strip":
        return []
    return item.invocations


def has_output(item: ShellCommand) -> bool:
    """Whether a command writes its output to a file, or somebody reads it."""
    return any(
        one.operator in {">", ">>", "&>", ">|"} and one.target is not None and one.target.value != "/dev/null"
        for one in item.redirects
    )


def _alias(run: Invocation, folders: set[str]) -> tuple[str, str] | None:
    """`cp target/release/app /out/` as (/out/app, …/target/release/app)."""
    words = [word.value for word in run.arguments if word.value not in _QUIET_OPTIONS]
    if (
        len(words) != 2
        or None in words
        or any(_WILDCARD.search(one or "") or (one or "-").startswith("-") for one in words)
    ):
        return None
    source, target = (posixpath.normpath(posixpath.join(run.directory or "/", one or "")) for one in words)
    if (words[1] or "").endswith("/") or words[1] == "." or target in folders:
        target = posixpath.join(target, posixpath.basename(source))
    return target, source


def _assembled(
    found: tuple[Built, ...],
    scene: StageScene,
    sources: StageSources,
    calls: tuple[Invocation, ...],
    sorted_out: tuple[tuple[tuple[str, str], ...], frozenset[int]],
) -> StageProducts | Refusal:
    aliases, covered = sorted_out
    builds = assembled_builds(found, scene, sources, calls, texts=_texts(scene))
    if isinstance(builds, Refusal):
        return builds
    pairs = tuple(zip(builds, found, strict=True))
    return StageProducts(
        files=tuple((place, build, inside) for build, built in pairs for place, inside in built.products),
        trees=tuple(build for build, built in pairs if not built.products),
        aliases=aliases,
        covered=covered,
        findings=tuple(_findings(pairs, scene)),
    )


def assembled_builds(
    found: tuple[Built, ...],
    scene: StageScene,
    sources: StageSources,
    calls: tuple[Invocation, ...],
    *,
    texts: tuple[str, ...],
    taken: frozenset[str] | None = None,
) -> tuple[StageBuild, ...] | Refusal:
    """The derivations that a builder has found, with their files and variables.

    Args:
        found: what the builder says.
        scene: the stage.
        sources: its files before the build.
        calls: the commands that build.
        texts: the commands that the derivations stand for, as they are shown.
        taken: the names of other builds, for one whose output stays in the stage; None when others copy from the stage.
    """
    builds: list[StageBuild] = []
    for built in found:
        build = _build(built, scene, sources, calls)
        if isinstance(build, Refusal):
            return build
        name = _file_name(scene.chain[-1], built if len(found) > 1 else None)
        if taken is not None:
            name = _free_name(scene.chain[-1], built, taken | {one.name for one in builds})
        builds.append(replace(build, name=name, texts=texts, own=taken is not None))
    return tuple(builds)


def _build(
    built: Built, scene: StageScene, sources: StageSources, calls: tuple[Invocation, ...]
) -> StageBuild | Refusal:
    taken = stage_sources(built.directory, sources)
    if isinstance(taken, Refusal):
        return taken
    environment = _environment(built, scene, calls)
    if isinstance(environment, Refusal):
        return environment
    return StageBuild(
        name="",
        title=_title(scene.chain[-1]),
        root=taken.folder,
        sources=taken.sources,
        exclusions=taken.exclusions,
        changes=taken.changes,
        directory=built.directory,
        origin=taken.origin,
        recipe=built.recipe,
        environment=environment,
        stages=tuple(stage.index for stage in scene.chain),
        texts=(),
        state=hashlib.sha256(built.state.encode()).hexdigest()[:16] if built.state else "",
        location=scene.chain[-1].location,
    )


def _file_name(stage: Stage, built: Built | None) -> str:
    name = _UNSAFE.sub("-", stage.name).strip("-").lower() or f"stage-{stage.index}"
    suffix = _UNSAFE.sub("-", built.suffix).strip("-") if built else ""
    return f"{name}-{suffix}" if suffix else name


def _environment(
    built: Built, scene: StageScene, calls: tuple[Invocation, ...]
) -> tuple[tuple[str, str], ...] | Refusal:
    """The variables of a build; those that one command alone sees stand with that one in a recipe of commands."""
    if isinstance(built.recipe, GoRecipe):
        return built.environment
    if isinstance(built.recipe, NativeRecipe):
        plain = tuple(replace(call, assignments=()) for call in calls)
        found = environment_of(scene.chain, plain)
        return found if isinstance(found, Refusal) else tuple(one for one in found if one[0] not in SEARCHED)
    return environment_of(scene.chain, calls)


def _free_name(stage: Stage, built: Built, taken: frozenset[str] | set[str]) -> str:
    """A name that no other build has: after the stage, what is built or where, and a number if need be."""
    own = _UNSAFE.sub("-", stage.name).strip("-").lower() or "image"
    what = _UNSAFE.sub("-", built.suffix or posixpath.basename(built.directory)).strip("-").lower() or "build"
    names = (own, f"{own}-{what}", *(f"{own}-{what}-{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


def _title(stage: Stage) -> str:
    base = getattr(stage.base, "text", "").partition("@")[0] or f"stage {getattr(stage.base, 'index', 0)}"
    return f"{stage.location.first_line}: FROM {base}{f' AS {stage.name}' if stage.name else ''}"


def _texts(scene: StageScene) -> tuple[str, ...]:
    """The commands that the build stands for, with their lines."""
    return tuple(
        f"{doing.step.location.first_line}: {' '.join(doing.step.text.split())}"
        for doing in scene.doings
        if doing.step.outcome is CommandOutcome.UNRESOLVED
        or any(isinstance(effect, NodeModules) for effect in doing.step.effects)
    )


def _findings(pairs: tuple[tuple[StageBuild, Built], ...], scene: StageScene) -> Iterator[Finding]:
    located = next(
        doing for doing in reversed(scene.doings) if doing.step.outcome is CommandOutcome.UNRESOLVED
    )
    for code, message, hint in problems_of(pairs, scene.context):
        place = located.step.location if code == "D2N310" else scene.chain[0].location
        yield Finding(code=code, message=message, location=place, hint=hint)


def problems_of(pairs: tuple[tuple[StageBuild, Built], ...], context: BuildContext) -> tuple[Problem, ...]:
    """What is to be said of builds: what their builders say, and the hashes that are not known yet.

    Args:
        pairs: each build with what its builder says.
        context: where a list of downloads is that somebody has made since an earlier conversion.
    """
    found = dict.fromkeys(problem for _, built in pairs for problem in built.problems)
    for build, _ in pairs:
        if isinstance(build.recipe, WITH_LIST) and _is_listed(build, context):
            continue
        if what := unfilled(build):
            message = f"nix/stages/{build.name}.nix: {what}, which only downloading it can tell"
            hint = "`dock2nix lock` fills it in where Nix is installed; then convert again"
            if isinstance(build.recipe, WITH_LIST):
                hint = f"run that script where Nix is installed, and keep what it makes as nix/stages/{build.name}-deps.json"
            found["D2N310", message, hint] = None
    return tuple(found)


def _is_listed(build: StageBuild, context: BuildContext) -> bool:
    """Whether the list of what a build downloads has been made."""
    text = context.read_context_file(f"nix/stages/{build.name}-deps.json")
    return text is not None and len(text.split()) > 0 and text.strip() not in {"[]", "{}"}


def unfilled(build: StageBuild) -> str:
    """Which hashes of a build are not known before something has been downloaded; "" when all are."""
    match build.recipe:
        case GoRecipe(dependencies=True):
            return "the hash of the module's dependencies (vendorHash) is missing"
        case MavenRecipe():
            return "the hash of the project's dependencies (mvnHash) is missing"
        case ComposerRecipe():
            return "the hash of the packages of composer.lock (vendorHash) is missing"
        case DotnetRecipe() | GradleRecipe():
            maker = "fetch-deps" if isinstance(build.recipe, DotnetRecipe) else "mitmCache.updateScript"
            return f"the list of what it downloads ({build.name}-deps.json, made by its `{maker}`) is empty"
        case BundleRecipe(gems=gems) if missing := [one.name for one in gems if not one.hash]:
            more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
            return f"the hashes of gems are missing: {', '.join(missing[:3])}{more}"
        case CargoRecipe(git=names) if names:
            return f"the hashes of dependencies from git are missing: {', '.join(names[:3])}"
        case _:
            return ""


def culprit_of(refusal: Refusal, scene: StageScene) -> str:
    """The command that a refusal is about, with its line, for a message; "" when it is about the whole stage."""
    if not refusal.reason:
        return ""
    for doing in scene.doings:
        item = doing.item
        if isinstance(item, ShellCommand) and refusal.call in item.invocations:
            shown = " ".join(item.text.split())[:80]
            return f"line {item.location.first_line}: {shown}: {refusal.reason}"
    return refusal.reason
