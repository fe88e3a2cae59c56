"""FROM: the arguments before the first one, and for each stage its name, base and platform."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dock2nix.model.dockerfile import Scratch, StageReference
from dock2nix.parse.expansion import (
    MAXIMUM_FINDINGS,
    place_of,
    refused,
    undeclared_variable,
    unset_argument,
    variable_places,
)
from dock2nix.parse.references import image_reference
from dock2nix.parse.values import parse_platform
from dock2nix.parse.variables import ExpansionError, expand

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dock2nix.model.dockerfile import Base, Instruction
    from dock2nix.model.finding import Finding
    from dock2nix.parse.values import Platform

MAXIMUM_STAGES = 2_000


class Draft(Struct, frozen=True, kw_only=True):
    """A stage before its instructions are expanded.

    `own` are the instructions that stand in it; `triggers` those that the ONBUILD of its base stage bring in before them.
    """

    index: int
    name: str
    base: Base
    platform: Platform
    opening: Instruction
    own: tuple[Instruction, ...]
    triggers: tuple[Instruction, ...]

    @property
    def instructions(self) -> tuple[Instruction, ...]:
        return self.triggers + self.own


def split_stages(
    instructions: Sequence[Instruction],
) -> tuple[tuple[Instruction, ...], tuple[tuple[Instruction, ...], ...]]:
    """The instructions before the first FROM, and those of every stage, its FROM first."""
    starts = [at for at, instruction in enumerate(instructions) if instruction.keyword == "FROM"]
    ends = [*starts[1:], len(instructions)]
    stages = tuple(tuple(instructions[start:end]) for start, end in zip(starts, ends, strict=True))
    return tuple(instructions[: starts[0]]), stages


def stage_name(opening: Instruction) -> str:
    """The name that a FROM gives its stage, in lower case; empty for none."""
    return opening.arguments[2].lower() if len(opening.arguments) > 2 else ""


def platform_arguments(platform: Platform, target: str) -> dict[str, str]:
    """The arguments that BuildKit sets by itself; built on and for the same platform."""
    values = {
        "PLATFORM": str(platform),
        "OS": platform.system,
        "OSVERSION": "",
        "ARCH": platform.architecture,
        "VARIANT": platform.variant,
    }
    named = {f"{side}{name}": value for side in ("BUILD", "TARGET") for name, value in values.items()}
    return {**named, "TARGETSTAGE": target}


class GlobalScope:
    """What FROM can use: the platform's arguments and those of the instructions before the first FROM. Collects findings.

    Raises:
        DockerfileError: BuildKit refuses to expand the default of an argument.

    """

    def __init__(
        self,
        instructions: Sequence[Instruction],
        defaults: Mapping[str, str],
        build_arguments: Mapping[str, str],
        escape: str,
    ) -> None:
        self._build_arguments = build_arguments
        self._escape = escape
        self.values: dict[str, str | None] = {
            name: build_arguments.get(name, value) for name, value in defaults.items()
        }
        self.findings: list[Finding] = []
        for instruction in instructions:
            self._declare(instruction)

    def _declare(self, instruction: Instruction) -> None:
        """ARG before the first FROM."""
        for word in instruction.arguments:
            name, sign, default = word.partition("=")
            value = self._build_arguments.get(name)
            if value is None and sign:
                value = self.expand(default, instruction)
            if value is not None or name not in self.values:
                self.values[name] = value

    def expand(self, word: str, instruction: Instruction) -> str:
        """A word of `instruction` with these arguments.

        Raises:
            DockerfileError: BuildKit refuses to expand it.

        """
        try:
            expansion = expand(word, self.values, escape=self._escape)
        except ExpansionError as error:
            where = place_of(word, instruction.source) or instruction.location
            raise refused(where, f"failed to process {word!r}: {error}") from None
        places = variable_places(instruction.source) if expansion.unset else {}
        for name in expansion.unset:
            finding = unset_argument if name in self.values else undeclared_variable
            if len(self.findings) < MAXIMUM_FINDINGS:
                self.findings.append(finding(name, places.get(name, instruction.location)))
        return expansion.value

    def missing(self, word: str) -> str:
        """What to add to an error about a word: the arguments in it that have no value."""
        unset = expand(word, self.values, escape=self._escape).unset
        return f"; pass {' '.join(f'--build-arg {name}=VALUE' for name in unset)}" if unset else ""


def draft_stages(
    stages: Sequence[Sequence[Instruction]], scope: GlobalScope, platform: Platform
) -> tuple[Draft, ...]:
    """Give every stage its base: an earlier stage, the empty image or an image reference.

    Args:
        stages: the instructions of each stage, FROM first.
        scope: what FROM can use.
        platform: what is built for when a FROM does not say.

    Returns:
        The stages, in order.

    Raises:
        DockerfileError: a FROM without image, or with one that is no image reference, or with an unknown platform.

    """
    if len(stages) > MAXIMUM_STAGES:
        message = f"the file has {len(stages)} stages: expected at most {MAXIMUM_STAGES}"
        raise refused(stages[MAXIMUM_STAGES][0].location, message)
    drafts: list[Draft] = []
    names: dict[str, int] = {}
    for index, (opening, *own) in enumerate(stages):
        base = _base(opening, names, scope)
        own_platform = _platform(opening, scope, platform)
        parent = drafts[base.index] if isinstance(base, StageReference) else None
        draft = Draft(
            index=index,
            name=stage_name(opening),
            base=base,
            platform=parent.platform if parent else own_platform,
            opening=opening,
            own=tuple(own),
            triggers=tuple(_triggers(parent)) if parent else (),
        )
        drafts.append(draft)
        if draft.name:
            names[draft.name] = index
    return tuple(drafts)


def _triggers(parent: Draft) -> Iterator[Instruction]:
    """A stage runs the triggers of the stage it stands on, not those further down."""
    return (instruction.trigger for instruction in parent.own if instruction.trigger is not None)


def _base(opening: Instruction, names: Mapping[str, int], scope: GlobalScope) -> Base:
    written = opening.arguments[0]
    text = scope.expand(written, opening)
    where = place_of(written, opening.source) or opening.location
    if not text:
        message = f"base name ({written}) should not be blank: expected an image{scope.missing(written)}"
        raise refused(where, message)
    # BuildKit wants the exact spelling here, the builder before it did not; no image has a name in upper case.
    stage = names.get(text, names.get(text.lower()))
    if stage is not None:
        return StageReference(index=stage)
    if text == "scratch":
        return Scratch()
    reference = image_reference(text)
    if reference is None:
        shown = repr(text) if text == written else f"{text!r}, from {written}"
        expected = f"expected an image as NAME:TAG{scope.missing(written)}"
        raise refused(where, f"failed to parse stage name {shown}: invalid reference format, {expected}")
    return reference


def _platform(opening: Instruction, scope: GlobalScope, default: Platform) -> Platform:
    written = next((flag.partition("=")[2] for flag in opening.flags), "")
    if not written:
        return default
    text = scope.expand(written, opening)
    platform = parse_platform(text) if text else None
    if platform is None:
        message = f"failed to parse platform {written} ({text!r}): expected OS/ARCHITECTURE as linux/amd64"
        raise refused(opening.location, message)
    return platform
