"""What a conversion consists of, as named things, read from its report (the plain data of nix/report.json)."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from dock2nix.emit.expression import nix_comment
from dock2nix.regex import regex
from dock2nix.review.settings import settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dock2nix.review.settings import Setting

OPEN = "unresolved"
LAST = ""  # the label of the stage that the image is made of
_WITHOUT_EFFECT = "not-needed"
_SEPARATORS = regex(r"[-_.]+")
_NODE_ARCHIVE = regex(r"/((?:@[^/]+/)?[^/@]+)/-/[^/]+?-([0-9][^/]*)\.tgz(?:[?#].*)?")
_WHEEL = regex(r"/([A-Za-z0-9_.]+)-([^-/]+)(?:-[^/]*)?\.whl(?:[?#].*)?")

Key = tuple[str, str, str]


class Item(Struct, frozen=True, kw_only=True):
    """One thing: `kind`, `name` and `stage` say which, `asked` what the Dockerfile says of it; the rest is what became of that.

    `stage` is "" for the stage that the image is made of. `line` and `column` are in `file` ("" : the Dockerfile); 0 where no line
    of it asks for the thing (it comes with the base image). `attributes` are attribute paths of nixpkgs, `detail` whatever else
    the conversion made of it; `origin` and `outcome` are as in the report.
    """

    kind: str
    name: str
    stage: str = LAST
    asked: str = ""
    outcome: str = ""
    attributes: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    version: str = ""
    hash: str = ""
    detail: tuple[str, ...] = ()
    origin: str = ""
    file: str = ""
    line: int = 0
    column: int = 1

    @property
    def key(self) -> Key:
        return self.kind, self.name, self.stage

    @property
    def given(self) -> tuple[object, ...]:
        """All that became of it."""
        return self.outcome, self.attributes, self.outputs, self.version, self.hash, self.detail


Items = dict[Key, Item]


def items_of(report: Mapping[str, Any]) -> Items:
    """Everything a report tells of. Reports may have been edited: what is malformed is left out."""
    labels = stage_labels(report)
    found: Items = {}
    for item in (
        *_bases(report, labels),
        *_packages(report, labels),
        *_commands(report, labels),
        *_copies(report, labels),
        *(_setting(one) for one in settings(report)),
        *_fetched(report),
        *_pins(report),
    ):
        found.setdefault(item.key, item)
    return found


def rows(report: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """A list of objects in a report."""
    value = report.get(name)
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def texts(value: object) -> tuple[str, ...]:
    """The texts in a list."""
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def text_of(row: Mapping[str, Any], name: str) -> str:
    """A text in an object, "" when there is none."""
    value = row.get(name)
    return value if isinstance(value, str) else ""


def number_of(row: Mapping[str, Any], name: str) -> int:
    """A number in an object, 0 when there is none."""
    value = row.get(name)
    return value if isinstance(value, int) else 0


# --- base images -------------------------------------------------------------------------------------------------------------


def stage_labels(report: Mapping[str, Any]) -> dict[int, str]:
    """What to call each stage: its name, else its place from the end, since stages are added in front; the image's is ""."""
    stages = [stage for stage in rows(report, "stages") if stage.get("built", True)]
    places = range(len(stages), 0, -1)
    return {
        number_of(stage, "index"): LAST
        if place == 1
        else text_of(stage, "name") or f"stage {place} from the end"
        for stage, place in zip(stages, places, strict=True)
    }


def _bases(report: Mapping[str, Any], labels: Mapping[int, str]) -> Iterator[Item]:
    for stage in rows(report, "stages"):
        label = labels.get(number_of(stage, "index"))
        if label is None:
            continue
        yield Item(
            kind="base",
            name=label or "the image",
            stage=label,
            asked=text_of(stage, "base"),
            outcome=text_of(stage, "outcome"),
            attributes=texts(stage.get("attributes")),
            line=number_of(stage, "line"),
        )


# --- packages ----------------------------------------------------------------------------------------------------------------


def _packages(report: Mapping[str, Any], labels: Mapping[int, str]) -> Iterator[Item]:
    """One item a name in a stage, however often it is asked for."""
    groups: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in rows(report, "requirements"):
        manager, name = text_of(row, "manager"), text_of(row, "name")
        label = labels.get(number_of(row, "stage"), LAST)
        key = _SEPARATORS.sub("-", name).lower() if manager == "pip" else name
        groups.setdefault((label, manager, key), []).append(row)
    for (label, manager, name), group in groups.items():
        yield _package(f"{manager}:{name}", label, group)


def _package(name: str, label: str, group: list[dict[str, Any]]) -> Item:
    first = group[0]
    file, _, line = text_of(first, "file").rpartition(":")
    in_file = bool(file) and line.isdecimal()
    outcomes = sorted({text_of(row, "outcome") for row in group})
    return Item(
        kind="package",
        name=name,
        stage=label,
        asked=" ".join(sorted({text_of(row, "specifier") for row in group})).strip(),
        outcome=OPEN if OPEN in outcomes else ", ".join(outcomes),
        attributes=_united(texts(row.get("attributes")) for row in group),
        outputs=_united(texts(row.get("outputs")) for row in group),
        version=text_of(first, "version"),
        hash=text_of(first, "hash"),
        origin=text_of(first, "origin"),
        file=file if in_file else "",
        line=int(line) if in_file else number_of(first, "line"),
        column=1 if in_file else max(number_of(first, "column"), 1),
    )


def _united(several: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for one in several for text in one))


# --- commands and copies -----------------------------------------------------------------------------------------------------


def _commands(report: Mapping[str, Any], labels: Mapping[int, str]) -> Iterator[Item]:
    """Those with an effect of their own: what package managers install and remove is told package by package."""
    installing = _installing(report)
    everything = rows(report, "commands")
    managers = {text_of(row, "program") for row in everything if _place(row) in installing}
    counted: dict[tuple[str, str], int] = {}
    for row in everything:
        outcome = text_of(row, "outcome")
        told = outcome == "translated" and text_of(row, "program") in managers
        if outcome != _WITHOUT_EFFECT and not told and _place(row) not in installing:
            yield _numbered("command", row, labels, counted)


def _installing(report: Mapping[str, Any]) -> set[tuple[int, int, int]]:
    """The places of the commands that install: the last one that begins in front of a word that is asked for."""
    places = sorted(_place(row) for row in rows(report, "commands"))
    found = set()
    for here in map(_place, rows(report, "requirements")):
        before = bisect_right(places, here)
        if before and places[before - 1][0] == here[0]:
            found.add(places[before - 1])
    return found


def _place(row: Mapping[str, Any]) -> tuple[int, int, int]:
    return number_of(row, "stage"), number_of(row, "line"), number_of(row, "column")


def _copies(report: Mapping[str, Any], labels: Mapping[int, str]) -> Iterator[Item]:
    counted: dict[tuple[str, str], int] = {}
    for row in rows(report, "copies"):
        ignored = (f"without {one}" for one in texts(row.get("ignored")))
        detail = (*texts(row.get("sources")), *ignored)
        yield replace(_numbered("copy", row, labels, counted), detail=detail)


def _numbered(
    kind: str, row: Mapping[str, Any], labels: Mapping[int, str], counted: dict[tuple[str, str], int]
) -> Item:
    """A command goes by its text; the second one with the same text by that and a number."""
    text, label = nix_comment(text_of(row, "text")), labels.get(number_of(row, "stage"), LAST)
    counted[label, text] = times = counted.get((label, text), 0) + 1
    return Item(
        kind=kind,
        name=text if times == 1 else f"{text} ({times})",
        stage=label,
        asked=text,
        outcome=text_of(row, "outcome"),
        line=number_of(row, "line"),
        column=max(number_of(row, "column"), 1),
    )


# --- the image's configuration, downloads, pins ------------------------------------------------------------------------------


def _setting(one: Setting) -> Item:
    return Item(kind=one.kind, name=one.name, asked=one.value, line=one.line)


def _fetched(report: Mapping[str, Any]) -> Iterator[Item]:
    """Wheels and archives of npm by their names, whatever files of them there are; all else by its address."""
    groups: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for row in rows(report, "fetched"):
        url, digest = text_of(row, "url"), text_of(row, "hash")
        if found := _WHEEL.search(url):
            name = _SEPARATORS.sub("-", found[1]).lower()
            groups.setdefault(("locked", f"pip:{name}"), []).append((found[2], digest))
        elif found := _NODE_ARCHIVE.search(url):
            groups.setdefault(("locked", f"npm:{found[1]}"), []).append((found[2], digest))
        else:
            line = number_of(row, "line")
            yield Item(kind="download", name=url, hash=digest, version=text_of(row, "rev")[:12], line=line)
    for (kind, name), group in groups.items():
        versions, hashes = zip(*sorted(group), strict=True)
        yield Item(kind=kind, name=name, version=", ".join(dict.fromkeys(versions)), detail=hashes)


def _pins(report: Mapping[str, Any]) -> Iterator[Item]:
    inputs = report.get("inputs")
    named = {"nixpkgs": report.get("nixpkgs")} | (inputs if isinstance(inputs, dict) else {})
    for name, pin in named.items():
        if isinstance(pin, dict) and pin:
            channel = (text_of(pin, "channel"),)
            yield Item(kind="pin", name=name, version=text_of(pin, "rev"), detail=channel)
