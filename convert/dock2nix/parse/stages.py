"""Instructions to linked stages: FROM, `--target`, `COPY --from`, and every instruction in its scope."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dock2nix.errors import DockerfileError, UsageError
from dock2nix.model.dockerfile import ImageReference, ScopedInstruction, Scratch, Stage, StageReference
from dock2nix.model.finding import Finding, Outcome
from dock2nix.model.source import SourceText
from dock2nix.parse.arguments import split_statement
from dock2nix.parse.bases import GlobalScope, draft_stages, platform_arguments, split_stages, stage_name
from dock2nix.parse.expansion import Expander, refused
from dock2nix.parse.mounts import mount_fields
from dock2nix.parse.references import image_reference
from dock2nix.parse.rules import check_statement
from dock2nix.parse.scope import Scope
from dock2nix.parse.values import parse_platform
from dock2nix.parse.variables import ExpansionError, expand
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from dock2nix.model.dockerfile import Base, Dockerfile, Instruction
    from dock2nix.parse.bases import Draft
    from dock2nix.parse.values import Platform

_INDEX = regex("[+-]?[0-9]{1,9}")


def link_stages(
    dockerfile: Dockerfile,
    *,
    build_arguments: Mapping[str, str],
    platform: str = "linux/amd64",
    target: str = "",
    base_environment: Callable[[ImageReference], Mapping[str, str]] = lambda _: {},
    base_shells: Mapping[ImageReference, tuple[str, ...]] | None = None,
) -> Outcome[tuple[Stage, ...]]:
    """Link the stages of a Dockerfile and expand their instructions as BuildKit does.

    Args:
        dockerfile: the parsed file.
        build_arguments: the `--build-arg` values.
        platform: what is built for, and on.
        target: the stage wanted, by name or number; the last one when empty.
        base_environment: the ENV of a base image; empty when nothing is known of it.
        base_shells: the SHELL of base images that have one of their own.

    Returns:
        All stages in order; in one that the target does not need, words that cannot be expanded stay as written. Findings
        about variables without a value and about ONBUILD, in the stages needed.

    Raises:
        DockerfileError: BuildKit would refuse to link the stages, or to expand those that the target needs.
        UsageError: there is no such target, or no such platform.

    """
    system = _known_platform(platform)
    head, groups = split_stages(dockerfile.instructions)
    defaults = platform_arguments(system, target or stage_name(groups[-1][0]) or "default")
    escape = dockerfile.directives.escape
    outside = GlobalScope(head, defaults, build_arguments, escape)
    drafts = draft_stages(groups, outside, system)
    uses = _all_uses(drafts)
    needs = tuple(_needs(draft, uses[draft.index]) for draft in drafts)
    needed = _closure(needs, _target_index(drafts, target))
    for index in sorted(needed):
        _check_stage(drafts[index], uses[index], escape)
    expander = Expander(escape=escape, build_arguments=build_arguments, global_arguments=outside.values)
    bases = _Bases(environment=base_environment, shells=base_shells or {})
    stages = _expand(drafts, needs, needed, expander, bases)
    return Outcome(stages, _in_order((*outside.findings, *expander.findings)))


def _known_platform(text: str) -> Platform:
    platform = parse_platform(text)
    if platform is None:
        raise UsageError(f"no such platform: {text!r}: expected OS/ARCHITECTURE as linux/amd64")
    return platform


def needed_stages(stages: Sequence[Stage], target: str = "") -> tuple[int, ...]:
    """The numbers of the stages that the target stands on or copies from, itself included, in order.

    Args:
        stages: all stages of a file.
        target: the stage wanted, by name or number; the last one when empty.

    Returns:
        Positions in `stages`.

    Raises:
        UsageError: there is no such target.

    """
    index = _target_index(stages, target)
    return tuple(sorted(_closure(tuple(stage.needs for stage in stages), index)))


def source_of(name: str, stages: Sequence[Stage]) -> Base | None:
    """What `--from=NAME` of COPY or `from=NAME` of a mount means among these stages.

    Args:
        name: the name or number of a stage, `scratch`, or an image reference.
        stages: all stages of a file, already linked.

    Returns:
        The stage, the empty image or the image reference; None when it is none of them.

    """
    names = {stage.name: stage.index for stage in stages if stage.name}
    if name.lower() in names:
        return StageReference(index=names[name.lower()])
    if _INDEX.fullmatch(name):
        return StageReference(index=int(name)) if 0 <= int(name) < len(stages) else None
    return Scratch() if name == "scratch" else image_reference(name)


def _target_index(stages: Sequence[Stage] | Sequence[Draft], target: str) -> int:
    if not target:
        return len(stages) - 1
    named = [stage.index for stage in stages if stage.name and stage.name == target.lower()]
    if named:
        return named[-1]
    if _INDEX.fullmatch(target) and 0 <= int(target) < len(stages):
        return int(target)
    names = ", ".join(stage.name or str(stage.index) for stage in stages)
    raise UsageError(f"target stage {target!r} could not be found: expected one of {names}")


def _closure(needs: Sequence[Sequence[int]], index: int) -> set[int]:
    found = {index}
    waiting = [index]
    while waiting:
        new = set(needs[waiting.pop()]) - found
        found |= new
        waiting += sorted(new)
    return found


def _in_order(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda finding: (finding.location.line, finding.location.column)))


# --- stages that use others ---


class _Use(Struct, frozen=True, kw_only=True):
    """One place where a stage uses another one by name or number."""

    instruction: Instruction
    name: str
    stage: int


def _all_uses(drafts: Sequence[Draft]) -> tuple[tuple[_Use, ...], ...]:
    """For each stage, the stages it copies from or mounts.

    Raises:
        DockerfileError: a number that is no stage's, a name that is no image reference, stages that use each other.

    """
    names = {draft.name: draft.index for draft in drafts if draft.name}
    uses = tuple(tuple(_uses(draft, names, len(drafts))) for draft in drafts)
    _check_circles(drafts, uses)
    return uses


def _uses(draft: Draft, names: Mapping[str, int], count: int) -> Iterator[_Use]:
    for instruction in draft.instructions:
        for name in _sources(instruction):
            stage = _stage_of(name, names, count, instruction)
            if stage is not None:
                yield _Use(instruction=instruction, name=name, stage=stage)


def _sources(instruction: Instruction) -> Iterator[str]:
    """The names behind `COPY --from` and `RUN --mount=…,from=`."""
    for flag in instruction.flags:
        name, _, value = flag.partition("=")
        if instruction.keyword == "COPY" and name == "--from" and value:
            _check_constant(value, instruction)
            yield value
        elif instruction.keyword == "RUN" and name == "--mount":
            yield from (text for key, text in mount_fields(value) if key == "from" and text)


def _check_constant(name: str, instruction: Instruction) -> None:
    try:
        constant = expand(name, {}).value == name
    except ExpansionError:
        constant = False
    if not constant:
        message = (
            f"variable expansion is not supported for --from={name}: "
            "define a new stage with FROM using ARG from global scope as a workaround"
        )
        raise refused(instruction.location, message)


def _stage_of(name: str, names: Mapping[str, int], count: int, instruction: Instruction) -> int | None:
    """The stage of that name or number; None for an image. A name means its last stage, wherever that stands."""
    if name.lower() in names:
        return names[name.lower()]
    if _INDEX.fullmatch(name):
        if 0 <= int(name) < count:
            return int(name)
        message = f"invalid stage index {name}: expected a number from 0 to {count - 1}, or a name"
        raise refused(instruction.location, message)
    if name != "scratch" and image_reference(name) is None:
        message = f"failed to parse stage name {name!r}: expected the name or number of a stage, or an image"
        raise refused(instruction.location, message)
    return None


def _needs(draft: Draft, uses: Sequence[_Use]) -> tuple[int, ...]:
    base = {draft.base.index} if isinstance(draft.base, StageReference) else set()
    return tuple(sorted(base | {use.stage for use in uses}))


def _check_circles(drafts: Sequence[Draft], uses: Sequence[Sequence[_Use]]) -> None:
    """Refuse the first instruction that closes a circle of stages."""
    done: set[int] = set()
    for start in range(len(drafts)):
        path = [start]
        on_path = {start}
        waiting = [iter(uses[start] if start not in done else ())]
        while path:
            use = next(waiting[-1], None)
            if use is None:
                waiting.pop()
                on_path.discard(path[-1])
                done.add(path.pop())
            elif use.stage in on_path:
                raise _circle(drafts[path[-1]], use)
            elif use.stage not in done:
                path.append(use.stage)
                on_path.add(use.stage)
                waiting.append(iter(uses[use.stage]))


def _circle(draft: Draft, use: _Use) -> DockerfileError:
    name = draft.name or f"stage-{draft.index}"
    message = f"circular dependency detected on stage: {name} uses {use.name}: expected an earlier stage"
    return refused(use.instruction.location, message)


def _check_stage(draft: Draft, uses: Sequence[_Use], escape: str) -> None:
    """What BuildKit checks of a stage only when it builds it: triggers, and that what it uses comes before it."""
    for trigger in draft.triggers:
        _check_trigger(trigger, escape)
    for use in uses:
        if use.stage >= draft.index:
            verb = "copy" if use.instruction.keyword == "COPY" else "mount"
            name = draft.name or f"stage-{draft.index}"
            message = (
                f"cannot {verb} from stage {use.name!r}, it needs to be defined before current stage {name!r}"
            )
            raise refused(use.instruction.location, message)


def _check_trigger(trigger: Instruction, escape: str) -> None:
    place = trigger.location
    line = trigger.original.partition("\n")[0]
    source = SourceText.at(place.path, line, line=place.line, column=place.column)
    check_statement(split_statement(source, escape))


# --- scopes ---


class _Bases(Struct, frozen=True, kw_only=True):
    """What base images leave to the stages on them: ENV, and SHELL where it is not the usual one."""

    environment: Callable[[ImageReference], Mapping[str, str]]
    shells: Mapping[ImageReference, tuple[str, ...]]


def _expand(
    drafts: Sequence[Draft],
    needs: Sequence[tuple[int, ...]],
    needed: set[int],
    expander: Expander,
    bases: _Bases,
) -> tuple[Stage, ...]:
    scopes: list[Scope] = []
    stages: list[Stage] = []
    silent = replace(expander, findings=[])
    for draft in drafts:
        scope = _first_scope(draft, scopes, bases)
        scopes.append(scope)
        is_needed = draft.index in needed
        expanded = (
            _expand_needed(expander, it, scope) if is_needed else _expand_leniently(silent, it, scope)
            for it in draft.instructions
        )
        stage = Stage(
            index=draft.index,
            name=draft.name,
            base=draft.base,
            platform=str(draft.platform),
            location=draft.opening.location,
            instructions=tuple(expanded),
            needs=needs[draft.index],
        )
        stages.append(stage)
    return tuple(stages)


def _first_scope(draft: Draft, scopes: Sequence[Scope], bases: _Bases) -> Scope:
    """What the base leaves to a stage: an earlier stage its variables, arguments and SHELL, an image its ENV."""
    if isinstance(draft.base, StageReference):
        return Scope(base=scopes[draft.base.index])
    windows = draft.platform.system == "windows"
    if not isinstance(draft.base, ImageReference):
        return Scope.of_image({}, windows=windows)
    return Scope.of_image(
        bases.environment(draft.base), windows=windows, shell=bases.shells.get(draft.base, ())
    )


def _expand_needed(expander: Expander, instruction: Instruction, scope: Scope) -> ScopedInstruction:
    if instruction.keyword == "ONBUILD":
        expander.report(_onbuild_finding(instruction))
    return expander.expand(instruction, scope)


def _expand_leniently(silent: Expander, instruction: Instruction, scope: Scope) -> ScopedInstruction:
    """BuildKit does not look at a stage that the target does not need: whatever is wrong in it, is nobody's concern."""
    environment, names, shell = scope.environment, scope.environment_names, scope.shell
    try:
        return silent.expand(instruction, scope)
    except DockerfileError:
        return ScopedInstruction(
            instruction=instruction,
            arguments=instruction.arguments,
            flags=instruction.flags,
            environment=environment,
            environment_names=names,
            shell=shell,
        )


def _onbuild_finding(instruction: Instruction) -> Finding:
    message = "ONBUILD acts when another image is built from this one: it does nothing in this image"
    return Finding(code="D2N109", message=message, location=instruction.location)
