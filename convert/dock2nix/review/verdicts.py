"""What `dock2nix check` found, for people, for GitHub, for code scanning and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.emit.expression import nix_comment
from dock2nix.emit.json_text import json_text
from dock2nix.model.finding import DRIFT_CODES
from dock2nix.report.data import finding_object
from dock2nix.report.sarif import sarif_object, sarif_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.review.drift import Drift, Verdict

_AGREES = "The flake is what the Dockerfile asks for"
_WAY_OUT = "Convert again to bring the flake up to date; hand edits are kept."


def verdict_text(verdict: Verdict, *, colour: bool = False) -> str:
    """One line `FILE:LINE:COLUMN: error: …` a drift, then what to do; a single line when there is none."""
    lines = [_line(one, colour=colour) for one in verdict.drifts]
    return "".join(f"{line}\n" for line in (*lines, summary(verdict)))


def summary(verdict: Verdict) -> str:
    """One line: how much has drifted, which files have hand edits."""
    count = len(verdict.drifts)
    edits = f" Edited by hand: {', '.join(map(nix_comment, verdict.edited))}." if verdict.edited else ""
    if not count:
        aside = " This dock2nix has newer packages: convert again to get them." if verdict.aside else ""
        return f"{_AGREES}.{edits}{aside}"
    return f"{count} {'drift' if count == 1 else 'drifts'}. {_WAY_OUT}{edits}"


def _line(drift: Drift, *, colour: bool) -> str:
    finding = drift.finding
    severity = f"\x1b[31m{finding.severity}\x1b[0m" if colour else str(finding.severity)
    return (
        f"{nix_comment(str(finding.location))}: {severity}: {nix_comment(finding.message)} "
        f"[{finding.code} {finding.slug}]"
    )


def verdict_github(verdict: Verdict) -> str:
    """Annotations of GitHub Actions ("Workflow commands"), one a drift; the summary as a notice, or as plain text."""
    return "".join(f"{line}\n" for line in (*map(_annotation, verdict.drifts), nix_comment(summary(verdict))))


def _annotation(drift: Drift) -> str:
    finding, place = drift.finding, drift.finding.location
    properties = {
        "file": nix_comment(place.path),
        "line": str(place.first_line),
        "col": str(place.first_column),
        "title": f"dock2nix {finding.slug}",
    }
    shown = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::error {shown}::{_data(nix_comment(finding.message))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def verdict_sarif(verdict: Verdict) -> str:
    """A SARIF 2.1.0 log."""
    findings = [one.finding for one in verdict.drifts]
    paths = sorted({one.location.path for one in findings})
    log = sarif_object(
        findings,
        dict.fromkeys(sorted(DRIFT_CODES), ""),
        {path: path for path in paths},
        tags=("drift",),
        properties={"edited": list(map(nix_comment, verdict.edited))},
    )
    return sarif_text(log)


def verdict_json(verdict: Verdict) -> str:
    """Indented JSON text, version 1 of its form."""
    data = {
        "version": 1,
        "drifted": bool(verdict.drifts),
        "drifts": list(_objects(verdict)),
        "edited": list(map(nix_comment, verdict.edited)),
        "settled": list(map(nix_comment, verdict.settled)),
        "aside": verdict.aside,
    }
    return json_text(data)


def _objects(verdict: Verdict) -> Iterator[dict[str, object]]:
    for one in verdict.drifts:
        finding = finding_object(one.finding)
        del finding["hint"]
        finding["message"] = nix_comment(one.finding.message)
        named = {"name": nix_comment(one.name), "file": nix_comment(one.finding.location.path)}
        yield {"side": one.side, "kind": one.kind, **named, **finding}
