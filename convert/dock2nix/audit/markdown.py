"""The audit as GitHub-flavoured Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.audit.data import figures_line
from dock2nix.audit.rules import WHY
from dock2nix.audit.text import closing_lines
from dock2nix.model.finding import FINDING_CODES, Severity
from dock2nix.report.markdown import escape

if TYPE_CHECKING:
    from dock2nix.audit.model import Audit
    from dock2nix.model.finding import Finding

_ORDER = (Severity.ERROR, Severity.WARNING, Severity.INFO)


def audit_markdown(audit: Audit) -> str:
    """The audit for a comment or a page: the figures first, then each kind of finding with its reason, worst first."""
    groups: dict[str, list[Finding]] = {}
    for finding in audit.findings:
        groups.setdefault(finding.code, []).append(finding)
    ordered = sorted(groups.values(), key=lambda group: (_worst(group), group[0].code))
    head = f"# Audit of {escape(audit.path)}\n\n**{escape(figures_line(audit))}** {closing_lines(audit)[0]}\n"
    return "\n".join([head, *map(_section, ordered)])


def _worst(group: list[Finding]) -> int:
    return min(_ORDER.index(finding.severity) for finding in group)


def _section(group: list[Finding]) -> str:
    code = group[0].code
    rows = "".join(
        f"| {one.location.first_line}:{one.location.first_column} | {one.severity} "
        f"| {escape(one.message)} | {escape(one.hint)} |\n"
        for one in group
    )
    reason = f"{escape(WHY[code])}\n\n" if code in WHY else ""
    return (
        f"## {code}: {escape(FINDING_CODES[code][2])} ({len(group)})\n\n{reason}"
        f"| place | severity | in the Dockerfile | in the flake |\n|---|---|---|---|\n{rows}"
    )
