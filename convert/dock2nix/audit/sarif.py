"""The audit in the Static Analysis Results Interchange Format (OASIS SARIF 2.1.0)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dock2nix.audit.data import input_figures
from dock2nix.audit.rules import RULES
from dock2nix.report import sarif

if TYPE_CHECKING:
    from dock2nix.audit.model import Audit


def audit_sarif(audit: Audit, artifact: str) -> str:
    """The audit as a SARIF log of one run.

    Args:
        audit: what was found.
        artifact: the path of the Dockerfile, relative to the root of the sources, with forward slashes.
    """
    return sarif.sarif_text(sarif_object(audit, artifact))


def sarif_object(audit: Audit, artifact: str) -> dict[str, Any]:
    """The SARIF log as plain data; see `audit_sarif`."""
    paths = {audit.path, *(one.location.path for one in audit.findings)}
    return sarif.sarif_object(
        audit.findings,
        {rule.CODE: rule.WHY for rule in RULES},
        dict.fromkeys(sorted(paths), artifact),
        tags=("security", "supply-chain"),
        properties={"inputs": input_figures(audit)},
    )
