"""The report of a conversion kept in step with hashes that are filled in later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from dock2nix.emit.json_text import json_text
from dock2nix.model.finding import FINDING_CODES
from dock2nix.report.digests import line_digests, people_edit, text_digest
from dock2nix.report.markdown import CONVERTED, NEEDS_REVIEW, finding_lines, findings_title

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dock2nix.verify.hashes import HashPlace

_REPORTS = ("nix/report.json", "nix/report.md")
_UNKNOWN_DOWNLOAD, _UNKNOWN_HASH, _UNSEEN = "D2N241", "D2N310", "D2N245"


class Filled(Struct, frozen=True, kw_only=True):
    """A hash that is known now. `address` is that of what one address gives, in the form of the report's `fetched`; `rev` the commit."""

    place: HashPlace
    hash: str
    address: str = ""
    rev: str = ""


def refilled(
    files: Mapping[str, str], before: Mapping[str, str], report: dict[str, Any], filled: Iterable[Filled]
) -> dict[str, str]:
    """The files to write, the two reports included.

    What nobody had edited counts as generated afterwards, so that the next conversion takes no hash for an edit.

    Args:
        files: the files with their new hashes, relative path → text.
        before: the same files without.
        report: what nix/report.json holds.
        filled: what is new in them.
    """
    filled = tuple(filled)
    _note(report, filled)
    gone = _settle(report, filled)
    done = dict(files)
    if _REPORTS[1] in before:
        done[_REPORTS[1]] = _without(before[_REPORTS[1]], gone, report)
    digests, lines = report.get("digests", {}), report.get("lines", {})
    for path, text in done.items():
        if digests.get(path) == text_digest(before[path]):
            digests[path] = text_digest(text)
            if people_edit(path):
                lines[path] = line_digests(text)
    done[_REPORTS[0]] = json_text(report)
    return done


def _note(report: dict[str, Any], filled: tuple[Filled, ...]) -> None:
    """The hashes in the rows of the report, new rows where there was none."""
    for one in filled:
        for row in _rows(report, "hashes"):
            if (row.get("file"), row.get("attribute")) == (one.place.path, one.place.attribute):
                row["hash"] = one.hash
        if one.address:
            _note_download(report, one)
    _rows(report, "fetched").sort(key=lambda row: (str(row.get("url")), str(row.get("hash"))))


def _note_download(report: dict[str, Any], one: Filled) -> None:
    rows = _rows(report, "fetched")
    known = [row for row in rows if row.get("url") == one.address]
    if not known:
        line = next((row["line"] for row in _rows(report, "findings") if _is_about(row, one)), 1)
        known = [{"url": one.address, "hash": "", "line": line}]
        rows += known
    for row in known:
        row["hash"] = one.hash
        if one.rev:
            row |= {"rev": one.rev, "submodules": one.place.arguments.get("fetchSubmodules") == "true"}


def _settle(
    report: dict[str, Any], filled: tuple[Filled, ...]
) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Take out the findings that have been dealt with; returns them, each with what is said now ({}: nothing)."""
    open_files = {row.get("file") for row in _rows(report, "hashes") if not row.get("hash")}
    done = {one.place.path for one in filled} - open_files
    gone: list[tuple[dict[str, Any], dict[str, Any]]] = []
    left: list[dict[str, Any]] = []
    for row in _rows(report, "findings"):
        about = next((one for one in filled if _is_about(row, one)), None)
        settled = row.get("code") == _UNKNOWN_HASH and str(row.get("message")).partition(": ")[0] in done
        if about is None and not settled:
            left.append(row)
            continue
        now = _unseen(row, about) if about is not None and about.place.function == "fetchurl" else {}
        gone.append((row, now))
        left += [now] if now else []
    report["findings"] = left
    serious = [row for row in left if row.get("severity") != "info"]
    unresolved = [row for row in _rows(report, "commands") if row.get("outcome") == "unresolved"]
    if gone and report.get("result") == NEEDS_REVIEW and not serious and not unresolved:
        report["result"] = CONVERTED
    return gone


def _unseen(row: Mapping[str, Any], one: Filled) -> dict[str, Any]:
    """What is left to say of a file: conversions look into files, and have programs of other systems patched."""
    return {
        **row,
        "code": _UNSEEN,
        "slug": FINDING_CODES[_UNSEEN][0],
        "severity": "warning",
        "message": f"{one.address}: its hash is filled in, whether it holds programs that need patching has not been looked at",
        "hint": "convert again: the hash is kept",
    }


def _is_about(row: Mapping[str, Any], one: Filled) -> bool:
    about = str(row.get("message")).startswith(f"{one.address}: ")
    return bool(one.address) and row.get("code") == _UNKNOWN_DOWNLOAD and about


def _without(
    text: str, gone: Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]], report: Mapping[str, Any]
) -> str:
    """report.md with what is said now in the place of findings."""
    for row, now in gone:
        text = text.replace(f"{_shown(row)}\n", f"{_shown(now)}\n" if now else "", 1)
    return findings_title(text, str(report.get("result")))


def _shown(row: Mapping[str, Any]) -> str:
    line = row.get("line")
    texts = (str(row.get(name)) for name in ("message", "slug", "hint"))
    return finding_lines(line if isinstance(line, int) else 1, *texts)


def _rows(report: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """A list of tables in a report that anybody may have written."""
    found = report.get(name)
    rows = [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
    report[name] = rows
    return rows
