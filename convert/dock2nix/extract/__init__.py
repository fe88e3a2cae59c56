"""Instructions to steps: what each command asks for and does."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from dock2nix.catalogue.services import service_effects
from dock2nix.errors import DockerfileError
from dock2nix.extract.build_yard import BuildYard, doings_of, with_steps
from dock2nix.extract.commands import Scene, extract_commands
from dock2nix.extract.copy_from import (
    certificates_wanted,
    copied_paths,
    copy_from_image,
    copy_from_stage,
    holds_python_packages,
    with_own_programs,
)
from dock2nix.extract.files import ImageFiles
from dock2nix.extract.instructions import extract_copy, extract_workdir, working_directory
from dock2nix.extract.paths import KnownPaths, is_below
from dock2nix.extract.run_mounts import mount_findings, mounts_of, settled, shown_files, usable
from dock2nix.extract.scripts import RunText
from dock2nix.extract.secrets import secrets_in_environment
from dock2nix.extract.stage_scene import MOST_GROUPS
from dock2nix.model.dockerfile import Form, ImageReference, StageReference
from dock2nix.model.finding import Finding, Outcome, Severity
from dock2nix.model.image import NodeModules, Symlink
from dock2nix.model.shell import ShellCommand
from dock2nix.model.steps import CommandOutcome
from dock2nix.parse.expansion import variable_places
from dock2nix.parse.shell import exec_form_command, parse_shell, pieces_of, shell_dialect
from dock2nix.parse.stages import source_of
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dock2nix.catalogue.base import Catalogue
    from dock2nix.extract.stage_scene import Doing
    from dock2nix.extract.verdicts import Verdict
    from dock2nix.model.dockerfile import Instruction, ScopedInstruction, Stage
    from dock2nix.model.image import BaseImage, Effect
    from dock2nix.model.packages import MadeNodeLock
    from dock2nix.model.shell import ShellItem
    from dock2nix.model.source import Location
    from dock2nix.model.steps import Step
    from dock2nix.parse.context import BuildContext

__all__ = ["StageSteps", "extract", "python_sources", "run_items", "run_time_programs"]


_BARE_WORD = regex(r"[A-Za-z][A-Za-z0-9_-]*")
_STORED = regex(r"@[A-Za-z_][A-Za-z0-9_.'-]*@")
_ROOT = frozenset({"", "0", "root", "0:0", "root:root"})
_CHECK = regex(r"\s*CMD\s+", re.IGNORECASE)
_SHELL_OF = {
    "alpine": "ash",
    **dict.fromkeys(("debian", "ubuntu"), "dash"),
    **dict.fromkeys(("amazon", "arch", "azurelinux", "fedora", "opensuse", "rhel"), "bash"),
}
_PLAIN_IMAGES = frozenset(
    {
        *(
            "almalinux",
            "alpine",
            "amazonlinux",
            "archlinux",
            "busybox",
            "centos",
            "debian",
            "fedora",
            "leap",
            "oraclelinux",
        ),
        *("photon", "rockylinux", "tumbleweed", "ubi", "ubi-minimal", "ubuntu"),
    }
)


# Beside those of the catalogue, which are the same in all versions (the Dockerfiles of docker-library).
_SET_BY_IMAGES = {
    "golang": ("GOLANG_VERSION",),
    "node": ("NODE_VERSION", "YARN_VERSION"),
    "python": (
        "GPG_KEY",
        "LANG",
        "PYTHON_GET_PIP_SHA256",
        "PYTHON_GET_PIP_URL",
        "PYTHON_PIP_VERSION",
        "PYTHON_SETUPTOOLS_VERSION",
        "PYTHON_SHA256",
        "PYTHON_VERSION",
    ),
    "ruby": ("LANG", "RUBY_DOWNLOAD_SHA256", "RUBY_DOWNLOAD_URL", "RUBY_MAJOR", "RUBY_VERSION"),
    "rust": ("RUST_VERSION",),
}


class StageSteps(Struct, frozen=True, kw_only=True):
    """The steps of one stage, and where and as whom the stage ends (a stage that stands on it starts there).

    `certificates`: it takes the certificate bundle of another stage or image along. `environments` are positions of
    the stages that made a Python environment which it copies (site-packages, a virtual environment, a folder that holds one).
    `brought` is what stands in its base image beside packages.
    """

    stage: int
    steps: tuple[Step, ...]
    workdir: str
    user: str
    certificates: bool = False
    environments: frozenset[int] = frozenset()
    brought: tuple[Effect, ...] = ()

    @property
    def effects(self) -> tuple[Effect, ...]:
        """What happens to files, what the base image brings included."""
        return (*self.brought, *(effect for step in self.steps for effect in step.effects))


class _Walk(Struct, kw_only=True):
    """How far the walk through a stage has come."""

    stage: Stage
    workdir: str
    user: str
    files: ImageFiles
    known: KnownPaths
    steps: list[Step]
    findings: list[Finding]
    environments: set[int]
    doings: list[Doing]
    brought: tuple[Effect, ...] = ()
    before: tuple[Effect, ...] = ()
    certificates: bool = False
    unknown: tuple[str, ...] = ()
    stored: frozenset[str] = frozenset()
    shell: str = "sh"
    builds: Mapping[Location, Verdict] = field(default_factory=dict)

    def add(self, outcome: Outcome[tuple[Step, ...]]) -> None:
        """Steps of COPY, ADD and WORKDIR: their effects are what is in the image from now on."""
        for effect in (effect for step in outcome.value for effect in step.effects):
            self.files.effects.append(effect)
            self.known.add(effect)
        self.take(outcome)

    def take(
        self,
        outcome: Outcome[tuple[Step, ...]],
        items: tuple[ShellItem, ...] = (),
        mounted: tuple[Effect, ...] = (),
    ) -> None:
        """Steps, with the commands that they are of, and the files that these see by a mount."""
        self.steps.extend(outcome.value)
        self.findings.extend(outcome.findings)
        self.doings += doings_of(outcome.value, items, mounted)


class _Extraction(Struct, frozen=True):
    """What the walks share: the stages, what is done of them, the context, the catalogue, and locks that npm made.

    `image` are the positions of the stages that the image consists of.
    """

    image: frozenset[int]
    stages: tuple[Stage, ...]
    context: BuildContext
    catalogue: Catalogue
    done: dict[int, StageSteps]
    node_locks: Mapping[str, MadeNodeLock]
    yard: BuildYard

    def whole(self, index: int) -> tuple[Step, ...]:
        """The steps of a stage behind those of the stages it stands on."""
        base = self.stages[index].base
        below = self.whole(base.index) if isinstance(base, StageReference) else ()
        return below + (self.done[index].steps if index in self.done else ())

    def brought(self, index: int) -> tuple[Effect, ...]:
        """What stands in the published image below a stage beside its packages."""
        base = self.stages[index].base
        return self.brought(base.index) if isinstance(base, StageReference) else self.done[index].brought

    def image_below(self, index: int) -> BaseImage | None:
        """What is known of the published image that a stage stands on in the end."""
        base = self.stages[index].base
        if isinstance(base, StageReference):
            return self.image_below(base.index)
        return self.catalogue.base_image(base) if isinstance(base, ImageReference) else None


def extract(
    stages: tuple[Stage, ...],
    needed: tuple[int, ...],
    context: BuildContext,
    catalogue: Catalogue,
    node_locks: Mapping[str, MadeNodeLock] | None = None,
) -> Outcome[tuple[StageSteps, ...]]:
    """What the commands of the needed stages ask for and do.

    Args:
        stages: all stages of the file.
        needed: positions of the stages that the target is built from, ascending.
        context: the build context.
        catalogue: for the commands that have no effect.
        node_locks: those that npm made for projects, by the path of package.json in the build context.

    Returns:
        One `StageSteps` for each needed stage, in order. Every command of every RUN is in exactly one step.
    """
    image = frozenset(_chain(stages, needed[-1]) if needed else ())
    yard = BuildYard(stages, context, image)
    extraction = _Extraction(image, stages, context, catalogue, {}, node_locks or {}, yard)
    findings: list[Finding] = []
    for index in needed:
        walk = _whole_walk(stages[index], extraction)
        extraction.done[index] = StageSteps(
            stage=index,
            steps=tuple(walk.steps),
            workdir=walk.workdir,
            user=walk.user,
            certificates=walk.certificates,
            environments=frozenset(walk.environments),
            brought=walk.brought,
        )
        findings += walk.findings
    own = stages[needed[-1]].location.path if needed else ""
    done = tuple(
        replace(
            extraction.done[index],
            steps=tuple(_told_apart(step, own) for step in yard.judged(index, extraction.done[index].steps)),
        )
        for index in needed
    )
    return Outcome(done, yard.without_covered(tuple(findings)))


def _told_apart(step: Step, own: str) -> Step:
    """A step of another file says so: everywhere else a line alone tells where it stands."""
    if step.location.path == own:
        return step
    mark = f" ({step.location.path})"
    effects = tuple(replace(effect, text=f"{effect.text}{mark}") for effect in step.effects)
    return replace(step, text=f"{step.text}{mark}", effects=effects)


def _with_node(steps: tuple[Step, ...], base: BaseImage | None, catalogue: Catalogue) -> tuple[Step, ...]:
    if not any(isinstance(effect, NodeModules) for step in steps for effect in step.effects):
        return steps
    from dock2nix.extract.node_modules import with_interpreter  # noqa: PLC0415 - few Dockerfiles need it

    return with_interpreter(steps, base, catalogue)


def _with_projects(steps: tuple[Step, ...], walk: _Walk, extraction: _Extraction) -> tuple[Step, ...]:
    from dock2nix.extract.python_projects import has_projects, with_projects  # noqa: PLC0415 - few Dockerfiles need it

    if not has_projects(steps):
        return steps
    chain = tuple(reversed([extraction.stages[at] for at in _chain(extraction.stages, walk.stage.index)]))
    doings = tuple(with_steps(walk.doings, steps))
    return with_projects(doings, walk.before, chain, extraction.context, extraction.catalogue)


def _chain(stages: tuple[Stage, ...], index: int) -> Iterator[int]:
    """A stage and those it stands on."""
    yield index
    while isinstance(base := stages[index].base, StageReference):
        index = base.index
        yield index


def _whole_walk(stage: Stage, extraction: _Extraction) -> _Walk:
    """A stage from its first instruction to its last; again with each build in it that was understood, for what comes after it."""
    builds: dict[Location, Verdict] = {}
    for _ in range(MOST_GROUPS):
        walk = _walked(stage, extraction, builds)
        found = extraction.yard.own_builds(stage.index, extraction.image_below(stage.index))
        if found is None:
            return walk
        builds |= found.verdicts
        if found.settled:
            break
    return _walked(stage, extraction, builds)


def _walked(stage: Stage, extraction: _Extraction, builds: Mapping[Location, Verdict]) -> _Walk:
    walk = _start(stage, extraction)
    walk.builds = builds
    for instruction in stage.instructions:
        _walk(instruction, walk, extraction)
    base, catalogue = extraction.image_below(stage.index), extraction.catalogue
    walk.steps = list(_with_projects(_with_node(tuple(walk.steps), base, catalogue), walk, extraction))
    extraction.yard.doings[stage.index] = with_steps(walk.doings, tuple(walk.steps))
    return walk


def _start(stage: Stage, extraction: _Extraction) -> _Walk:
    workdir, user = "/", ""
    effects: list[Effect] = []
    brought: tuple[Effect, ...] = ()
    if isinstance(stage.base, StageReference):
        parent = extraction.done[stage.base.index]
        workdir, user = parent.workdir, parent.user
        effects = [*extraction.brought(parent.stage)]
        effects += (effect for step in extraction.whole(parent.stage) for effect in step.effects)
    if isinstance(stage.base, ImageReference):
        known = extraction.catalogue.base_image(stage.base)
        if known:
            workdir, user = posixpath.normpath(known.config.working_dir or "/"), known.config.user
            brought = () if known.kept else service_effects(known, stage.location)
            effects = [*brought]
    below = extraction.image_below(stage.index)
    on_kept = below is not None and below.kept
    return _Walk(
        stage=stage,
        unknown=_unknown_variables(stage, extraction),
        stored=_stored(below),
        shell=_shell_of(stage, extraction),
        workdir=workdir,
        user=user,
        files=ImageFiles(extraction.context, effects, extraction.node_locks),
        known=KnownPaths(extraction.context, effects, anything=on_kept),
        before=tuple(effects),
        steps=[],
        findings=[],
        environments=set(),
        doings=[],
        brought=brought,
    )


def _unknown_variables(stage: Stage, extraction: _Extraction) -> tuple[str, ...]:
    """The variables that the image at the root of a stage may set to what is not known here; `*` for any.

    Nothing sets none, nor do the images of plain distributions; of Docker's own images of languages the names are known.
    """
    while isinstance(stage.base, StageReference):
        stage = extraction.stages[stage.base.index]
    if not isinstance(stage.base, ImageReference):
        return ()
    known = extraction.catalogue.base_image(stage.base)
    if known is not None and known.exact:
        return ()
    repository = stage.base.repository.removeprefix("library/")
    if repository.rsplit("/", 1)[-1] in _PLAIN_IMAGES:
        return ()
    return _SET_BY_IMAGES.get(repository, ("*",))


def _stored(base: BaseImage | None) -> frozenset[str]:
    """What stands for paths in the store in the variables of a base image (`@temurin-bin-21@`): no text that a file may hold."""
    values = (value for _, value in base.config.env) if base is not None else ()
    return frozenset(found for value in values for found in _STORED.findall(value))


def _shell_of(stage: Stage, extraction: _Extraction) -> str:
    """Which shell /bin/sh is; `sh` when that is not known."""
    while isinstance(stage.base, StageReference):
        stage = extraction.stages[stage.base.index]
    base = extraction.catalogue.base_image(stage.base) if isinstance(stage.base, ImageReference) else None
    return _SHELL_OF.get(base.distribution, "sh") if base is not None else "sh"


def _walk(instruction: ScopedInstruction, walk: _Walk, extraction: _Extraction) -> None:
    match instruction.keyword:
        case "WORKDIR":
            walk.workdir = working_directory(instruction, walk.workdir)
            step = extract_workdir(instruction, walk.stage.index, walk.workdir, walk.user, walk.known)
            walk.add(Outcome((step,)))
        case "ENV":
            walk.findings.extend(secrets_in_environment(instruction))
        case "USER":
            walk.user = instruction.arguments[0] if instruction.arguments else ""
        case "COPY" | "ADD":
            walk.add(_extract_copy(instruction, walk, extraction))
        case "RUN":
            _extract_run(instruction, walk, extraction)


def _extract_copy(
    instruction: ScopedInstruction, walk: _Walk, extraction: _Extraction
) -> Outcome[tuple[Step, ...]]:
    name = instruction.flag("from")
    if name is None:
        return extract_copy(instruction, walk.stage.index, walk.known, walk.workdir)
    walk.certificates = walk.certificates or certificates_wanted(instruction)
    source = source_of(name, extraction.stages)
    if isinstance(source, StageReference):
        if any(_takes_environment(path, source.index, extraction) for path in copied_paths(instruction)):
            walk.environments.update(_chain(extraction.stages, source.index))
        steps = extraction.whole(source.index)
        yard, below = extraction.yard, extraction.image_below(source.index)
        taken = copied_paths(instruction)
        built = yard.products(source.index, below, taken) if _is_replayed_in_part(steps) else None
        return copy_from_stage(instruction, walk.stage.index, steps, walk.known, walk.workdir, built)
    base = extraction.catalogue.base_image(source) if isinstance(source, ImageReference) else None
    if base is None and isinstance(source, ImageReference) and _BARE_WORD.fullmatch(name):
        raise _no_such_stage(name, instruction, extraction.stages)
    taken_over = copy_from_image(
        instruction, walk.stage.index, base, extraction.catalogue, walk.known, walk.workdir
    )
    below = extraction.image_below(walk.stage.index)
    return with_own_programs(taken_over, below.interpreter if below else None, extraction.catalogue)


def _no_such_stage(name: str, instruction: ScopedInstruction, stages: tuple[Stage, ...]) -> DockerfileError:
    """A lone word that is no stage would be an image of Docker Hub's library; as none is known by it, it is a slip of the pen."""
    known = ", ".join(dict.fromkeys(stage.name for stage in stages if stage.name)) or "no stage has a name"
    message = f"--from={name}: no such stage: expected one of them ({known}), or an image with its tag ({name}:latest)"
    place = instruction.location
    return DockerfileError(
        message, path=place.path, line=place.first_line, column=place.first_column, code="D2N101"
    )


def _takes_environment(path: str, index: int, extraction: _Extraction) -> bool:
    """Whether a path of a stage is, or holds, what pip and its kin install into there."""
    links = (effect for step in extraction.whole(index) for effect in step.effects)
    return holds_python_packages(path) or any(
        isinstance(link, Symlink) and link.target == "/bin" and is_below(posixpath.dirname(link.path), path)
        for link in links
    )


def _is_replayed_in_part(steps: tuple[Step, ...]) -> bool:
    """Whether something in a stage has no translation, so that a build may have to stand for it."""
    return any(step.outcome is CommandOutcome.UNRESOLVED for step in steps)


def _extract_run(instruction: ScopedInstruction, walk: _Walk, extraction: _Extraction) -> None:
    at_home = extraction.image_below(walk.stage.index) is not None and walk.user in _ROOT
    items = run_items(
        instruction,
        walk.workdir,
        walk.stage.platform,
        around=dict.fromkeys(walk.unknown) | ({"HOME": "/root"} if at_home else {}),
        stored=walk.stored,
        shell=walk.shell,
    )
    mounts = mounts_of(instruction, walk.workdir)
    shown = shown_files(instruction, mounts, walk.known, lambda copy: _shown_by_copy(copy, walk, extraction))
    before = len(walk.files.effects)
    mounted = tuple(effect for one in shown for effect in one.effects)
    walk.files.effects.extend(mounted)
    known = KnownPaths(extraction.context, walk.files.effects[:before], anything=walk.known.anything)
    for effect in usable(shown):
        walk.known.add(effect)
    below = extraction.image_below(walk.stage.index)
    scene = Scene(
        stage=walk.stage.index,
        catalogue=extraction.catalogue,
        files=walk.files,
        known=walk.known,
        user=walk.user,
        text=_script_text(instruction, walk, extraction),
        builds=walk.builds,
        distribution=below.distribution if below else "",
        platform=walk.stage.platform,
    )
    steps = extract_commands(items.value, scene)
    done = steps.value
    if mounts:
        done = settled(done, tuple(one for one in shown if not one.held), mounts, known)
        walk.files.effects[before:] = [effect for step in done for effect in step.effects]
        walk.known.reset(walk.files.effects)
    findings = items.findings + _empty_arguments(instruction) + mount_findings(instruction, mounts)
    walk.take(Outcome(done, findings + steps.findings), items.value, mounted)


def _shown_by_copy(copy: ScopedInstruction, walk: _Walk, extraction: _Extraction) -> tuple[Effect, ...]:
    """What a COPY from a stage would bring; nothing from an image, whose programs are known where they are used."""
    source = source_of(copy.flag("from") or "", extraction.stages)
    if not isinstance(source, StageReference):
        return ()
    steps = _extract_copy(copy, walk, extraction).value
    if any(step.outcome is CommandOutcome.UNRESOLVED for step in steps):
        return ()
    return tuple(effect for step in steps for effect in step.effects)


def _script_text(instruction: ScopedInstruction, walk: _Walk, extraction: _Extraction) -> RunText | None:
    """The text of a RUN of which parts may become scripts; None in stages that only build, and where secrets are mounted."""
    raw = instruction.instruction
    dialect = shell_dialect(instruction.shell)
    strange = {mount.kind for mount in mounts_of(instruction, walk.workdir)} & {"secret", "ssh"}
    if walk.stage.index not in extraction.image or strange or dialect is None or raw.form is Form.EXEC:
        return None
    source = raw.source
    if raw.heredocs:
        if len(raw.heredocs) > 1 or not _is_one_heredoc(raw):
            return None
        source = raw.heredocs[0].source
    return RunText(
        pieces=pieces_of(source, dialect),
        shell=instruction.shell,
        environment=instruction.environment,
        dash=dialect == "sh" and walk.shell == "dash",
    )


def _is_one_heredoc(raw: Instruction) -> bool:
    """Whether the whole text is the body of one here-document."""
    text = raw.source.text.strip()
    return len(raw.heredocs) == 1 and text.startswith("<<") and len(text.split()) == 1


def run_items(
    instruction: ScopedInstruction,
    workdir: str,
    platform: str,
    *,
    around: Mapping[str, str | None] | None = None,
    stored: frozenset[str] = frozenset(),
    shell: str = "sh",
) -> Outcome[tuple[ShellItem, ...]]:
    """The commands of a RUN (or of a CMD, ENTRYPOINT in either form).

    Args:
        instruction: with the variables in scope.
        workdir: the absolute working directory.
        platform: `linux/amd64` and the like, for `uname -m` and its kin.
        around: variables that the Dockerfile does not set, None for what the base image may set to what is not known; with `*`, any
            that nobody set is unknown, not empty.
        stored: what stands for paths in the store in values of variables: where it does, the value is not known.
        shell: which one /bin/sh is in this image.
    """
    raw = instruction.instruction
    environment = {
        name: None if value and any(mark in value for mark in stored) else value
        for name, value in _known_to_shell(instruction, around or {}).items()
    }
    if raw.form is Form.EXEC:
        arguments = raw.arguments[1:] if raw.keyword == "HEALTHCHECK" else raw.arguments
        return Outcome(
            exec_form_command(
                arguments,
                raw.location,
                environment=environment,
                directory=workdir,
                platform=platform,
            )
        )
    dialect = shell_dialect(instruction.shell)
    if dialect == "sh":
        dialect = shell
    if dialect is None:
        shell = " ".join(instruction.shell)
        text = f"the shell of this instruction is not a POSIX shell: {shell}"
        return Outcome((), (Finding(code="D2N107", message=text, location=raw.location),))
    source, heredocs = raw.source, raw.heredocs
    if raw.keyword == "HEALTHCHECK" and (kind := _CHECK.match(source.text)):
        source = source.cut(kind.end())
    if _is_one_heredoc(raw):
        source, heredocs = heredocs[0].source, ()
    return parse_shell(
        source,
        environment=environment,
        directory=workdir,
        heredocs=heredocs,
        dialect=dialect,
        platform=platform,
    )


def _known_to_shell(
    instruction: ScopedInstruction, around: Mapping[str, str | None]
) -> dict[str, str | None]:
    """The variables of a RUN. A build argument without value is not set, unless the base image may have set that variable."""
    told = dict(around)
    anything = "*" in told or "*" in instruction.environment
    return told | {
        name: value
        for name, value in instruction.environment.items()
        if value is not None or name in told or anything
    }


def _empty_arguments(instruction: ScopedInstruction) -> tuple[Finding, ...]:
    """Build arguments without value that the text of a RUN uses: they are empty, as in Docker."""
    raw = instruction.instruction
    if raw.form is Form.EXEC:
        return ()
    unset = {name for name, value in instruction.environment.items() if value is None}
    sources = (raw.source, *(heredoc.source for heredoc in raw.heredocs)) if unset else ()
    places = {name: place for source in sources for name, place in variable_places(source).items()}
    return tuple(
        Finding(
            code="D2N102",
            message=f"the build argument {name} has no value: it is empty here",
            location=place,
            hint=f"pass --build-arg {name}=VALUE, or give it a default: ARG {name}=VALUE",
            severity_override=Severity.INFO,
        )
        for name, place in places.items()
        if name in unset
    )


def python_sources(done: tuple[StageSteps, ...], chain: tuple[int, ...]) -> frozenset[int]:
    """Positions of the stages whose Python packages the image copies.

    Args:
        done: the steps of the needed stages.
        chain: positions of the stages the image consists of.
    """
    return frozenset(stage for one in done if one.stage in chain for stage in one.environments)


def run_time_programs(stages: tuple[Stage, ...], chain: tuple[int, ...]) -> frozenset[str]:
    """The programs that the image's CMD, ENTRYPOINT and HEALTHCHECK start, as far as they are known.

    Args:
        stages: all stages.
        chain: positions of the stages the image consists of.
    """
    starting = {"CMD", "ENTRYPOINT", "HEALTHCHECK"}
    items = (
        item
        for index in chain
        for instruction in stages[index].instructions
        if instruction.keyword in starting and shell_dialect(instruction.shell)
        for item in run_items(instruction, "/", stages[index].platform).value
    )
    return frozenset(
        (item.program or "").rsplit("/", 1)[-1] for item in items if isinstance(item, ShellCommand)
    )
