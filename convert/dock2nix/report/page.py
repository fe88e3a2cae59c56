"""nix/report.html: the Dockerfile and what became of it side by side, for reviewers who do not speak Nix."""

from __future__ import annotations

import unicodedata
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from dock2nix.emit.page import fill_page
from dock2nix.model.finding import Severity
from dock2nix.model.steps import CommandOutcome, RequirementOutcome
from dock2nix.regex import regex
from dock2nix.report.links import linked_lines, named_lines
from dock2nix.report.markdown import VERDICTS, asked_for
from dock2nix.report.model import requirement_row
from dock2nix.report.subjects import summed_up

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dock2nix.model.dockerfile import Instruction
    from dock2nix.model.finding import Finding
    from dock2nix.model.steps import ResolvedRequirement, Step
    from dock2nix.report.model import Report

_FILES = {
    "nix/packages.nix": "What is installed. Each name is a package of nixpkgs, in the version that the pin below has.",
    "nix/build-packages.nix": "What only builds: compilers and headers. The image does not have these.",
    "nix/image.nix": "The image: which files go where, and how a container starts. What RUN and COPY did stands in the script.",
    "nix/base.nix": "The published base image, by digest.",
    "nix/python.nix": "The Python environment, each file fetched by its hash.",
    "nix/debs.nix": "Packages of the distribution that nixpkgs lacks, by hash.",
    "flake.nix": "The way in: which nixpkgs is used, and what `nix build` makes.",
    "nix/load.nix": "`nix run .#load` loads the image into docker or podman.",
    "nix/module.nix": "For hosts with NixOS: runs the image as a service.",
    "nix/shell.nix": "The development shell, `nix develop`.",
    "flake.lock": "The pin: one revision of nixpkgs, by hash. Whoever builds gets the same packages.",
}
_STAGE = "One stage of the Dockerfile that others copy from, built as a derivation: without network, by hash."
_KEYWORD = regex(r"\s*([A-Za-z]+)(?=\s|$)")
_REMARK = regex(r"(?:^|(?<= ))# .*")
_STATES = {
    "needs": ("!", "needs you"),
    "out": ("–", "left out"),
    "done": ("✓", "done"),
    "none": ("", ""),
}
_OUTCOMES = {
    CommandOutcome.TRANSLATED: ("done", "done in Nix"),
    CommandOutcome.SCRIPT: ("done", "runs as it stands, without network"),
    CommandOutcome.NOT_NEEDED: ("out", "left out"),
    CommandOutcome.UNRESOLVED: ("needs", "needs you"),
}
_REQUIREMENTS = {
    RequirementOutcome.NIXPKGS: ("done", "from nixpkgs"),
    RequirementOutcome.LOCKED: ("done", "fetched by hash"),
    RequirementOutcome.BUILD_ONLY: ("done", "for building only"),
    RequirementOutcome.NOT_NEEDED: ("out", "left out"),
    RequirementOutcome.UNRESOLVED: ("needs", "needs you"),
}
_SEVERITIES = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "remark"}


class _Parts(Struct, frozen=True, kw_only=True):
    """An instruction and what the report says of its lines."""

    instruction: Instruction
    steps: tuple[Step, ...]
    requirements: tuple[ResolvedRequirement, ...]
    findings: tuple[Finding, ...]
    keys: tuple[str, ...]
    base: tuple[str, ...]


def html_page(
    report: Report, files: Mapping[str, str], text: str, instructions: tuple[Instruction, ...]
) -> str:
    """The page: one document that needs nothing else.

    Args:
        report: all there is to say.
        files: path → text of the generated files.
        text: the Dockerfile.
        instructions: as BuildKit reads them.

    Returns:
        HTML in which no text of the Dockerfile is markup: every value is escaped by the template, and a policy in the page lets
        run and load nothing but the one script and the one style sheet whose hashes it has.
    """
    parts = tuple(_parts(report, one) for one in instructions)
    owners = {
        line: one.instruction.location.first_line
        for one in parts
        for line in range(one.instruction.location.first_line, one.instruction.location.last_line + 1)
    }
    shown = [_file(number, path, files[path], report, parts) for number, path in enumerate(_order(files), 1)]
    lines = text.replace("\r\n", "\n").removesuffix("\n").split("\n")
    return fill_page(
        "report.html.jinja",
        {
            "name": visible(report.dockerfile),
            "verdict": VERDICTS[report.result],
            "badge": VERDICTS[report.result].split(":")[0],
            "result": report.result,
            "counts": _counts(report),
            "needed": [_finding(one) for one in summed_up(report.findings) if _is_open(one)],
            "dockerfile": _dockerfile(lines, parts, owners),
            "files": shown,
            "evidence": [_evidence(one, shown) for one in parts],
            "pins": [
                {"name": visible(one.name), "channel": one.channel, "rev": one.rev, "hash": one.nar_hash}
                for one in report.plan.inputs
            ],
        },
    )


def visible(text: str) -> str:
    """Text in which nothing hides: signs that are not seen, or that turn the direction of others, are named by their number."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(sign) for sign in text)


def _shown(sign: str) -> str:
    hidden = unicodedata.category(sign) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} and sign != "\t"
    return f"⟨U+{ord(sign):04X}⟩" if hidden else sign


def _is_open(finding: Finding) -> bool:
    return finding.severity is not Severity.INFO


def _counts(report: Report) -> list[dict[str, Any]]:
    commands = report.commands
    pinned = len(report.fetched) + len(report.plan.inputs)
    return [
        {"value": f"{report.resolved_requirements} / {len(report.requirements)}", "of": "packages resolved"},
        {"value": f"{report.accounted_commands} / {len(commands)}", "of": "commands accounted for"},
        {"value": str(pinned), "of": "inputs pinned by hash"},
    ]


def _parts(report: Report, instruction: Instruction) -> _Parts:
    place = instruction.location

    def inside(line: int) -> bool:
        return place.first_line <= line <= place.last_line

    return _Parts(
        instruction=instruction,
        steps=tuple(one for one in report.steps if inside(one.location.first_line)),
        requirements=tuple(one for one in report.requirements if inside(one.requirement.location.first_line)),
        findings=tuple(one for one in report.findings if inside(one.location.first_line)),
        keys=tuple(key for key, line in report.places if inside(line)),
        base=tuple(name for one in report.stages if inside(one.line) for name in one.attributes),
    )


# --- the Dockerfile ----------------------------------------------------------------------------------------------------------


def _dockerfile(
    lines: list[str], parts: tuple[_Parts, ...], owners: Mapping[int, int]
) -> list[dict[str, Any]]:
    states = _states(parts)
    return [
        _dockerfile_line(number, line, states.get(number, "none"), owners.get(number, 0))
        for number, line in enumerate(lines, 1)
    ]


def _dockerfile_line(number: int, line: str, state: str, owner: int) -> dict[str, Any]:
    sign, word = _STATES[state]
    keyword = _KEYWORD.match(line) if owner == number else None
    cut = keyword.end() if keyword else 0
    remark = owner == 0 and line.lstrip().startswith("#")
    return {
        "number": number,
        "keyword": visible(line[:cut]),
        "text": "" if remark else visible(line[cut:]),
        "remark": visible(line) if remark else "",
        "state": state,
        "sign": sign,
        "word": word,
        "owner": owner,
    }


def _states(parts: tuple[_Parts, ...]) -> dict[int, str]:
    """What became of each line that says something: the worst of what is said of it."""
    order = ("none", "out", "done", "needs")
    found: dict[int, str] = {}
    for line, state in (pair for one in parts for pair in _line_states(one)):
        found[line] = max(found.get(line, "none"), state, key=order.index)
    return found


def _line_states(parts: _Parts) -> Iterator[tuple[int, str]]:
    if not parts.steps:
        yield parts.instruction.location.first_line, "done"
    for step in parts.steps:
        yield step.location.first_line, _OUTCOMES[step.outcome][0]
    for one in parts.requirements:
        yield one.requirement.location.first_line, _REQUIREMENTS[one.outcome][0]
    for finding in filter(_is_open, parts.findings):
        yield finding.location.first_line, "needs"


# --- the generated files -----------------------------------------------------------------------------------------------------


def _order(files: Mapping[str, str]) -> list[str]:
    """The files that are read, those first that say most; what programs read is left out, but for the pin."""
    nix = [path for path in files if path.endswith(".nix") or path == "flake.lock"]
    known = list(_FILES)
    return sorted(
        nix,
        key=lambda path: (known.index(path) if path in known else known.index("nix/image.nix") + 0.5, path),
    )


def _file(index: int, path: str, text: str, report: Report, parts: tuple[_Parts, ...]) -> dict[str, Any]:
    lines = text.removesuffix("\n").split("\n")
    links = (0,) * len(lines)
    if path.endswith(".nix"):
        places = dict(report.places) if path == "nix/image.nix" else {}
        links = named_lines("\n".join(lines), linked_lines("\n".join(lines), places), _asked(parts))
    return {
        "path": path,
        "about": _FILES.get(path, _STAGE),
        "open": any(links),
        "lines": [
            _nix_line(f"f{index}-{number}", line, link)
            for number, (line, link) in enumerate(zip(lines, links, strict=True), 1)
        ],
    }


def _nix_line(name: str, line: str, link: int) -> dict[str, Any]:
    match = _REMARK.search(line)
    cut = match.start() if match else len(line)
    return {
        "id": name,
        "number": int(name.rpartition("-")[2]),
        "text": visible(line[:cut]),
        "remark": visible(line[cut:]),
        "link": link or "",
        "open": "# UNRESOLVED" in line,
    }


def _asked(parts: Iterable[_Parts]) -> dict[tuple[int, str], int]:
    """(the line of a command, the name of a package) → the line that names it."""
    return {
        (step.location.first_line, one.requirement.name): one.requirement.location.first_line
        for part in parts
        for step in part.steps
        for one in part.requirements
        if step.location.first_line <= one.requirement.location.first_line <= step.location.last_line
    }


# --- the evidence ------------------------------------------------------------------------------------------------------------


def _evidence(parts: _Parts, shown: list[dict[str, Any]]) -> dict[str, Any]:
    place = parts.instruction.location
    first, last = place.first_line, place.last_line
    return {
        "line": first,
        "title": f"{visible(parts.instruction.keyword)}, line {first}" if first == last
        else f"{visible(parts.instruction.keyword)}, lines {first}–{last}",
        "packages": [_package(one) for one in parts.requirements],
        "steps": [_step(one) for one in parts.steps],
        "findings": [_finding(one) for one in parts.findings],
        "sets": _sentence("Sets", parts.keys),
        "places": _places(shown, first, last),
        "base": _sentence("In place of the base image's own files:", parts.base),
    }  # fmt: skip


def _places(shown: list[dict[str, Any]], first: int, last: int) -> list[dict[str, str]]:
    """Where in the generated files the lines stand that are for these of the Dockerfile: the first of each run of them."""
    return [
        {"id": line["id"], "text": f"{file['path']}:{line['number']}"}
        for file in shown
        for before, line in pairwise([{"link": 0}, *file["lines"]])
        if line["link"] and first <= line["link"] <= last and not first <= (before["link"] or 0) <= last
    ]


def _sentence(start: str, names: tuple[str, ...]) -> str:
    return f"{start} {visible(', '.join(names))}." if names else ""


def _package(one: ResolvedRequirement) -> dict[str, Any]:
    row = requirement_row(one)
    state, word = _REQUIREMENTS[one.outcome]
    nearest = f"nearest: {', '.join(row.candidates)}" if row.candidates else ""
    return {
        "asked": visible(asked_for(one.requirement)),
        "line": one.requirement.location.first_line,
        "state": state,
        "word": word,
        "attributes": visible(", ".join(row.attributes)),
        "version": visible(row.version),
        "because": visible("; ".join(filter(None, (row.reason or row.evidence, nearest)))),
    }


def _step(step: Step) -> dict[str, Any]:
    state, word = _OUTCOMES[step.outcome]
    return {
        "text": visible(step.text.replace("\n", " ")),
        "line": step.location.first_line,
        "state": state,
        "word": word,
        "reason": visible(step.reason),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "line": finding.location.first_line,
        "severity": _SEVERITIES[finding.severity],
        "state": "needs" if _is_open(finding) else "out",
        "code": finding.code,
        "message": visible(finding.message),
        "hint": visible(finding.hint),
    }
