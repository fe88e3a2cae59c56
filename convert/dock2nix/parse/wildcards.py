"""Wildcard patterns of Go's `filepath.Match`, with `**`: checked, matched in linear time, printed as regular expressions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Iterable

_SPECIAL_IN_REGEX = frozenset("\\.^$*+?()[{|")  # POSIX leaves `\\]` and `\\}` undefined
_AWKWARD = frozenset("]^-[")
_FIRST_BEYOND_ASCII = "\x80"
_LAST_CHARACTER = chr(0x10FFFF)
_LARGEST_SET = 1000


class PatternError(ValueError):
    """The pattern is malformed: Go's `filepath.Match` refuses it, and so does BuildKit."""


class CharacterSet(Struct, frozen=True, kw_only=True):
    """The characters within (or, `negated`, outside) some ranges; both ends belong to a range."""

    ranges: tuple[tuple[str, str], ...]
    negated: bool = False

    def accepts(self, char: str) -> bool:
        return any(first <= char <= last for first, last in self.ranges) != self.negated

    @property
    def single(self) -> str:
        """The one character of the set, "" when there may be others."""
        if self.negated or len(self.ranges) != 1 or self.ranges[0][0] != self.ranges[0][1]:
            return ""
        return self.ranges[0][0]


_NOT_SLASH = CharacterSet(ranges=(("/", "/"),), negated=True)
_SLASH = CharacterSet(ranges=(("/", "/"),))
_ANY = CharacterSet(ranges=(("\0", _LAST_CHARACTER),))


class _State(Struct, frozen=True, kw_only=True):
    """A state of the automaton: what leads to the next one, what stays here, how far on it goes for nothing."""

    advance: CharacterSet | None = None
    loop: CharacterSet | None = None
    skips: tuple[int, ...] = ()
    regex: str


_STAR = (_State(loop=_NOT_SLASH, skips=(1,), regex="[^/]*"),)
_EVERYTHING = (_State(loop=_ANY, skips=(1,), regex=".*"),)
_FOLDERS = (_State(skips=(1, 2), regex="(.*/)?"), _State(loop=_ANY, advance=_SLASH, regex=""))


class Wildcard(Struct, frozen=True, kw_only=True):
    """A compiled pattern. `regex` is the same as a POSIX extended regular expression for whole paths.

    `literal` is the only path that it matches, None when there may be several. Matching runs the pattern's automaton on bit
    sets, so its time is the product of the two lengths at worst, whatever the pattern.
    """

    states: tuple[_State, ...]
    regex: str
    literal: str | None
    _masks: dict[str, tuple[int, int]] = field(default_factory=dict)

    def matches(self, path: str) -> bool:
        """Whether the whole of `path` is matched."""
        if self.literal is not None:
            return path == self.literal
        at = self._spread(1)
        for char in path:
            advance, loop = self._masks.get(char) or self._mask(char)
            at = self._spread((at & advance) << 1 | at & loop)
            if not at:
                return False
        return bool(at >> len(self.states) & 1)

    def _mask(self, char: str) -> tuple[int, int]:
        advance = _bits(s.advance is not None and s.advance.accepts(char) for s in self.states)
        loop = _bits(s.loop is not None and s.loop.accepts(char) for s in self.states)
        self._masks[char] = (advance, loop)
        return advance, loop

    def _spread(self, at: int) -> int:
        """`at` with the states that are reached from it without reading a character."""
        one, two = self._masks.get("") or self._skip_masks()
        grown = at | (at & one) << 1 | (at & two) << 2
        while grown != at:
            at, grown = grown, grown | (grown & one) << 1 | (grown & two) << 2
        return at

    def _skip_masks(self) -> tuple[int, int]:
        masks = (_bits(1 in s.skips for s in self.states), _bits(2 in s.skips for s in self.states))
        self._masks[""] = masks
        return masks


def compile_wildcard(pattern: str, *, double_star: bool = True) -> Wildcard:
    """Compile a pattern: `*`, `?`, `[a-z]`, `[^a-z]` and a backslash as in Go's `filepath.Match`, and `**`.

    `**/` stands for any number of folders, none included, `**` at the end for anything, and a leading `**` before plain text
    for anything that ends so, as in moby/patternmatcher.

    Args:
        pattern: a cleaned path with wildcards.
        double_star: give `**` its meaning; else it is twice `*`, as it is for COPY.

    Raises:
        PatternError: an unfinished bracket expression, a reversed range, or a lone backslash at the end.

    """
    states: list[_State] = []
    at = 0
    while at < len(pattern):
        if double_star and pattern.startswith("**", at):
            found, at = _double_star(pattern, at)
            states.extend(() if states[-len(found) :] == list(found) else found)
        else:
            state, at = _one_state(pattern, at)
            states.append(state)
    return Wildcard(
        states=tuple(states), regex="".join(state.regex for state in states), literal=_literal(states)
    )


def has_wildcard(text: str) -> bool:
    """Whether `text` holds an unescaped `*`, `?` or `[`."""
    escaped = False
    for char in text:
        if not escaped and char in "*?[":
            return True
        escaped = char == "\\" and not escaped
    return False


def regex_literal(text: str) -> str:
    """`text` as a POSIX extended regular expression that matches it and nothing else."""
    return "".join("\\" + char if char in _SPECIAL_IN_REGEX else char for char in text)


def _bits(flags: Iterable[bool]) -> int:
    return sum(1 << at for at, flag in enumerate(flags) if flag)


def _literal(states: list[_State]) -> str | None:
    singles = [state.advance.single if state.advance and not state.loop else "" for state in states]
    return "".join(singles) if all(singles) else None


def _double_star(pattern: str, at: int) -> tuple[tuple[_State, ...], int]:
    """The states for the `**` that stands at `at`, and where the pattern goes on."""
    after = at + 2
    slash = pattern.startswith("/", after)
    after += slash
    plain_rest = not any(char in "*?[]\\" for char in pattern[after:])
    if after >= len(pattern) or (at == 0 and not slash and plain_rest):
        return _EVERYTHING, after
    return _FOLDERS, after


def _one_state(pattern: str, at: int) -> tuple[_State, int]:
    """The state for the character, wildcard or bracket expression at `at`, and where the pattern goes on."""
    char = pattern[at]
    if char == "*":
        return _STAR[0], at + 1
    if char == "?":
        return _State(advance=_NOT_SLASH, regex="[^/]"), at + 1
    if char == "[":
        characters, after = _bracket(pattern, at + 1)
        return _State(advance=characters, regex=_set_regex(characters)), after
    char, after = _character(pattern, at) if char == "\\" else (char, at + 1)
    characters = CharacterSet(ranges=((char, char),))
    return _State(advance=characters, regex=regex_literal(char)), after


def _bracket(pattern: str, at: int) -> tuple[CharacterSet, int]:
    """The bracket expression whose text starts at `at`, and where the pattern goes on behind it.

    `filepath.Match` would have every `-` and `]` inside escaped, but BuildKit mostly asks a regular expression instead.
    """
    negated = pattern.startswith("^", at)
    at += negated
    ranges: list[tuple[str, str]] = []
    while not (ranges and pattern.startswith("]", at)):
        first, at = _character(pattern, at)
        last = first
        if pattern.startswith("-", at) and not pattern.startswith("-]", at):
            last, at = _character(pattern, at + 1)
        if first > last:
            raise PatternError(f"bad range in pattern {pattern!r}")
        ranges.append((first, last))
    return CharacterSet(ranges=tuple(ranges), negated=negated), at + 1


def _character(pattern: str, at: int) -> tuple[str, int]:
    """The character at `at`, the one behind it if it is a backslash."""
    at += pattern.startswith("\\", at)
    if at >= len(pattern):
        raise PatternError(f"unfinished bracket or backslash in pattern {pattern!r}")
    return pattern[at], at + 1


def _set_regex(characters: CharacterSet) -> str:
    """The set as a regular expression for the bytes of UTF-8, which is how Nix matches."""
    if characters.single:
        return regex_literal(characters.single)
    if max(last for _, last in characters.ranges) < _FIRST_BEYOND_ASCII:
        return _ascii_bracket(characters)
    if characters.negated or sum(ord(last) - ord(first) for first, last in characters.ranges) > _LARGEST_SET:
        raise PatternError("a bracket expression with too many characters beyond ASCII")
    members = sorted({char for pair in characters.ranges for char in _members(pair)})
    return f"({'|'.join(regex_literal(char) for char in members)})"


def _ascii_bracket(characters: CharacterSet) -> str:
    """A bracket expression; POSIX wants `]` first, `^` not first and `-` last in it, and knows no escapes."""
    plain = [pair for pair in characters.ranges if pair[0] != pair[1] and _AWKWARD.isdisjoint(pair)]
    singles = {char for pair in characters.ranges if pair not in plain for char in _members(pair)}
    middle = "".join(f"{first}-{last}" for first, last in plain) + "".join(sorted(singles - _AWKWARD))
    awkward = "".join(char for char in "[^-" if char in singles)
    inner = "]" * ("]" in singles) + middle + awkward
    if inner == "^-" and not characters.negated:
        inner = "-^"
    return f"[{'^' * characters.negated}{inner}]"


def _members(pair: tuple[str, str]) -> list[str]:
    return [chr(code) for code in range(ord(pair[0]), ord(pair[1]) + 1)]
