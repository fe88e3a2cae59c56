"""Shell patterns (`*`, `?`, `[a-z]`) matched in linear time: never by a regular expression made of the pattern."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable

_CLASSES = {
    "alpha": "azAZ",
    "digit": "09",
    "alnum": "azAZ09",
    "upper": "AZ",
    "lower": "az",
    "space": "  \t\r",
    "blank": "  \t\t",
    "punct": "!/:@[`{~",
    "xdigit": "09afAF",
}


class _Bracket(Struct, frozen=True):
    """`[…]`: pairs of first and last character."""

    ranges: tuple[tuple[str, str], ...]
    negated: bool

    def holds(self, character: str) -> bool:
        return any(first <= character <= last for first, last in self.ranges) != self.negated


_Atom = str | _Bracket | None
"""A character, a bracket expression, or None for `?`."""


class Pattern(Struct, frozen=True):
    """`segments` are what stands between the stars: one segment when there is no star."""

    segments: tuple[tuple[_Atom, ...], ...]

    @property
    def literal(self) -> str | None:
        """The text it matches when it matches only one."""
        if len(self.segments) > 1 or not all(isinstance(atom, str) for atom in self.segments[0]):
            return None
        return "".join(atom for atom in self.segments[0] if isinstance(atom, str))

    def matches(self, text: str) -> bool:
        """Whether the whole text matches."""
        first, *middle = self.segments
        if not middle:
            return len(text) == len(first) and _stands(first, text, 0)
        last = middle.pop()
        limit = len(text) - len(last)
        at = self._through(text, 0, middle)
        return at is not None and at <= limit and _stands(last, text, limit)

    def prefix(self, text: str, start: int, *, longest: bool) -> int | None:
        """Where the shortest or longest match that starts at `start` ends."""
        first, *middle = self.segments
        if not middle:
            return start + len(first) if _stands(first, text, start) else None
        last = middle.pop()
        at = self._through(text, start, middle)
        if at is None:
            return None
        places = range(len(text) - len(last), at - 1, -1) if longest else range(at, len(text) - len(last) + 1)
        return next((place + len(last) for place in places if _stands(last, text, place)), None)

    def suffix(self, text: str, *, longest: bool) -> int | None:
        """Where the shortest or longest match that reaches the end starts."""
        backwards = Pattern(tuple(segment[::-1] for segment in self.segments[::-1]))
        length = backwards.prefix(text[::-1], 0, longest=longest)
        return None if length is None else len(text) - length

    def _through(self, text: str, start: int, middle: list[tuple[_Atom, ...]]) -> int | None:
        """Behind the first segment at `start` and the earliest places of the middle ones."""
        if not _stands(self.segments[0], text, start):
            return None
        at = start + len(self.segments[0])
        for segment in middle:
            places = range(at, len(text) - len(segment) + 1)
            found = next((place for place in places if _stands(segment, text, place)), None)
            if found is None:
                return None
            at = found + len(segment)
        return at


def _stands(segment: tuple[_Atom, ...], text: str, at: int) -> bool:
    if at < 0 or at + len(segment) > len(text):
        return False
    return all(_fits(atom, text[at + offset]) for offset, atom in enumerate(segment))


def _fits(atom: _Atom, character: str) -> bool:
    if isinstance(atom, str):
        return atom == character
    return atom is None or atom.holds(character)


def compile_pattern(pieces: Iterable[tuple[str, bool]]) -> Pattern:
    """The pattern written as pieces of (text, whether it is quoted and so means itself)."""
    marked = [(character, quoted) for text, quoted in pieces for character in text]
    segments: list[list[_Atom]] = [[]]
    closed = max((at for at, one in enumerate(marked) if one == ("]", False)), default=0)
    at = 0
    while at < len(marked):
        character, quoted = marked[at]
        at += 1
        if quoted or character not in "*?[" or (character == "[" and at > closed):
            segments[-1].append(character)
        elif character == "*":
            segments.append([])
        elif character == "?":
            segments[-1].append(None)
        else:
            bracket, at = _bracket(marked, at)
            segments[-1].append(bracket)
    return Pattern(tuple(tuple(segment) for segment in segments))


def _bracket(marked: list[tuple[str, bool]], start: int) -> tuple[_Atom, int]:
    """The bracket expression behind its `[`, and where it ends; a `[` that is never closed means itself."""
    at = start
    negated = at < len(marked) and marked[at] in {("!", False), ("^", False)}
    at += negated
    ranges: list[tuple[str, str]] = []
    first = at
    while at < len(marked) and (marked[at] != ("]", False) or at == first):
        named, behind = _named_class(marked, at)
        if named:
            ranges.extend(named)
        elif marked[at + 1 : at + 2] == [("-", False)] and marked[at + 2 : at + 3] not in (
            [],
            [("]", False)],
        ):
            ranges.append((marked[at][0], marked[at + 2][0]))
            behind = at + 3
        else:
            ranges.append((marked[at][0], marked[at][0]))
        at = behind
    if at >= len(marked):
        return "[", start
    return _Bracket(tuple(ranges), negated), at + 1


def _named_class(marked: list[tuple[str, bool]], at: int) -> tuple[list[tuple[str, str]], int]:
    """`[:digit:]` and its like at `at`, with where it ends; nothing and the next offset otherwise."""
    text = "".join(character for character, _ in marked[at : at + 12])
    name, closed, _ = text.removeprefix("[:").partition(":]")
    if not text.startswith("[:") or not closed or name not in _CLASSES:
        return [], at + 1
    pairs = _CLASSES[name]
    return list(zip(pairs[::2], pairs[1::2], strict=True)), at + len(name) + 4
