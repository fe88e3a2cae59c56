"""Build tools: a module for each, which says what derivation does what a stage builds with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.builders import cargo, composer, dotnet, go, gradle, maven, native, npm, unpinned
from dock2nix.builders.base import Refusal

if TYPE_CHECKING:
    from dock2nix.builders.base import Builder, Built, Work
    from dock2nix.model.shell import Invocation

__all__ = ["BUILDERS", "builder_of", "recognise"]

BUILDERS: tuple[Builder, ...] = (cargo, composer, dotnet, go, gradle, maven, native, npm, unpinned)


def builder_of(run: Invocation) -> Builder | None:
    """The build tool that a command is of; None when it is of none."""
    return next((builder for builder in BUILDERS if native.tool_of(run) in builder.PROGRAMS), None)


def recognise(work: Work) -> tuple[Built, ...] | Refusal:
    """The derivations that do what the calls of a stage do.

    Args:
        work: what the stage does that nothing else translates.

    Returns:
        Why not, when they are not all of one build tool, or that one does not understand them.
    """
    builder = builder_of(work.calls[0])
    for call in work.calls:
        if builder is None or builder_of(call) is not builder:
            return Refusal("", call)
    if builder is None or builder.IN_PLACE:
        return Refusal("", work.calls[0])
    return builder.recognise(work)
