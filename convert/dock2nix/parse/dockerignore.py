"""The patterns of `.dockerignore` and of `COPY --exclude`, read and applied as BuildKit does (moby/patternmatcher)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dock2nix.parse.wildcards import PatternError, Wildcard, compile_wildcard
from dock2nix.paths import normal_path

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONGEST_LINE = 65_536  # longer lines make BuildKit's scanner fail


class IgnorePattern(Struct, frozen=True, kw_only=True):
    """One pattern.

    `pattern` is the cleaned path, without the `!` of an exception (`negated`) and without a leading slash; `line` is where it
    stands, 1-based. `regex` is the same as a POSIX extended regular expression for whole paths, `literal` the only path it can
    match (None: it has wildcards).
    """

    pattern: str
    negated: bool
    line: int
    wildcard: Wildcard

    @property
    def regex(self) -> str:
        return self.wildcard.regex

    @property
    def literal(self) -> str | None:
        return self.wildcard.literal

    def matches(self, path: str) -> bool:
        """Whether the pattern matches this very path; what lies below a match is `IgnoreState`'s business."""
        return self.wildcard.matches(path)


class IgnoreState(Struct, frozen=True, kw_only=True):
    """What the patterns say of one path: is it `ignored`, and which of them matched it or a folder above it (`hits`).

    BuildKit walks the tree with this state, so it matters where a pattern was tried: an exception is tried only on paths that
    are ignored at that point, another pattern only on those that are not.
    """

    ignored: bool
    hits: tuple[bool, ...]


def clean_path(path: str) -> str:
    """`path` as Go's `filepath.Clean` leaves it: no `//`, `/./`, `/../`, no trailing slash; "" becomes `.`."""
    cleaned = normal_path(path) if path else "."
    return "/" + cleaned.lstrip("/") if cleaned.startswith("/") else cleaned


def read_patterns(text: str) -> tuple[IgnorePattern, ...]:
    """The patterns of a `.dockerignore`, in order; malformed ones are left out (see `malformed_patterns`).

    Args:
        text: the file's text; a byte order mark, comments (`#` in the first column) and blank lines are skipped.

    """
    return tuple(found for _, found in _read(text) if isinstance(found, IgnorePattern))


def malformed_patterns(text: str) -> tuple[tuple[int, str], ...]:
    """`(line, what is wrong)` of the patterns for which BuildKit would refuse the whole file."""
    return tuple((line, str(found)) for line, found in _read(text) if isinstance(found, PatternError))


def exclude_patterns(values: Iterable[str]) -> tuple[IgnorePattern, ...]:
    """The patterns of `--exclude` flags, in order; they are relative to the folder copied. `line` is 0.

    Raises:
        PatternError: one of them is malformed.

    """
    return tuple(_compile(value.strip(), line=0) for value in values if value.strip())


def descend(patterns: tuple[IgnorePattern, ...], path: str, parent: IgnoreState) -> IgnoreState:
    """The state of `path`, given that of the folder it is in (`top_state` for the context itself).

    Args:
        patterns: as `read_patterns` gave them.
        path: cleaned path below the context, without leading slash.
        parent: the state of its folder.

    """
    ignored = False
    hits = []
    for pattern, above in zip(patterns, parent.hits, strict=True):
        hit = above or (pattern.negated == ignored and pattern.matches(path))
        ignored = not pattern.negated if hit else ignored
        hits.append(hit)
    return IgnoreState(ignored=ignored, hits=tuple(hits))


def top_state(patterns: tuple[IgnorePattern, ...]) -> IgnoreState:
    """The state of the context itself, which nothing can exclude."""
    return IgnoreState(ignored=False, hits=(False,) * len(patterns))


def is_ignored(patterns: tuple[IgnorePattern, ...], path: str) -> bool:
    """Whether a file at `path` (cleaned, below the context) would be kept out of the build context."""
    state = top_state(patterns)
    names = path.split("/")
    for count in range(1, len(names) + 1):
        state = descend(patterns, "/".join(names[:count]), state)
    return state.ignored


def _read(text: str) -> list[tuple[int, IgnorePattern | PatternError]]:
    found: list[tuple[int, IgnorePattern | PatternError]] = []
    for line, raw in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        stripped = raw.strip()
        if not stripped or raw.startswith("#"):
            continue
        try:
            found.append((line, _parse_line(stripped, line)))
        except PatternError as error:
            found.append((line, error))
    return found


def _parse_line(text: str, line: int) -> IgnorePattern:
    if len(text) > _LONGEST_LINE:
        raise PatternError("the line is too long")
    mark = "!" * text.startswith("!")
    body = text.removeprefix("!").strip()
    cleaned = clean_path(body) if body else ""
    return _compile(mark + (cleaned.removeprefix("/") or cleaned), line=line)


def _compile(text: str, *, line: int) -> IgnorePattern:
    cleaned = clean_path(text)
    pattern = cleaned.removeprefix("!")
    if not pattern:
        raise PatternError("an exception without a pattern")
    return IgnorePattern(
        pattern=pattern, negated=cleaned != pattern, line=line, wildcard=compile_wildcard(pattern)
    )
