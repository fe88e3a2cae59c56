"""Instructions to steps: what each command asks for and does."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dock2nix.extract.commands import Scene, extract_commands
from dock2nix.extract.files import ImageFiles
from dock2nix.extract.instructions import (
    ROOTS,
    extract_copy,
    extract_workdir,
    short_text,
    with_login_group,
    working_directory,
)
from dock2nix.extract.paths import KnownPaths, settle
from dock2nix.model.dockerfile import Form, ImageReference, StageReference
from dock2nix.model.finding import Finding, Outcome
from dock2nix.model.image import ContextSource, CopyFiles, MakeDirectory, SetOwner, Symlink, WriteFile
from dock2nix.model.shell import ShellCommand
from dock2nix.parse.shell import exec_form_command, parse_shell, shell_dialect

if TYPE_CHECKING:
    from dock2nix.catalogue.base import Catalogue
    from dock2nix.model.dockerfile import ScopedInstruction, Stage
    from dock2nix.model.image import Effect
    from dock2nix.model.shell import ShellItem
    from dock2nix.model.steps import Step
    from dock2nix.parse.context import BuildContext

__all__ = ["StageSteps", "extract", "run_items", "run_time_programs"]

_MAKERS = (MakeDirectory, WriteFile, Symlink)


class StageSteps(Struct, frozen=True, kw_only=True):
    """The steps of one stage, and where and as whom the stage ends (a stage that stands on it starts there)."""

    stage: int
    steps: tuple[Step, ...]
    workdir: str
    user: str

    @property
    def effects(self) -> tuple[Effect, ...]:
        return tuple(effect for step in self.steps for effect in step.effects)


class _Progress(Struct):
    """How far the walk through a stage has come."""

    workdir: str
    user: str
    inherited: tuple[Effect, ...]
    steps: list[Step]
    findings: list[Finding]

    @property
    def effects(self) -> tuple[Effect, ...]:
        return self.inherited + tuple(effect for step in self.steps for effect in step.effects)

    def add(self, outcome: Outcome[tuple[Step, ...]]) -> None:
        self.steps.extend(outcome.value)
        self.findings.extend(outcome.findings)


def extract(
    stages: tuple[Stage, ...],
    needed: tuple[int, ...],
    context: BuildContext,
    catalogue: Catalogue,
) -> Outcome[tuple[StageSteps, ...]]:
    """What the commands of the needed stages ask for and do.

    Args:
        stages: all stages of the file.
        needed: positions of the stages that the target is built from, ascending.
        context: the build context.
        catalogue: for the commands that have no effect.

    Returns:
        One `StageSteps` for each needed stage, in order. Every command of every RUN is in exactly one step.
    """
    done: dict[int, StageSteps] = {}
    findings: list[Finding] = []
    inherited: dict[int, tuple[Effect, ...]] = {}
    for index in needed:
        stage = stages[index]
        parent = done.get(stage.base.index) if isinstance(stage.base, StageReference) else None
        before = inherited.get(parent.stage, ()) + parent.effects if parent else ()
        inherited[index] = before
        progress = _start(stage, parent, before, catalogue)
        for instruction in stage.instructions:
            _walk(instruction, stage, progress, context, catalogue)
        done[index] = StageSteps(
            stage=index, steps=tuple(progress.steps), workdir=progress.workdir, user=progress.user
        )
        findings += progress.findings
    return Outcome(tuple(done[index] for index in needed), tuple(findings))


def _start(
    stage: Stage, parent: StageSteps | None, before: tuple[Effect, ...], catalogue: Catalogue
) -> _Progress:
    workdir, user = (parent.workdir, parent.user) if parent else ("/", "")
    if isinstance(stage.base, ImageReference):
        known = catalogue.base_image(stage.base)
        if known:
            workdir, user = known.config.working_dir or "/", known.config.user
    return _Progress(workdir=workdir, user=user, inherited=before, steps=[], findings=[])


def _walk(
    instruction: ScopedInstruction,
    stage: Stage,
    progress: _Progress,
    context: BuildContext,
    catalogue: Catalogue,
) -> None:
    match instruction.keyword:
        case "WORKDIR":
            progress.workdir = working_directory(instruction, progress.workdir)
            known = KnownPaths(context, progress.effects)
            progress.steps.append(
                extract_workdir(instruction, stage.index, progress.workdir, progress.user, known)
            )
        case "USER":
            progress.user = instruction.arguments[0] if instruction.arguments else ""
        case "COPY" | "ADD":
            progress.add(
                extract_copy(
                    instruction, stage.index, KnownPaths(context, progress.effects), progress.workdir
                )
            )
        case "RUN":
            progress.add(_extract_run(instruction, stage, progress, context, catalogue))


def _extract_run(
    instruction: ScopedInstruction,
    stage: Stage,
    progress: _Progress,
    context: BuildContext,
    catalogue: Catalogue,
) -> Outcome[tuple[Step, ...]]:
    items = run_items(instruction, progress.workdir, stage.platform)
    mounted = _mounted_files(instruction, context, progress.workdir)
    scene = Scene(
        stage=stage.index,
        catalogue=catalogue,
        files=ImageFiles(context, progress.effects + mounted),
        known=KnownPaths(context, progress.effects),
    )
    steps = extract_commands(items.value, scene)
    settled: list[Step] = []
    for step in steps.value:
        done = tuple(effect for earlier in settled for effect in earlier.effects)
        known = KnownPaths(context, progress.effects + done)
        settled.append(_owned_by(settle(step, known) if step.effects else step, progress.user))
    return Outcome(tuple(settled), items.findings + _mount_findings(instruction) + steps.findings)


def run_items(instruction: ScopedInstruction, workdir: str, platform: str) -> Outcome[tuple[ShellItem, ...]]:
    """The commands of a RUN (or of a CMD, ENTRYPOINT in either form).

    Args:
        instruction: with the variables in scope.
        workdir: the absolute working directory.
        platform: `linux/amd64` and the like, for `uname -m` and its kin.
    """
    raw = instruction.instruction
    if raw.form is Form.EXEC:
        arguments = raw.arguments[1:] if raw.keyword == "HEALTHCHECK" else raw.arguments
        return Outcome(
            exec_form_command(
                arguments,
                raw.location,
                environment=instruction.environment,
                directory=workdir,
                platform=platform,
            )
        )
    dialect = shell_dialect(instruction.shell)
    if dialect is None:
        shell = " ".join(instruction.shell)
        text = f"the shell of this instruction is not a POSIX shell: {shell}"
        return Outcome((), (Finding(code="D2N107", message=text, location=raw.location),))
    source, heredocs = raw.source, raw.heredocs
    if len(heredocs) == 1 and source.text.strip().startswith("<<") and len(source.text.split()) == 1:
        source, heredocs = heredocs[0].source, ()
    return parse_shell(
        source,
        environment=instruction.environment,
        directory=workdir,
        heredocs=heredocs,
        dialect=dialect,
        platform=platform,
    )


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


def _owned_by(step: Step, user: str) -> Step:
    """What a command makes belongs to the USER that runs it."""
    if user in ROOTS:
        return step
    effects: list[Effect] = []
    for effect in step.effects:
        effects.append(effect)
        if isinstance(effect, _MAKERS):
            effects.append(
                SetOwner(
                    path=effect.path, owner=with_login_group(user), location=effect.location, text=effect.text
                )
            )
    return replace(step, effects=tuple(effects))


def _mounts(instruction: ScopedInstruction) -> tuple[dict[str, str], ...]:
    texts = (flag.removeprefix("--mount=") for flag in instruction.flags if flag.startswith("--mount="))
    return tuple(dict(part.partition("=")[::2] for part in text.split(",")) for text in texts)


def _mounted_files(instruction: ScopedInstruction, context: BuildContext, workdir: str) -> tuple[Effect, ...]:
    """Files of the context that a bind mount shows to this RUN alone."""
    effects: list[Effect] = []
    for mount in _mounts(instruction):
        if mount.get("type", "bind") != "bind" or "from" in mount:
            continue
        target = mount.get("target") or mount.get("dst") or mount.get("destination") or ""
        source = posixpath.normpath(mount.get("source") or mount.get("src") or ".").lstrip("/")
        source = "" if source == "." else source
        if not target or source.startswith(".."):
            continue
        found = ContextSource(
            path=source,
            destination=posixpath.normpath(posixpath.join(workdir, target)),
            directory=context.is_directory(source),
        )
        effects.append(
            CopyFiles(sources=(found,), location=instruction.location, text=short_text(instruction))
        )
    return tuple(effects)


def _mount_findings(instruction: ScopedInstruction) -> tuple[Finding, ...]:
    texts = {
        "secret": ("D2N306", "a secret mount cannot be honoured: Nix builds have no secrets"),
        "ssh": ("D2N306", "an ssh mount cannot be honoured: Nix builds have no agent"),
        "cache": ("D2N305", "a cache mount has no meaning for the result"),
        "tmpfs": ("D2N305", "a tmpfs mount has no meaning for the result"),
    }
    kinds = (mount.get("type", "bind") for mount in _mounts(instruction))
    return tuple(
        Finding(code=texts[kind][0], message=texts[kind][1], location=instruction.location)
        for kind in kinds
        if kind in texts
    )
