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


_MOST = 3


def summed_up(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings as people want to read them: many of one kind about one line are told in one, with the first few of them.

    A lock of fifty packages that nixpkgs has in other versions is one thing to decide on, not fifty.

    Args:
        findings: sorted by place.

    Returns:
        The same order, each at the place of the first that it stands for.
    """
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for finding in findings:
        key = (finding.code, finding.severity, finding.location.first_line, finding.hint)
        groups.setdefault(key, []).append(finding)
    return tuple(one for group in groups.values() for one in _shortened(group))


def _shortened(group: list[Finding]) -> list[Finding]:
    if len(group) <= _MOST:
        return group
    shown = "; ".join(finding.message for finding in group[:_MOST])
    more = f"{shown}; and {len(group) - _MOST} more like these, all of them in nix/report.json"
    return [replace(group[0], message=more)]
