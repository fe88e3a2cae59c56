"""Findings that say the same of several things, told in one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dock2nix.model.finding import Finding


def told_together(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings with a subject, one for each message that they have in common, at its first place; the others as they are.

    Args:
        findings: sorted by place.

    Returns:
        The same order; no finding has a subject any more, its message begins with all of them.
    """
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for number, finding in enumerate(findings):
        key = (
            (finding.code, finding.severity, finding.message, finding.hint) if finding.subject else (number,)
        )
        groups.setdefault(key, []).append(finding)
    return tuple(_one(group) for group in groups.values())


def _one(group: list[Finding]) -> Finding:
    first = group[0]
    if not first.subject:
        return first
    subjects = ", ".join(dict.fromkeys(finding.subject for finding in group))
    return replace(first, message=f"{subjects}: {first.message}", subject="")
