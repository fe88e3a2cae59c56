"""What an audit looks at, and what it finds."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from dock2nix.model.shell import Certainty, ShellCommand

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dock2nix.audit.downloads import Download
    from dock2nix.catalogue.base import Catalogue
    from dock2nix.model.annotation import Annotation
    from dock2nix.model.dockerfile import ScopedInstruction, Stage
    from dock2nix.model.finding import Finding
    from dock2nix.model.packages import InstallStep
    from dock2nix.model.shell import Invocation, ShellItem
    from dock2nix.model.source import Location
    from dock2nix.model.steps import ResolvedRequirement, Step
    from dock2nix.parse.context import BuildContext
    from dock2nix.report.model import Report


class Command(Struct, frozen=True, kw_only=True):
    """One run of a command that may happen: `position` is that of its `ShellCommand` among the items of the RUN."""

    position: int
    shell: ShellCommand
    invocation: Invocation

    @property
    def name(self) -> str:
        """The program without its folder, "" when it is not known."""
        return (self.invocation.program or "").rsplit("/", 1)[-1]


class Run(Struct, frozen=True, kw_only=True):
    """A RUN instruction as shell commands; `items` is what `parse_shell` returns.

    `commands` are those that may run, in order (what is known never to run is left out); `readers` are the commands that read
    the output of the item at a position, `first` the first run of the command at one.
    """

    stage: int
    instruction: ScopedInstruction
    items: tuple[ShellItem, ...]
    commands: tuple[Command, ...]
    readers: Mapping[int, Command]
    first: Mapping[int, Command]


def run_of(stage: int, instruction: ScopedInstruction, items: tuple[ShellItem, ...]) -> Run:
    """A RUN instruction with what its commands are to each other."""
    commands = tuple(
        Command(position=position, shell=item, invocation=invocation)
        for position, item in enumerate(items)
        if isinstance(item, ShellCommand) and item.certainty is not Certainty.NEVER
        for invocation in item.invocations
    )
    backwards = commands[::-1]
    return Run(
        stage=stage,
        instruction=instruction,
        items=items,
        commands=commands,
        readers={one.shell.stdin_from: one for one in backwards if one.shell.stdin_from is not None},
        first={one.position: one for one in backwards},
    )


class Asked(Struct, frozen=True, kw_only=True):
    """What a command asks of a package manager, and where it stands."""

    step: Step
    install: InstallStep


class Subject(Struct, frozen=True, kw_only=True):
    """A Dockerfile as the rules look at it.

    `froms` are where the stages' base images are named; `scoped` are all instructions behind FROM with the stage they stand in;
    `runs`, `downloads` and `asked` are those of all stages, built or not. `built` are the stages that the image is made with, `chain` those
    whose files it has. `report` tells what the flake makes of it; `fates` are its steps by line and column, `resolved` what became
    of packages by the place and the name they were asked for, `fetched` the hashes of what Nix fetches by line.
    """

    path: str
    stages: tuple[Stage, ...]
    froms: tuple[Location, ...]
    scoped: tuple[tuple[int, ScopedInstruction], ...]
    runs: tuple[Run, ...]
    downloads: tuple[Download, ...]
    asked: tuple[Asked, ...]
    steps: tuple[Step, ...]
    built: frozenset[int]
    chain: tuple[int, ...]
    annotations: tuple[Annotation, ...]
    context: BuildContext
    catalogue: Catalogue
    report: Report
    fates: Mapping[tuple[int, int], Step]
    resolved: Mapping[tuple[int, int, int, str], tuple[ResolvedRequirement, ...]]
    fetched: Mapping[int, tuple[str, ...]]


class Pinning(StrEnum):
    """What becomes of an input in the flake."""

    PINNED = "pinned"  # fetched by its hash, or out of a pinned nixpkgs
    GONE = "gone"  # the flake has no use for it
    OPEN = "open"  # left to a human: nothing pins it yet


class Input(Struct, frozen=True, kw_only=True):
    """Something that comes from outside of the build context. `pinned`: the Dockerfile says exactly which."""

    kind: str
    name: str
    line: int
    pinned: bool
    flake: Pinning


class Audit(Struct, frozen=True, kw_only=True):
    """The result: `path` is what the user called the Dockerfile, the findings are in order of place."""

    path: str
    findings: tuple[Finding, ...]
    inputs: tuple[Input, ...]
