"""The wildcard patterns of `${name#pattern}` and `${name/pattern/text}`: `*` and `?`, matched in linear time."""

from __future__ import annotations

import re

from msgspec import Struct

# A token is a character, or None for `?`.
_Token = str | None


class Pattern(Struct, frozen=True, kw_only=True):
    """The parts of a pattern between its stars; a part matches one text length only, so nothing has to back off."""

    parts: tuple[tuple[_Token, ...], ...]

    def reversed(self) -> Pattern:
        """The pattern for the text read backwards."""
        return Pattern(parts=tuple(part[::-1] for part in self.parts[::-1]))


def parse_pattern(text: str) -> Pattern:
    r"""The pattern that `text` stands for. A backslash takes the meaning from `*`, `?`, `\`, `/` and `}`.

    Raises:
        ValueError: a backslash before anything else, or at the end.

    """
    parts: list[list[_Token]] = [[]]
    characters = iter(text)
    for char in characters:
        if char == "*":
            parts.append([])
            continue
        escaped = next(characters, "") if char == "\\" else None
        if escaped is not None and (not escaped or escaped not in "*?\\/}"):
            raise ValueError(f"invalid pattern ({text}) in substitution: invalid escape '\\{escaped}'")
        parts[-1].append(escaped or (None if char == "?" else char))
    return Pattern(parts=tuple(tuple(part) for part in parts))


def _compiled(part: tuple[_Token, ...]) -> re.Pattern[str]:
    return re.compile("".join("." if token is None else re.escape(token) for token in part), re.DOTALL)


def _last(part: tuple[_Token, ...], text: str, start: int) -> int | None:
    """Where the last occurrence of `part` at or after `start` ends."""
    backwards = _compiled(part[::-1]).search(text[start:][::-1])
    return None if backwards is None else len(text) - backwards.start()


def _end(pattern: Pattern, text: str, start: int, *, longest: bool) -> int | None:
    """Where the shortest or the longest match that starts at `start` ends; None when there is none."""
    first, *others = pattern.parts
    found = _compiled(first).match(text, start)
    if found is None or not others:
        return found.end() if found else None
    for part in others[:-1]:
        found = _compiled(part).search(text, found.end())
        if found is None:
            return None
    if longest:
        return _last(others[-1], text, found.end())
    found = _compiled(others[-1]).search(text, found.end())
    return found.end() if found else None


def trim_prefix(pattern: Pattern, text: str, *, longest: bool) -> str:
    """`text` without the shortest or longest match at its start."""
    end = _end(pattern, text, 0, longest=longest)
    return text if end is None else text[end:]


def trim_suffix(pattern: Pattern, text: str, *, longest: bool) -> str:
    """`text` without the shortest or longest match at its end."""
    return trim_prefix(pattern.reversed(), text[::-1], longest=longest)[::-1]


def _find(pattern: Pattern, text: str, start: int) -> tuple[int, int] | None:
    """The first match at or after `start`, as long as possible.

    The first place where the first part occurs decides: what follows a later one, follows it too.
    """
    found = _compiled(pattern.parts[0]).search(text, start)
    if found is None:
        return None
    end = _end(pattern, text, found.start(), longest=True)
    return None if end is None else (found.start(), end)


def replace(pattern: Pattern, text: str, replacement: str, *, everywhere: bool) -> str:
    """`text` with the first match, or with every match, replaced. An empty match right behind another is none."""
    pieces: list[str] = []
    copied, start, previous = 0, 0, -1
    while start <= len(text) and (match := _find(pattern, text, start)):
        first, end = match
        if end > first or first != previous:
            pieces += (text[copied:first], replacement)
            copied = previous = end
        start = end if end > first else end + 1
        if not everywhere:
            break
    return "".join(pieces) + text[copied:]
