"""The audit as plain data, for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dock2nix.audit.model import Pinning
from dock2nix.audit.rules import WHY
from dock2nix.emit.expression import nix_comment
from dock2nix.emit.json_text import json_text
from dock2nix.model.finding import Severity

if TYPE_CHECKING:
    from dock2nix.audit.model import Audit, Input
    from dock2nix.model.finding import Finding


def audit_json(audit: Audit) -> str:
    """The audit as indented JSON text, version 1 of its form."""
    return json_text(audit_object(audit))


def audit_object(audit: Audit) -> dict[str, Any]:
    """The audit as plain data."""
    return {
        "version": 1,
        "dockerfile": nix_comment(audit.path),
        "summary": {str(severity): count(audit, severity) for severity in Severity},
        "inputs": {**input_figures(audit), "list": [_input(one) for one in audit.inputs]},
        "findings": [_finding(one) for one in audit.findings],
    }


def count(audit: Audit, severity: Severity) -> int:
    """How many findings have a severity."""
    return sum(one.severity is severity for one in audit.findings)


def input_figures(audit: Audit) -> dict[str, int]:
    """How many inputs the Dockerfile has and pins, how many the flake still needs and pins."""
    gone = sum(one.flake is Pinning.GONE for one in audit.inputs)
    return {
        "total": len(audit.inputs),
        "pinned": sum(one.pinned for one in audit.inputs),
        "flakeTotal": len(audit.inputs) - gone,
        "flakePinned": sum(one.flake is Pinning.PINNED for one in audit.inputs),
        "flakeGone": gone,
    }


def figures_line(audit: Audit) -> str:
    """`Dockerfile: 3 of 47 inputs pinned; flake: 45 of 45, 2 not needed.`"""
    found = input_figures(audit)
    gone = f", {found['flakeGone']} not needed" if found["flakeGone"] else ""
    return (
        f"Dockerfile: {found['pinned']} of {found['total']} inputs pinned; "
        f"flake: {found['flakePinned']} of {found['flakeTotal']}{gone}."
    )


def _input(one: Input) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "name": nix_comment(one.name),
        "line": one.line,
        "pinned": one.pinned,
        "flake": str(one.flake),
    }


def _finding(one: Finding) -> dict[str, Any]:
    return {
        "code": one.code,
        "slug": one.slug,
        "severity": str(one.severity),
        "line": one.location.first_line,
        "column": one.location.first_column,
        "endLine": one.location.last_line,
        "endColumn": one.location.last_column,
        "message": nix_comment(one.message),
        "why": WHY.get(one.code, ""),
        "flake": nix_comment(one.hint),
    }
