"""Texts that differ only in what they say of lines of the Dockerfile: remarks, and the numbers in names of bindings."""

from __future__ import annotations

from itertools import zip_longest

from dock2nix.regex import regex
from dock2nix.report.digests import line_digests, split_digests, split_lines

# ` # 14: COPY . .`, ` # 4`
_REMARK = regex(r"(?:^|\s+)# (?:UNRESOLVED )?[0-9]+(?:: .*)?$", 8)
_NUMBERED = regex(r"\b[A-Za-z]+[0-9]+(?:_[0-9]+)?\b")
_NAME = regex(r"^  ([A-Za-z]+[0-9]+(?:_[0-9]+)?) =", 8)


def same_but_for_lines(old: str, new: str) -> bool:
    """Whether two generated files are the same, apart from remarks with the number of a line and names made of such numbers."""
    return _without_numbers(old) == _without_numbers(new)


def same_as_digests(lines: str, new: str) -> bool:
    """The same for a text of which only the `line_digests` are left; lines with a number are taken as the same."""
    names = frozenset(_NAME.findall(new))
    pairs = zip_longest(
        split_digests(lines), split_digests(line_digests(new)), split_lines(new), fillvalue=""
    )
    return all(
        one == other or _REMARK.search(text) or names & set(_NUMBERED.findall(text))
        for one, other, text in pairs
    )


def _without_numbers(text: str) -> str:
    bare = _REMARK.sub("", text)
    names = {name: f"{at}" for at, name in enumerate(_NAME.findall(bare))}
    return _NUMBERED.sub(lambda found: names.get(found[0], found[0]), bare)
