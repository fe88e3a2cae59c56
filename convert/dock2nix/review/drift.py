"""How a committed flake and its Dockerfile have moved apart."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from dock2nix.emit.expression import nix_comment
from dock2nix.model.finding import Finding
from dock2nix.model.source import Location
from dock2nix.report.digests import people_edit, text_digest
from dock2nix.review.compare import compare
from dock2nix.review.handwork import Handwork, line_of
from dock2nix.review.items import Item, items_of, texts
from dock2nix.review.manifest import MANIFEST, REPORTS
from dock2nix.review.merge import MARK, has_conflicts
from dock2nix.review.numbers import same_as_digests, same_but_for_lines
from dock2nix.review.words import attribute, called, told

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dock2nix.review.compare import Change
    from dock2nix.review.items import Items
    from dock2nix.review.manifest import Manifest

# What follows from other things (a lock from what is asked for), or from the version of dock2nix alone.
_FOLLOWING = frozenset({"pin", "locked", "download"})
_CONFIGURED = frozenset({"env", "port", "volume", "label", "config"})
_FROM_USERS = frozenset({"override"})
_LOCKED = "locked"
_SPELLED = frozenset({"command", "copy"})


class Committed(Struct, frozen=True, kw_only=True):
    """A conversion as it lies in a folder: what its report remembers, and the texts of its files (None: not there)."""

    manifest: Manifest
    files: Mapping[str, str | None]


class Names(Struct, frozen=True, kw_only=True):
    """What to call things: the Dockerfile, and the folders of the context and of the flake, "" for the current one."""

    dockerfile: str
    context: str = ""
    flake: str = ""


class Drift(Struct, frozen=True, kw_only=True):
    """One thing that Dockerfile and flake do not agree on.

    `side` is what to do about it: `add` to the flake, `remove` from it, `change`, or `repair` a file. The finding's place is where
    to look: the Dockerfile, a file that it reads, or a file of the flake.
    """

    side: str
    kind: str
    name: str
    finding: Finding


class Verdict(Struct, frozen=True, kw_only=True):
    """`drifts` are in order of place, `edited` the files with hand edits, `settled` what these have already brought about.

    `aside` are things that this version of dock2nix, with another nixpkgs, makes otherwise: no drift.
    """

    drifts: tuple[Drift, ...]
    edited: tuple[str, ...] = ()
    settled: tuple[str, ...] = ()
    aside: int = 0


def find_drift(
    committed: Committed, report: Mapping[str, Any], files: Mapping[str, str], names: Names
) -> Verdict:
    """What a conversion of today makes otherwise than what is committed.

    Args:
        committed: what is there.
        report: the plain data of today's report.
        files: today's files.
        names: what to call files in what is said.
    """
    old, new = items_of(committed.manifest.report), items_of(report)
    hands = Handwork.of(committed.manifest, committed.files)
    candidates, aside = _judged(old, new)
    if not _outdated(committed, files):  # it is spelled otherwise, and comes to the same
        candidates = [one for one in candidates if one.kind not in _SPELLED]
    drifts: list[Drift] = []
    settled: list[str] = []
    for change in candidates:
        if hands.has_settled(change):
            settled.append(called(change.item))
        else:
            drifts.append(_drift(change, committed.files, names))
    drifts += _broken_files(committed, names)
    same_pin = ("pin", "nixpkgs", "") in new and old.get(("pin", "nixpkgs", "")) == new["pin", "nixpkgs", ""]
    if not drifts and not settled and same_pin:
        drifts += _unexplained(committed, files, names)
    return Verdict(
        drifts=tuple(sorted(drifts, key=_place)), edited=hands.edited, settled=tuple(settled), aside=aside
    )


def _place(drift: Drift) -> tuple[object, ...]:
    place = drift.finding.location
    return place.path.endswith(".nix"), place.path, place.first_line, place.first_column, drift.name


# --- which changes are drifts ------------------------------------------------------------------------------------------------


def _judged(old: Items, new: Items) -> tuple[list[Change], int]:
    """The changes that somebody made, and how many others there are.

    Another base brings other variables and other attributes for the same names: the base is what has changed.
    """
    changes = compare(old, new)
    bases = {one.item.stage for one in changes if one.kind == "base" and not one.resolution_only}
    pinned_anew = any(one.kind == "pin" for one in changes)
    mine = [one for one in changes if _is_made(one, moved=bool(bases), pinned_anew=pinned_anew)]
    return mine, 0 if bases else len(changes) - len(mine)


def _is_made(change: Change, *, moved: bool, pinned_anew: bool) -> bool:
    if change.kind in _FOLLOWING or change.kind == "image":
        return False
    if change.kind in _CONFIGURED and all(one is None or not one.line for one in (change.old, change.new)):
        return False
    old, new = change.old, change.new
    if old is None or new is None or not change.resolution_only:
        return True
    if _LOCKED in {
        old.outcome,
        new.outcome,
    }:  # the lock of the whole environment follows from what is asked for
        return False
    if any(one.origin in _FROM_USERS for one in (old, new)):
        return True
    if change.kind == "copy" and old.detail != new.detail:
        return True
    return change.kind != "base" and not moved and not pinned_anew and not change.version_only


# --- what is said of them ----------------------------------------------------------------------------------------------------


def _drift(change: Change, files: Mapping[str, str | None], names: Names) -> Drift:
    item = change.item
    side, code = {"+": ("add", "D2N701"), "-": ("remove", "D2N702"), "~": ("change", "D2N703")}[change.sign]
    place = line_of(item, files) if side == "remove" else None
    location = _in_flake(*place, names) if place else _in_source(item, names)
    message = {"add": _gained, "remove": _lost, "change": _changed}[side](change)
    return Drift(
        side=side,
        kind=item.kind,
        name=called(item),
        finding=Finding(code=code, message=message, location=location),
    )


def _gained(change: Change) -> str:
    item = change.item
    if item.kind == "package":
        stands_for = ", ".join(map(attribute, item.attributes))
        hint = f" ({stands_for})" if stands_for else ""
        return f"{called(item)} is asked for, and the flake lacks it{hint}"
    value = f"={item.asked}" if item.kind in {"env", "label"} else ""
    value = f" {item.asked}" if item.kind in {"config", "base"} else value
    return f"{called(item)}{value} is new, and the flake lacks it"


def _lost(change: Change) -> str:
    item = change.item
    still = ", ".join(map(attribute, item.attributes)) if item.kind == "package" else ""
    return f"{called(item)} is gone from the Dockerfile, and the flake still has {still or 'it'}"


def _changed(change: Change) -> str:
    return f"{called(change.item)} has changed since the flake was made: {told(change)}"


def _in_source(item: Item, names: Names) -> Location:
    line = max(item.line, 1)
    return Location(
        path=posixpath.join(names.context, item.file) if item.file else names.dockerfile,
        first_line=line,
        first_column=item.column,
        last_line=line,
        last_column=item.column,
    )


def _in_flake(path: str, line: int, names: Names) -> Location:
    return Location(path=posixpath.join(names.flake, path), first_line=line, last_line=line)


# --- files -------------------------------------------------------------------------------------------------------------------


def _broken_files(committed: Committed, names: Names) -> Iterator[Drift]:
    """Files that are gone, or in which an earlier conversion left a conflict."""
    known = {*committed.manifest.digests, *texts(committed.manifest.report.get("files"))} - {MANIFEST}
    for path in sorted(known):
        text = committed.files.get(path)
        if text is None:
            if path not in REPORTS:
                yield _file_drift(names, path, "D2N704", f"{path} is a file of the flake, and is not there")
        elif people_edit(path) and has_conflicts(text):
            line = next(at for at, one in enumerate(text.split("\n"), 1) if one.startswith(MARK))
            yield _file_drift(names, path, "D2N706", f"{path} has a conflict that nobody has settled", line)


def _unexplained(committed: Committed, files: Mapping[str, str], names: Names) -> Iterator[Drift]:
    """Files that a conversion would write otherwise, though nothing that has a name has changed."""
    for path in _outdated(committed, files):
        if path in files and path in committed.manifest.digests:
            told = "otherwise now"
        else:
            told = "too" if path in files else "no longer"
        yield _file_drift(names, path, "D2N705", f"{path} would be written {told}")


def _outdated(committed: Committed, files: Mapping[str, str]) -> list[str]:
    digests = committed.manifest.digests
    return [
        path
        for path in sorted({*files, *digests} - REPORTS)
        if path not in files
        or path not in digests
        or (
            text_digest(files[path]) != digests[path] and not _comes_to_the_same(committed, path, files[path])
        )
    ]


def _comes_to_the_same(committed: Committed, path: str, now: str) -> bool:
    """Whether only what remarks say of lines of the Dockerfile has changed."""
    then = committed.files.get(path)
    if then is not None and text_digest(then) == committed.manifest.digests.get(path):
        return same_but_for_lines(then, now)
    lines = committed.manifest.lines.get(path, "")
    return bool(lines) and same_as_digests(lines, now)


def _file_drift(names: Names, path: str, code: str, message: str, line: int = 1) -> Drift:
    finding = Finding(code=code, message=nix_comment(message), location=_in_flake(path, line, names))
    return Drift(side="repair", kind="file", name=path, finding=finding)
