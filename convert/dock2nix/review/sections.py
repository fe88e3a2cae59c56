"""A difference as sections of rows, which the terminal and Markdown show each in their way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dock2nix.review.words import called, shortened, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.review.compare import Change
    from dock2nix.review.difference import Bump, Coverage, Difference

_SECTIONS = {
    "base": ("base",),
    "packages": ("package",),
    "locks": ("locked", "download", "pin"),
    "image": ("env", "port", "volume", "label", "config", "image"),
    "commands": ("copy", "command"),
}


class Row(Struct, frozen=True):
    """One thing: a sign (`+`, `-`, `~` or `!`), what it is, and what is to be said of it."""

    sign: str
    name: str
    text: str


class Section(Struct, frozen=True):
    """Rows under one title, those that matter most first."""

    title: str
    rows: tuple[Row, ...]

    @property
    def counts(self) -> str:
        """`+2 -1 ~3`."""
        signs = [row.sign for row in self.rows]
        return " ".join(f"{sign}{signs.count(sign)}" for sign in "+-~!" if sign in signs)


def sections(found: Difference) -> tuple[Section, ...]:
    """All sections that have rows."""
    made = [
        Section(title, tuple(_row(one) for one in found.changes if one.kind in kinds))
        for title, kinds in _SECTIONS.items()
    ]
    made.insert(2, Section("nixpkgs", tuple(row for bump in found.bumps for row in _bump(bump))))
    made.append(Section("to do", tuple(_findings(found))))
    made.append(Section("files", tuple(_files(found))))
    return tuple(one for one in made if one.rows)


def headline(found: Difference) -> str:
    """One line: how many things differ, and how complete the conversion is now."""
    if found.is_empty:
        return f"{found.name}: nothing differs."
    if found.new is None or found.old is None:
        only = found.new or found.old
        verb = "converted for the first time" if found.new else "the conversion is gone"
        return f"{found.name}: {verb}: {_coverage(only)}." if only else f"{found.name}: no conversion."
    count = len(found.changes) + len(found.bumps)
    before = f" (before: {_left(found.old)})" if found.old.left != found.new.left else ""
    what = f"{count} change{'' if count == 1 else 's'}" if count else "the same things, written otherwise"
    return f"{found.name}: {what}; {_coverage(found.new)}{before}."


def _coverage(one: Coverage) -> str:
    return f"{one.packages[0]} of {one.packages[1]} packages resolved, {_left(one)}"


def _left(one: Coverage) -> str:
    return f"{one.left or 'nothing'} left to do"


def _row(change: Change) -> Row:
    return Row(change.sign, called(change.item), told(change))


def _bump(bump: Bump) -> Iterator[Row]:
    count = len(bump.packages)
    major = f", {len(bump.major)} major" if bump.major else ""
    what = f"{count} package{'' if count == 1 else 's'} in other versions{major}; " if count else ""
    yield Row("~", bump.name, f"{what}{bump.old} → {bump.new} {bump.channel}")
    for one in bump.major:
        if one.old and one.new:
            yield Row("~", called(one.item), f"{one.old.version} → {one.new.version}")


def _findings(found: Difference) -> Iterator[Row]:
    for sign, rows in (("!", found.raised), ("-", found.settled)):
        yield from (Row(sign, f"line {line}", shortened(message)) for line, _, message in rows)


def _files(found: Difference) -> Iterator[Row]:
    for sign, paths in (("+", found.files.added), ("-", found.files.removed), ("~", found.files.changed)):
        if paths:
            yield Row(sign, ", ".join(paths[:6]), f"and {len(paths) - 6} more" if len(paths) > 6 else "")
