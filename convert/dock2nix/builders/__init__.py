"""Build tools: a module for each, which says what derivation does what a stage builds with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.builders import cargo, go, maven, npm
from dock2nix.builders.base import Refusal, program_of

if TYPE_CHECKING:
    from dock2nix.builders.base import Builder, Built, Work

__all__ = ["BUILDERS", "recognise"]

BUILDERS: tuple[Builder, ...] = (cargo, go, maven, npm)


def recognise(work: Work) -> tuple[Built, ...] | Refusal:
    """The derivations that do what the calls of a stage do.

    Args:
        work: what the stage does that nothing else translates.

    Returns:
        Why not, when they are not all of one build tool, or that one does not understand them.
    """
    for builder in BUILDERS:
        if program_of(work.calls[0]) in builder.PROGRAMS:
            for call in work.calls:
                if program_of(call) not in builder.PROGRAMS:
                    return Refusal("", call)
            return builder.recognise(work)
    return Refusal("", work.calls[0])
