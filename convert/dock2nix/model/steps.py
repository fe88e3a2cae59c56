"""The commands of the RUN instructions, each with what became of it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from dock2nix.model.image import Effect
    from dock2nix.model.packages import InstallStep, Requirement, Resolution
    from dock2nix.model.source import Location


class CommandOutcome(StrEnum):
    """What became of a command."""

    TRANSLATED = "translated"  # its effect is in the Nix files
    NOT_NEEDED = "not-needed"  # it has no effect on the image
    SCRIPT = "script"  # it runs inside the build, offline
    UNRESOLVED = "unresolved"  # left to a human


class RequirementOutcome(StrEnum):
    """What became of a package that was asked for."""

    NIXPKGS = "nixpkgs"
    LOCKED = "locked"
    NOT_NEEDED = "not-needed"
    BUILD_ONLY = "build-only"
    UNRESOLVED = "unresolved"


class Step(Struct, frozen=True, kw_only=True):
    """One command of the source with what it means for the image.

    `installs` are the package manager's doings (one an invocation that differs); `effects` what it does to files and users, in
    order. `conditional` is true when a condition that cannot be known decides whether it runs.
    """

    stage: int
    program: str
    text: str
    location: Location
    outcome: CommandOutcome
    reason: str = ""
    installs: tuple[InstallStep, ...] = ()
    effects: tuple[Effect, ...] = ()
    conditional: bool = False


class ResolvedRequirement(Struct, frozen=True, kw_only=True):
    """A requirement with its resolutions: several when one name stands for several packages (build-essential)."""

    stage: int
    requirement: Requirement
    resolutions: tuple[Resolution, ...]
    outcome: RequirementOutcome
    reason: str = ""
