"""Two conversions, thing by thing."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dock2nix.review.items import LAST

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dock2nix.review.items import Item, Items, Key

KINDS = (
    "pin",
    "base",
    "package",
    "locked",
    "download",
    "copy",
    "command",
    "env",
    "port",
    "volume",
    "label",
    "config",
    "image",
)
_REWRITTEN = frozenset({"command", "copy"})


class Change(Struct, frozen=True, kw_only=True):
    """A thing that only one report tells of (`old` or `new` is None), or that they tell differently."""

    old: Item | None
    new: Item | None

    @property
    def item(self) -> Item:
        """The newer of the two."""
        one = self.new or self.old
        if one is None:
            raise ValueError("a change of nothing")
        return one

    @property
    def kind(self) -> str:
        return self.item.kind

    @property
    def sign(self) -> str:
        """`+` for what is new, `-` for what is gone, `~` for what has changed."""
        return "+" if self.old is None else "-" if self.new is None else "~"

    @property
    def resolution_only(self) -> bool:
        """Whether the same is asked for, and something else is given."""
        return self.old is not None and self.new is not None and self.old.asked == self.new.asked

    @property
    def version_only(self) -> bool:
        """Whether the same attributes are given, in other versions."""
        old, new = self.old, self.new
        if old is None or new is None or old.asked != new.asked:
            return False
        blank = [replace(one, version="", hash="") for one in (old, new)]
        return blank[0].given == blank[1].given


def compare(old: Items, new: Items) -> tuple[Change, ...]:
    """What two conversions differ in, by kind and then in order of the newer one; a rewritten command is one change."""
    old = _relabelled(old, new)
    keys = sorted({*old, *new}, key=lambda key: (KINDS.index(key[0]), _order(old, new, key)))
    found = [Change(old=old.get(key), new=new.get(key)) for key in keys]
    return tuple(_paired([one for one in found if _is_different(one)]))


def _relabelled(old: Items, new: Items) -> Items:
    """The older things under the newer names of stages: one that is gone has become the one that is new, in order."""
    before, after = ([item.stage for item in items.values() if item.kind == "base"] for items in (old, new))
    gone = [label for label in before if label not in after]
    come = [label for label in after if label not in before]
    if not gone or len(gone) != len(come):
        return old
    names = dict(zip(gone, come, strict=True))
    renamed = (
        replace(item, stage=names.get(item.stage, item.stage), name=_base_name(item, names))
        for item in old.values()
    )
    return {item.key: item for item in renamed}


def _base_name(item: Item, names: Mapping[str, str]) -> str:
    return names.get(item.stage, item.name) if item.kind == "base" and item.stage != LAST else item.name


def _order(old: Items, new: Items, key: Key) -> tuple[object, ...]:
    item = new.get(key) or old[key]
    return item.file, item.line, item.column, item.stage, item.name


def _is_different(change: Change) -> bool:
    old, new = change.old, change.new
    return old is None or new is None or (old.asked, old.given) != (new.asked, new.given)


def _paired(changes: list[Change]) -> list[Change]:
    """Of the commands of one program in a stage, the first that is gone has become the first that is new."""
    gone: dict[tuple[str, ...], deque[Change]] = {}
    for one in changes:
        if one.kind in _REWRITTEN and one.new is None:
            gone.setdefault(_beginning(one), deque()).append(one)
    paired: list[Change] = []
    taken: set[Key] = set()
    for one in changes:
        before = gone.get(_beginning(one)) if one.kind in _REWRITTEN and one.old is None else None
        if before:
            old = before.popleft().item
            taken.add(old.key)
            paired.append(Change(old=old, new=one.new))
        else:
            paired.append(one)
    return [one for one in paired if one.new is not None or one.item.key not in taken]


def _beginning(change: Change) -> tuple[str, ...]:
    item = change.item
    return item.kind, item.stage, item.asked.partition(" ")[0]
