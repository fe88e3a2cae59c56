"""A three-way merge, line by line, that knows the text it starts from by its digests alone."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from dock2nix.report.digests import line_digests, split_digests, split_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MOST_LINES = 20_000
MARK = "<<<<<<< CONFLICT"
_HEAD = f"{MARK}: {{count}} below, each between marked lines; keep what is right, then delete the marked lines and this one"


class Region(Struct, frozen=True, kw_only=True):
    """A stretch of three texts as half-open ranges of lines.

    `kind`: `unchanged` in both; changed by `ours` or by `theirs` alone; changed alike by `both`; or a `conflict`.
    """

    kind: Literal["unchanged", "ours", "theirs", "both", "conflict"]
    base: tuple[int, int]
    ours: tuple[int, int]
    theirs: tuple[int, int]


class Merged(Struct, frozen=True, kw_only=True):
    """The merged text; `conflicts` are the 1-based lines in it where a marked conflict begins."""

    text: str
    conflicts: tuple[int, ...] = ()


def merge_texts(base: str, ours: str, theirs: str) -> Merged:
    """What was changed in `ours` and what is new in `theirs`, in one text.

    Args:
        base: the `line_digests` of the text that both come from.
        ours: the text as people have edited it.
        theirs: the text as it is generated now.

    Returns:
        The text. Where both changed the same lines, both versions stand between marked lines, and a marked line at the top sees
        to it that the file is refused by whatever reads it, even where a conflict lies within a string.
    """
    mine, new = split_lines(ours), split_lines(theirs)
    lines: list[str] = []
    conflicts: list[int] = []
    for region in merge_regions(base, ours, theirs):
        if region.kind == "conflict":
            conflicts.append(len(lines) + 2)  # 1-based, below the line at the top
            lines += _marked(len(conflicts), mine[slice(*region.ours)], new[slice(*region.theirs)])
        else:
            lines += mine[slice(*region.ours)] if region.kind == "ours" else new[slice(*region.theirs)]
    head = [_HEAD.format(count=len(conflicts))] if conflicts else []
    return Merged(text="".join(f"{line}\n" for line in [*head, *lines]), conflicts=tuple(conflicts))


def has_conflicts(text: str) -> bool:
    """Whether a text still has marked lines of an earlier merge."""
    return MARK in text and any(line.startswith(MARK) for line in split_lines(text))


def merge_regions(base: str, ours: str, theirs: str) -> tuple[Region, ...]:
    """The three texts in step (the algorithm of diff3: Khanna, Kunal, Pierce 2007); see `merge_texts` for the arguments."""
    olds = split_digests(base)
    mine, new = split_digests(line_digests(ours)), split_digests(line_digests(theirs))
    return tuple(_regions(olds, mine, new))


def _regions(base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> Iterator[Region]:
    in_ours, in_theirs = _places(base, ours), _places(base, theirs)
    stable = [at for at in range(len(base)) if at in in_ours and at in in_theirs]
    done = 0, 0, 0
    for at in stable:
        here = at, in_ours[at], in_theirs[at]
        yield from _between((base, ours, theirs), done, here)
        done = at + 1, in_ours[at] + 1, in_theirs[at] + 1
        yield Region(kind="unchanged", base=(at, done[0]), ours=(here[1], done[1]), theirs=(here[2], done[2]))
    yield from _between((base, ours, theirs), done, (len(base), len(ours), len(theirs)))


def _places(base: Sequence[str], other: Sequence[str]) -> dict[int, int]:
    """Where lines of the one text stand in the other."""
    blocks = SequenceMatcher(None, base, other, autojunk=False).get_matching_blocks()
    return {one.a + step: one.b + step for one in blocks for step in range(one.size)}


_Triple = tuple[int, int, int]


def _between(texts: tuple[Sequence[str], ...], start: _Triple, end: _Triple) -> Iterator[Region]:
    """What lies between two lines that all three have."""
    if start == end:
        return
    base, ours, theirs = (text[first:last] for text, first, last in zip(texts, start, end, strict=True))
    ranges = tuple(zip(start, end, strict=True))
    kind: Literal["ours", "theirs", "both", "conflict"] = "conflict"
    if ours == theirs:
        kind = "both"
    elif base == ours:
        kind = "theirs"
    elif base == theirs:
        kind = "ours"
    yield Region(kind=kind, base=ranges[0], ours=ranges[1], theirs=ranges[2])


def _marked(number: int, mine: list[str], new: list[str]) -> list[str]:
    return [
        f"{MARK} {number}: your edit",
        *mine,
        f"======= CONFLICT {number}: the new conversion",
        *new,
        f">>>>>>> CONFLICT {number}",
    ]
