"""nix/report.md: what a reviewer reads in the pull request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dock2nix.emit.expression import nix_comment
from dock2nix.model.finding import Severity
from dock2nix.model.image import RunScript
from dock2nix.model.steps import CommandOutcome, RequirementOutcome
from dock2nix.regex import regex
from dock2nix.report.model import requirement_row
from dock2nix.report.subjects import summed_up

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dock2nix.model.finding import Finding
    from dock2nix.model.packages import Requirement
    from dock2nix.model.steps import ResolvedRequirement, Step
    from dock2nix.report.model import Report

_SPECIAL = regex(r"([\\`*_\[\]<>|~&])")
CONVERTED, NEEDS_REVIEW = "converted", "needs-review"
VERDICTS = {
    CONVERTED: "Converted: nothing is left to look at.",
    NEEDS_REVIEW: "Converted in part: the points below need you before the image is complete.",
    "unsupported": "Not supported: this image is built by a shell that dock2nix does not read.",
}

_FINDINGS = "## Needs you\n\n"
_REMARKS = "## Good to know\n\n"


def markdown(report: Report) -> str:
    """The report as GitHub-flavoured Markdown: verdict, what needs a human, packages with evidence, what was left out, remarks."""
    parts = [
        f"# {escape(report.dockerfile)} → Nix\n",
        _verdict(report),
        _findings(report.findings),
        _packages(report.requirements),
        _verbatim(report),
        _left_out(report),
        _remarks(report.findings),
        _pins(report),
    ]
    return "\n".join(part for part in parts if part)


def escape(text: str) -> str:
    """Text that Markdown and HTML show as it is, on one line."""
    return _SPECIAL.sub(r"\\\1", nix_comment(text))


def code(text: str) -> str:
    """Text as inline code, whatever back-ticks it holds (CommonMark, "Code spans"); `|` is escaped for tables."""
    shown = nix_comment(text).replace("|", "\\|")
    longest = max((len(run) for run in re.findall(r"`+", shown)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest else ""
    return f"{fence}{pad}{shown}{pad}{fence}" if shown else ""


def _verdict(report: Report) -> str:
    total, commands = len(report.requirements), report.commands
    return (
        f"**{VERDICTS[report.result]}**\n\n"
        f"{report.resolved_requirements} of {total} packages resolved, "
        f"{report.accounted_commands} of {len(commands)} commands accounted for.\n"
    )


def _findings(findings: tuple[Finding, ...]) -> str:
    return _listed(_FINDINGS, (one for one in findings if one.severity is not Severity.INFO))


def _remarks(findings: tuple[Finding, ...]) -> str:
    return _listed(_REMARKS, (one for one in findings if one.severity is Severity.INFO))


def _listed(title: str, findings: Iterable[Finding]) -> str:
    rows = [
        finding_lines(one.location.first_line, one.message, one.slug, one.hint) for one in summed_up(findings)
    ]
    return title + "\n".join(rows) + "\n" if rows else ""


def finding_lines(line: int, message: str, slug: str, hint: str) -> str:
    """A finding as the report shows it."""
    return f"- line {line}: {escape(message)} ({slug})" + (f"  \n  {escape(hint)}" if hint else "")


def findings_title(text: str, result: str) -> str:
    """A report some of whose findings were taken out: no heading above nothing, and the verdict that is true now.

    Args:
        text: the report.
        result: what it is to say: converted, needs-review.
    """
    text = text.replace(f"{_FINDINGS}\n", "", 1)
    for other, verdict in VERDICTS.items():
        if other != result and result in VERDICTS:
            text = text.replace(f"**{verdict}**", f"**{VERDICTS[result]}**", 1)
    return text


def _packages(requirements: tuple[ResolvedRequirement, ...]) -> str:
    kept = [
        one
        for one in requirements
        if one.outcome
        in {RequirementOutcome.NIXPKGS, RequirementOutcome.LOCKED, RequirementOutcome.BUILD_ONLY}
    ]
    if not kept:
        return ""
    return "## Packages\n\n" + _table(
        ("line", "asked for", "nixpkgs", "version", "because"), map(_package_row, kept)
    )


def _package_row(one: ResolvedRequirement) -> tuple[str, ...]:
    row = requirement_row(one)
    outputs = [f".{output}" for output in row.outputs]
    attributes = ", ".join(code(attribute + (outputs[0] if outputs else "")) for attribute in row.attributes)
    building = " (for building only)" if one.outcome is RequirementOutcome.BUILD_ONLY else ""
    return (
        str(one.requirement.location.first_line),
        code(asked_for(one.requirement)),
        attributes + building or "fetched by hash",
        escape(row.version),
        escape(row.evidence),
    )


def asked_for(asked: Requirement) -> str:
    """`apt libpq5`, `npm express@^4`: as the manager itself would write it."""
    at = "@" if asked.manager == "npm" and asked.specifier and not asked.specifier.startswith("@") else ""
    return f"{asked.manager} {asked.name or asked.url}{at}{asked.specifier}"


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _verbatim(report: Report) -> str:
    """What runs as it stands: nobody has looked into it further than to see that it needs no network."""
    scripts = [effect for effect in report.plan.effects if isinstance(effect, RunScript)]
    if not scripts:
        return ""
    rows = (
        (
            str(one.location.first_line),
            code(_cut(one.text)),
            code(", ".join(one.programs)),
            code(one.directory),
        )
        for one in scripts
    )
    return (
        "## Runs verbatim\n\nThese commands have no translation. They run as they stand, without network, when Nix builds the "
        "image: in the image itself, with the programs that it has.\n\n"
        + _table(("line", "command", "programs", "in"), rows)
    )


def _cut(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"


def _left_out(report: Report) -> str:
    names = [
        (str(one.requirement.location.first_line), code(one.requirement.name), escape(one.reason))
        for one in report.requirements
        if one.outcome is RequirementOutcome.NOT_NEEDED
    ]
    commands = [
        (str(step.location.first_line), code(_short(step)), escape(step.reason))
        for step in report.commands
        if step.outcome is CommandOutcome.NOT_NEEDED
    ]
    if not (names or commands):
        return ""
    rows = _table(("line", "left out", "why"), dict.fromkeys(names + commands))
    return f"## Left out\n\n<details><summary>{len(names) + len(commands)} words without meaning in a Nix image</summary>\n\n{rows}\n</details>\n"


def _short(step: Step) -> str:
    return _cut(step.text)


def _pins(report: Report) -> str:
    rows = (
        f"- {code(pin.name)}: {escape(pin.channel)}, revision {code(pin.rev)}, {code(pin.nar_hash)}\n"
        for pin in report.plan.inputs
    )
    return "## Pins\n\n" + "".join(rows)
