"""The supply chain of a Dockerfile, looked through: what anybody else could change, what checks it, what the flake does instead.

`reading` gives the rules their `Subject`; `rules/` has one rule a file; `inputs` counts what is pinned; `text`, `markdown`,
`data` and `sarif` print.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.audit.inputs import pinned_inputs
from dock2nix.audit.model import Audit
from dock2nix.audit.rules import RULES
from dock2nix.model.annotation import IgnoreFindings
from dock2nix.plan.choices import for_audit, ignore_findings

if TYPE_CHECKING:
    from dock2nix.audit.model import Subject
    from dock2nix.model.finding import Finding

__all__ = ["audit"]


def audit(subject: Subject) -> Audit:
    """What every rule has to say of a Dockerfile, and how many of its inputs are pinned.

    Args:
        subject: what the rules look at.

    Returns:
        The findings by place, each once; those that a `# dock2nix: ignore=` comment speaks of are mere information.
    """
    found = dict.fromkeys(finding for rule in RULES for finding in rule.find(subject))
    ours = {rule.CODE for rule in RULES}
    ignoring = tuple(
        one
        for one in subject.annotations
        if isinstance(one, IgnoreFindings) and not ours.isdisjoint(one.codes)
    )
    judged = ignore_findings(tuple(found), ignoring)
    # What is about findings of the conversion too may be meant for those.
    doubtful = {one.location for one in ignoring if not for_audit(one)}
    findings = [one for one in judged.findings if one.code in ours or one.location not in doubtful]
    return Audit(
        path=subject.path,
        findings=tuple(sorted(findings, key=_place)),
        inputs=pinned_inputs(subject),
    )


def _place(finding: Finding) -> tuple[int, int, str, str]:
    return finding.location.first_line, finding.location.first_column, finding.code, finding.message
