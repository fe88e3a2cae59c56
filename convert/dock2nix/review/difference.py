"""What two conversions differ in, ready to be shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from dock2nix.review.compare import compare
from dock2nix.review.items import items_of, number_of, rows, text_of, texts
from dock2nix.review.manifest import REPORTS
from dock2nix.review.versions import is_major

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dock2nix.review.compare import Change
    from dock2nix.review.manifest import Manifest


class Coverage(Struct, frozen=True, kw_only=True):
    """What the report of a conversion says of it as a whole; `left` are packages and commands that a human has to see to."""

    result: str
    packages: tuple[int, int]
    commands: tuple[int, int]

    @property
    def left(self) -> int:
        return self.packages[1] - self.packages[0] + self.commands[1] - self.commands[0]


class Bump(Struct, frozen=True, kw_only=True):
    """Another revision of nixpkgs (or of another input), and the packages that only have other versions by it."""

    name: str
    old: str
    new: str
    channel: str
    packages: tuple[Change, ...]

    @property
    def major(self) -> tuple[Change, ...]:
        """Those whose first number has changed."""
        return tuple(one for one in self.packages if one.old and one.new and is_major(one.old, one.new))


class Files(Struct, frozen=True, kw_only=True):
    """Paths of generated files, without the two reports."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


class Difference(Struct, frozen=True, kw_only=True):
    """Two conversions of `name`. `old` or `new` is None when there is none on that side.

    `changes` are without those that bumps explain; `raised` and `settled` are findings (line, severity, message) that only the
    newer and only the older one has.
    """

    name: str
    old: Coverage | None
    new: Coverage | None
    bumps: tuple[Bump, ...]
    changes: tuple[Change, ...]
    files: Files
    raised: tuple[tuple[int, str, str], ...]
    settled: tuple[tuple[int, str, str], ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to say."""
        rest = self.bumps or self.changes or self.files or self.raised or self.settled
        return not rest and self.old == self.new


def difference(name: str, old: Manifest, new: Manifest) -> Difference:
    """What two conversions differ in.

    Args:
        name: what to call the flake.
        old: what the older one left; empty when there was none.
        new: what the newer one left.
    """
    changes = compare(items_of(old.report), items_of(new.report))
    pins = [one for one in changes if one.kind == "pin" and one.sign == "~"]
    explained = [one for one in changes if pins and _by_a_bump(one)]
    main = next((one for one in pins if one.item.name == "nixpkgs"), pins[0] if pins else None)
    return Difference(
        name=name,
        old=_coverage(old.report),
        new=_coverage(new.report),
        bumps=tuple(_bump(one, explained if one is main else []) for one in pins),
        changes=tuple(one for one in changes if one not in pins and one not in explained),
        files=_files(old, new),
        raised=_only(new.report, old.report),
        settled=_only(old.report, new.report),
    )


def _by_a_bump(change: Change) -> bool:
    if change.kind == "package":
        return change.version_only
    return change.kind in {"env", "config"} and not change.item.line  # what a base image brings


def _bump(change: Change, packages: list[Change]) -> Bump:
    old, new = change.old, change.new
    return Bump(
        name=change.item.name,
        old=old.version[:8] if old else "",
        new=new.version[:8] if new else "",
        channel=change.item.detail[0] if change.item.detail else "",
        packages=tuple(packages),
    )


def _coverage(report: Mapping[str, Any]) -> Coverage | None:
    if not report:
        return None
    figures = report.get("coverage")
    known = figures if isinstance(figures, dict) else {}
    packages, commands = (
        value if isinstance(value := known.get(name), dict) else {} for name in ("requirements", "commands")
    )
    return Coverage(
        result=text_of(report, "result"),
        packages=(number_of(packages, "resolved"), number_of(packages, "total")),
        commands=(number_of(commands, "accounted"), number_of(commands, "total")),
    )


def _files(old: Manifest, new: Manifest) -> Files:
    before, after = (
        {
            path: one.digests.get(path, "")
            for path in {*one.digests, *texts(one.report.get("files"))} - REPORTS
        }
        for one in (old, new)
    )
    return Files(
        added=tuple(sorted(after.keys() - before.keys())),
        removed=tuple(sorted(before.keys() - after.keys())),
        changed=tuple(sorted(path for path in before.keys() & after.keys() if before[path] != after[path])),
    )


def _only(one: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[tuple[int, str, str], ...]:
    """The warnings and errors of one report that the other has nowhere."""
    known = {(text_of(row, "code"), text_of(row, "message")) for row in rows(other, "findings")}
    return tuple(
        (number_of(row, "line"), text_of(row, "severity"), text_of(row, "message"))
        for row in rows(one, "findings")
        if text_of(row, "severity") != "info" and (text_of(row, "code"), text_of(row, "message")) not in known
    )
