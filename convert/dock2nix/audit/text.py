"""The audit on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.audit.data import count, figures_line
from dock2nix.audit.rules import WHY
from dock2nix.emit.expression import nix_comment
from dock2nix.model.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.audit.model import Audit
    from dock2nix.model.finding import Finding

_COLOURS = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.INFO: "36"}
_PLURALS = {
    Severity.ERROR: ("error", "errors"),
    Severity.WARNING: ("warning", "warnings"),
    Severity.INFO: ("remark", "remarks"),
}


def audit_text(audit: Audit, *, colour: bool = False) -> str:
    """The findings as lines `FILE:LINE:COLUMN: …`, each with what the flake does, the reason once for each kind; the figures.

    Args:
        audit: what was found.
        colour: whether to use terminal colours.
    """
    told: set[str] = set()
    lines = [line for finding in audit.findings for line in _lines(finding, told, colour=colour)]
    return "".join(f"{line}\n" for line in (*lines, *closing_lines(audit)))


def closing_lines(audit: Audit) -> tuple[str, str]:
    """How many findings there are, and how many inputs are pinned."""
    counts = [(severity, count(audit, severity)) for severity in Severity]
    parts = [f"{number} {_PLURALS[severity][number != 1]}" for severity, number in counts if number]
    return f"{', '.join(parts) or 'Nothing found'}.", figures_line(audit)


def _lines(finding: Finding, told: set[str], *, colour: bool) -> Iterator[str]:
    severity = str(finding.severity)
    if colour:
        severity = f"\x1b[{_COLOURS[finding.severity]}m{severity}\x1b[0m"
    place = nix_comment(str(finding.location))
    yield f"{place}: {severity}: {nix_comment(finding.message)} [{finding.code} {finding.slug}]"
    if finding.code in WHY and finding.code not in told:
        told.add(finding.code)
        yield f"    why: {WHY[finding.code]}"
    if finding.hint:
        yield f"    flake: {nix_comment(finding.hint)}"
