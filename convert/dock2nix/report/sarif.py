"""Findings in the Static Analysis Results Interchange Format (OASIS SARIF 2.1.0)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from dock2nix import __version__
from dock2nix.emit.expression import nix_comment
from dock2nix.emit.json_text import json_text
from dock2nix.model.finding import FINDING_CODES, Severity
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dock2nix.model.finding import Finding

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_VARIABLE = regex(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def sarif_object(
    findings: Sequence[Finding],
    rules: Mapping[str, str],
    artifacts: Mapping[str, str],
    *,
    tags: tuple[str, ...],
    properties: Mapping[str, object],
) -> dict[str, Any]:
    """A SARIF log of one run, as plain data.

    Args:
        findings: what was found, each in one of the artifacts.
        rules: every code that is looked for, and why what it finds matters ("" : its meaning says it).
        artifacts: the paths of findings → what the log calls them, relative to the root of the sources, with forward slashes.
        tags: of every rule.
        properties: of the run.
    """
    codes = sorted({*rules, *(one.code for one in findings)})
    uris = {path: quote(nix_comment(name), safe="/._-~") for path, name in artifacts.items()}
    places = {path: at for at, path in enumerate(uris)}
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "dock2nix",
                        "semanticVersion": __version__,
                        "rules": [_rule(code, rules.get(code, ""), tags) for code in codes],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "artifacts": [_artifact(uri, path) for path, uri in uris.items()],
                "results": [
                    _result(
                        one,
                        codes.index(one.code),
                        {"uri": uris[one.location.path], "index": places[one.location.path]},
                    )
                    for one in findings
                ],
                "properties": dict(properties),
            }
        ],
    }


def sarif_text(log: Mapping[str, Any]) -> str:
    """A log as indented JSON text."""
    return json_text(log)


def message_text(text: str) -> str:
    """Text as a plain message (3.11.5, 3.11.6): no link and no placeholder comes of what is quoted in it."""
    shown = _VARIABLE.sub(r"$\1", nix_comment(text))
    shown = shown.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
    return shown.replace("{", "{{").replace("}", "}}")


def _artifact(uri: str, path: str) -> dict[str, Any]:
    language = (
        {} if path.endswith((".nix", ".lock", ".json", ".toml", ".txt")) else {"sourceLanguage": "dockerfile"}
    )
    return {"location": {"uri": uri}, **language}


def _rule(code: str, reason: str, tags: Iterable[str]) -> dict[str, Any]:
    slug, severity, meaning = FINDING_CODES[code]
    rule: dict[str, Any] = {
        "id": code,
        "name": "".join(part.capitalize() for part in slug.split("-")),
        "shortDescription": {"text": meaning},
        "defaultConfiguration": {"level": _LEVELS[severity]},
        "properties": {"tags": list(tags)},
    }
    if reason:
        rule["fullDescription"] = {"text": reason}
        rule["help"] = {"text": reason}
    return rule


def _result(finding: Finding, index: int, artifact: Mapping[str, object]) -> dict[str, Any]:
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
                    "artifactLocation": dict(artifact),
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
