"""Versions of packages, as far as a reviewer needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.review.items import Item

_FIRST = regex(r"(0\.)?([0-9]+)")


def is_major(old: Item, new: Item) -> bool:
    """Whether the first number of a version that is not 0 has changed (what semantic versioning calls breaking)."""
    before, after = _FIRST.match(old.version), _FIRST.match(new.version)
    return bool(before and after and before[0] != after[0])
