"""The audit in the Static Analysis Results Interchange Format (OASIS SARIF 2.1.0)."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from dock2nix import __version__
from dock2nix.audit.data import input_figures
from dock2nix.audit.rules import RULES
from dock2nix.emit.expression import nix_comment
from dock2nix.model.finding import FINDING_CODES, Severity
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.audit.model import Audit
    from dock2nix.model.finding import Finding

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_VARIABLE = regex(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def audit_sarif(audit: Audit, artifact: str) -> str:
    """The audit as a SARIF log of one run.

    Args:
        audit: what was found.
        artifact: the path of the Dockerfile, relative to the root of the sources, with forward slashes.
    """
    return json.dumps(sarif_object(audit, artifact), indent=2, ensure_ascii=False) + "\n"


def sarif_object(audit: Audit, artifact: str) -> dict[str, Any]:
    """The SARIF log as plain data; see `audit_sarif`."""
    codes = sorted({rule.CODE for rule in RULES} | {one.code for one in audit.findings})
    uri = quote(nix_comment(artifact), safe="/._-~")
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "dock2nix",
                        "semanticVersion": __version__,
                        "rules": [_rule(code) for code in codes],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "artifacts": [{"location": {"uri": uri}, "sourceLanguage": "dockerfile"}],
                "results": [_result(one, codes.index(one.code), uri) for one in audit.findings],
                "properties": {"inputs": input_figures(audit)},
            }
        ],
    }


def message_text(text: str) -> str:
    """Text as a plain message (3.11.5, 3.11.6): no link and no placeholder comes of what is quoted in it."""
    shown = _VARIABLE.sub(r"$\1", nix_comment(text))
    shown = shown.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
    return shown.replace("{", "{{").replace("}", "}}")


def _rule(code: str) -> dict[str, Any]:
    slug, severity, meaning = FINDING_CODES[code]
    reason = next((rule.WHY for rule in RULES if code == rule.CODE), "")
    rule: dict[str, Any] = {
        "id": code,
        "name": "".join(part.capitalize() for part in slug.split("-")),
        "shortDescription": {"text": meaning},
        "defaultConfiguration": {"level": _LEVELS[severity]},
        "properties": {"tags": ["security", "supply-chain"]},
    }
    if reason:
        rule["fullDescription"] = {"text": reason}
        rule["help"] = {"text": reason}
    return rule


def _result(finding: Finding, index: int, uri: str) -> dict[str, Any]:
    instead = f" In the flake: {finding.hint}." if finding.hint else ""
    place = finding.location
    return {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": message_text(f"{finding.message}.{instead}")},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": uri, "index": 0},
                    "region": {
                        "startLine": place.first_line,
                        "startColumn": place.first_column,
                        "endLine": max(place.last_line, place.first_line),
                        "endColumn": place.last_column + 1,
                    },
                }
            }
        ],
        "partialFingerprints": {"findingHash/v1": _fingerprint(finding)},
    }


def _fingerprint(finding: Finding) -> str:
    """The same as long as the same is found, wherever in the file."""
    return hashlib.sha256(f"{finding.code}\0{nix_comment(finding.message)}".encode()).hexdigest()
