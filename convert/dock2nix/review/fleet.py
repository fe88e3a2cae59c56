"""Many reports summed up: which files have least left to do, and what is missing in most of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from dock2nix.emit.expression import nix_comment
from dock2nix.report.markdown import code, escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_KINDS = {
    "base": "base images",
    "package": "packages",
    "command": "commands",
    "finding": "other findings",
}
_HEADLINE = 12  # names of the sentence at the top
_SHOWN = 20  # rows of what is missing, in text


class File(Struct, frozen=True, kw_only=True):
    """One Dockerfile: `places` are its lines that need a human, `missing` what it lacks, as (kind, name)."""

    path: str
    result: str
    places: int
    packages: tuple[int, int]
    commands: tuple[int, int]
    missing: tuple[tuple[str, str], ...]
    why: str = ""


class Gap(Struct, frozen=True, kw_only=True):
    """Something that is missing: the number of files that lack it, and of those that lack nothing else."""

    kind: str
    name: str
    files: int
    alone: int


class Fleet(Struct, frozen=True, kw_only=True):
    """`files` are those with least left to do first, `gaps` what most of them lack first.

    `first` are the gaps that are named in one sentence, `blocked` the files that lack any of them, `freed` those that lack nothing else.
    """

    files: tuple[File, ...]
    gaps: tuple[Gap, ...]
    totals: str
    first: int = 0
    blocked: int = 0
    freed: int = 0


def sum_up(reports: Iterable[dict[str, Any]]) -> Fleet:
    """The reports of many conversions, as plain data, in one."""
    reports = list(reports)
    files = tuple(sorted(map(_file, reports), key=_effort))
    gaps = _gaps(files)
    names = {(gap.kind, gap.name) for gap in gaps[:_HEADLINE]}
    return Fleet(
        files=files,
        gaps=gaps,
        totals=totals(reports),
        first=len(names),
        blocked=sum(bool(names & {*file.missing}) for file in files),
        freed=sum(bool(file.missing) and names >= {*file.missing} for file in files),
    )


def _effort(file: File) -> tuple[bool, bool, int, int, str]:
    """Failed ones last; then by how many lines are to be looked at, and how many different things are missing."""
    return file.result == "failed", file.result == "unsupported", file.places, len(file.missing), file.path


def _file(report: dict[str, Any]) -> File:
    coverage = report["coverage"]
    packages, commands = coverage["requirements"], coverage["commands"]
    lines = {row["line"] for row in report["findings"] if row["severity"] != "info"}
    for kind in ("requirements", "commands"):
        lines |= {row["line"] for row in report[kind] if row["outcome"] == "unresolved"}
    return File(
        path=report["dockerfile"],
        result=report["result"],
        places=len(lines),
        packages=(packages["resolved"], packages["total"]),
        commands=(commands["accounted"], commands["total"]),
        missing=tuple(sorted(set(_missing(report)))),
        why=report["findings"][0]["message"] if report["result"] == "failed" else "",
    )


def _missing(report: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What a file lacks. A finding counts where nothing else in its line is named already."""
    if report["result"] == "failed":
        return
    named = set()
    for row in report["stages"]:
        if row["outcome"] == "unresolved" and row["built"]:
            named.add(row["line"])
            yield "base", row["base"]
    for row in report["requirements"]:
        if row["outcome"] == "unresolved":
            named.add(row["line"])
            yield "package", f"{row['manager']}:{row['name']}"
    for row in report["commands"]:
        if row["outcome"] == "unresolved":
            named.add(row["line"])
            yield "command", row["program"] or "(shell)"
    for row in report["findings"]:
        if row["severity"] != "info" and row["line"] not in named:
            yield "finding", row["slug"]


def _gaps(files: tuple[File, ...]) -> tuple[Gap, ...]:
    lacking: dict[tuple[str, str], list[int]] = {}
    for file in files:
        for one in file.missing:
            counts = lacking.setdefault(one, [0, 0])
            counts[0] += 1
            counts[1] += len(file.missing) == 1
    gaps = (Gap(kind=kind, name=name, files=n, alone=alone) for (kind, name), (n, alone) in lacking.items())
    return tuple(sorted(gaps, key=lambda gap: (-gap.files, -gap.alone, gap.kind, gap.name)))


def totals(reports: Iterable[Mapping[str, Any]]) -> str:
    """One line: requirements resolved, commands accounted for, files with nothing left to do."""
    reports = list(reports)
    counts = {
        key: sum(report["coverage"][kind][key] for report in reports)
        for kind, keys in (("requirements", ("total", "resolved")), ("commands", ("accounted",)))
        for key in keys
    }
    commands = sum(report["coverage"]["commands"]["total"] for report in reports)
    converted = sum(report["result"] == "converted" for report in reports)
    failed = sum(report["result"] == "failed" for report in reports)
    return (
        f"{len(reports)} files: {converted} with nothing left to do, {failed} failed; "
        f"{counts['resolved']} of {counts['total']} packages resolved; "
        f"{counts['accounted']} of {commands} commands accounted for"
    )


def headline(fleet: Fleet) -> str:
    """What most is to be gained by: "these 12 names block 140 files, and are all that 31 of them lack"."""
    if not fleet.first:
        return ""
    these = "this name blocks" if fleet.first == 1 else f"these {fleet.first} names block"
    files = "1 file" if fleet.blocked == 1 else f"{fleet.blocked} files"
    return f"{these} {files}, and {'is' if fleet.first == 1 else 'are'} all that {fleet.freed} of them lack"


def kind_title(kind: str) -> str:
    """What a kind of gap is called above a table."""
    return _KINDS[kind]


def fleet_text(fleet: Fleet, *, most: int) -> str:
    """For a terminal: the ranking, what is missing, the totals; no text of a Dockerfile or name of a file steers the terminal.

    Args:
        fleet: the reports summed up.
        most: rows to show; 0 for all of them.
    """
    shown = fleet.files[:most] if most else fleet.files
    lines = [" left  result        Dockerfile"]
    lines += [_text_row(file) for file in shown]
    if len(shown) < len(fleet.files):
        lines.append(f"       … and {len(fleet.files) - len(shown)} more (--all, --json, --markdown, --html)")
    if fleet.gaps:
        lines += ["", f"{headline(fleet)}:", "files  alone  missing"]
        lines += [
            f"{gap.files:>5}  {gap.alone:>5}  {gap.kind} {nix_comment(gap.name)}"
            for gap in fleet.gaps[: (most and _SHOWN) or None]
        ]
    return "".join(f"{line}\n" for line in [*lines, "", fleet.totals])


def _text_row(file: File) -> str:
    why = f": {nix_comment(file.why)}" if file.why else ""
    return f"{file.places:>5}  {file.result:<12}  {nix_comment(file.path)}{why}"


def fleet_markdown(fleet: Fleet) -> str:
    """For an issue or a wiki page."""
    parts = ["# Dockerfiles → Nix\n", f"{escape(fleet.totals)}\n"]
    if fleet.gaps:
        parts.append(f"## What is missing\n\n{headline(fleet).capitalize()}.\n")
        parts += [_gap_table(kind, fleet) for kind in _KINDS if any(gap.kind == kind for gap in fleet.gaps)]
    rows = "".join(
        f"| {file.places} | {file.result} | {code(file.path)} | {file.packages[0]} of {file.packages[1]} "
        f"| {file.commands[0]} of {file.commands[1]} | {escape(file.why)} |\n"
        for file in fleet.files
    )
    head = "| left | result | Dockerfile | packages | commands | |\n| ---: | --- | --- | --- | --- | --- |\n"
    return "\n".join([*parts, f"## Files, least left to do first\n\n{head}{rows}"])


def _gap_table(kind: str, fleet: Fleet) -> str:
    rows = "".join(
        f"| {code(gap.name)} | {gap.files} | {gap.alone} |\n" for gap in fleet.gaps if gap.kind == kind
    )
    title = kind_title(kind).capitalize()
    return f"### {title}\n\n| missing | files | that lack nothing else |\n| --- | ---: | ---: |\n{rows}"
