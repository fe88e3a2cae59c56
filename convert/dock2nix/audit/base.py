"""The shape of a rule, and what rules share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dock2nix.audit.model import Subject
    from dock2nix.model.dockerfile import Instruction, ScopedInstruction
    from dock2nix.model.finding import Finding
    from dock2nix.model.packages import Requirement
    from dock2nix.model.source import Location


class Rule(Protocol):
    """One rule: a module of `rules/`.

    `CODE` is the finding code of everything it says, `WHY` tells in a sentence or two what can go wrong, for whoever asks why
    it matters.
    """

    CODE: str
    WHY: str

    def find(self, subject: Subject) -> Iterator[Finding]:
        """The places that break the rule; each finding's `hint` says what the flake does instead."""
        ...


def place_of(instruction: ScopedInstruction, text: str) -> Location:
    """Where a text stands in an instruction; the whole instruction when it does not stand there as it is."""
    return place_in(instruction.instruction, text)


def place_in(instruction: Instruction, text: str) -> Location:
    """`place_of` for an instruction without its scope."""
    at = instruction.source.text.find(text) if text else -1
    return _among_flags(instruction, text) if at < 0 else instruction.source.locate(at, at + len(text))


def _among_flags(instruction: Instruction, text: str) -> Location:
    """Where a text stands on the first line, between the keyword and what `source` holds."""
    place = instruction.location
    at = instruction.original.partition("\n")[0].find(text) if text else -1
    if at < 0:
        return place
    column = place.first_column + at
    return replace(place, first_column=column, last_line=place.first_line, last_column=column + len(text) - 1)


def raw_argument(instruction: ScopedInstruction, value: str) -> str:
    """The argument as written that an expanded one was made of."""
    pairs = zip(instruction.instruction.arguments, instruction.arguments, strict=False)
    return next((raw for raw, expanded in pairs if expanded == value), value)


def listed(names: Iterable[str], limit: int = 4) -> str:
    """`a, b and 3 more`: a few of many names."""
    different = list(dict.fromkeys(names))
    shown = different if len(different) <= limit + 1 else different[:limit]
    more = len(different) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def asked_at(stage: int, requirement: Requirement) -> tuple[int, int, int, str]:
    """What tells one asking for a package from all others."""
    place = requirement.location
    return stage, place.first_line, place.first_column, requirement.name or requirement.url
