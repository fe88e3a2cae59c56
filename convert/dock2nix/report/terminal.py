"""The summary on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.emit.expression import nix_comment
from dock2nix.model.finding import Severity
from dock2nix.report.subjects import summed_up

if TYPE_CHECKING:
    from dock2nix.model.finding import Finding
    from dock2nix.report.model import Report

_COLOURS = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.INFO: "36"}


def summary(report: Report, *, colour: bool, verbose: bool = False) -> str:
    """A few lines for a human: findings with their place, the figures, the files.

    Args:
        report: what to sum up.
        colour: whether to use terminal colours.
        verbose: whether to show what is only for information too.
    """
    shown = [one for one in report.findings if verbose or one.severity is not Severity.INFO]
    shown = shown if verbose else [*summed_up(shown)]
    lines = [_finding(finding, colour=colour) for finding in shown]
    lines += [line for line in (_figures(report), _next_step(report)) if line]
    return "\n".join(lines) + "\n"


def _finding(finding: Finding, *, colour: bool) -> str:
    severity = _paint(str(finding.severity), _COLOURS[finding.severity], colour=colour)
    place = nix_comment(str(finding.location))
    hint = f"\n    {nix_comment(finding.hint)}" if finding.hint else ""
    return f"{place}: {severity}: {nix_comment(finding.message)} [{finding.code}]{hint}"


def _paint(text: str, code: str, *, colour: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if colour else text


def _figures(report: Report) -> str:
    return (
        f"{report.resolved_requirements} of {len(report.requirements)} packages resolved, "
        f"{report.accounted_commands} of {len(report.commands)} commands accounted for: {report.result}."
    )


def _next_step(report: Report) -> str:
    if not report.files:
        return ""
    return f"Wrote {', '.join(report.files)}."
