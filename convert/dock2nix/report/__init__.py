"""The report: one object, written as Markdown, JSON, HTML and terminal text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dock2nix.emit.json_text import json_text
from dock2nix.model.dockerfile import ImageReference, Scratch, StageReference
from dock2nix.model.finding import Severity
from dock2nix.plan.choices import for_audit, ignore_findings
from dock2nix.plan.origins import current_packages
from dock2nix.report.data import report_object
from dock2nix.report.digests import line_digests, people_edit, text_digest
from dock2nix.report.markdown import markdown
from dock2nix.report.model import HashRow, Report, StageReport, stage_attributes
from dock2nix.report.places import configuration_places
from dock2nix.report.subjects import told_together

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dock2nix.catalogue.base import Catalogue
    from dock2nix.extract import StageSteps
    from dock2nix.model.annotation import Annotation
    from dock2nix.model.dockerfile import Dockerfile, Instruction, Stage
    from dock2nix.model.finding import Finding
    from dock2nix.model.plan import ImagePlan
    from dock2nix.model.steps import ResolvedRequirement

__all__ = ["HashRow", "Page", "Passed", "build_report", "report_files"]

REPORTS = ("nix/report.json", "nix/report.md")
PAGE = "nix/report.html"
_STRICTER = {
    Severity.INFO: Severity.WARNING,
    Severity.WARNING: Severity.ERROR,
    Severity.ERROR: Severity.ERROR,
}


class Page(Struct, frozen=True, kw_only=True):
    """What nix/report.html shows on its left: the text of the Dockerfile, and its instructions."""

    text: str
    instructions: tuple[Instruction, ...]


class Passed(Struct, frozen=True, kw_only=True):
    """What the passes made of a Dockerfile."""

    dockerfile: Dockerfile
    stages: tuple[Stage, ...]
    steps: tuple[StageSteps, ...]
    requirements: tuple[ResolvedRequirement, ...]
    plan: ImagePlan
    findings: tuple[Finding, ...]
    annotations: tuple[Annotation, ...] = ()
    options: tuple[tuple[str, object], ...] = ()
    hashes: tuple[HashRow, ...] = ()


def build_report(
    passed: Passed, files: Iterable[str], catalogue: Catalogue, *, strict: bool, page: bool = False
) -> Report:
    """All that the passes found, in one object.

    Args:
        passed: what they made.
        files: the paths of the generated files.
        catalogue: for what the base images hold.
        strict: take remarks as warnings and warnings as errors.
        page: nix/report.html is among the files.

    Returns:
        The report; its findings are sorted by place, each once, and those that say the same of several things are one.
    """
    needed = {one.stage for one in passed.steps}
    different = dict.fromkeys(passed.findings)
    strictly = tuple(_stricter(one) if strict else one for one in different)
    judged = ignore_findings(strictly, tuple(one for one in passed.annotations if not for_audit(one)))
    return Report(
        dockerfile=passed.plan.dockerfile,
        sha256=passed.dockerfile.sha256,
        plan=passed.plan,
        stages=tuple(
            _with_base(_stage(stage, catalogue, built=stage.index in needed), stage, passed)
            for stage in passed.stages
        ),
        requirements=passed.requirements,
        steps=tuple(step for one in passed.steps for step in one.steps),
        findings=told_together(sorted(judged.findings, key=_place)),
        excused=judged.excused,
        places=configuration_places(passed.stages, passed.steps),
        options=passed.options,
        hashes=passed.hashes,
        files=tuple(sorted((*files, *REPORTS, *((PAGE,) if page else ())))),
    )


def _place(finding: Finding) -> tuple[int, int, str, str]:
    return finding.location.first_line, finding.location.first_column, finding.code, finding.message


def _stricter(finding: Finding) -> Finding:
    return replace(finding, severity_override=_STRICTER[finding.severity])


def _stage(stage: Stage, catalogue: Catalogue, *, built: bool) -> StageReport:
    base = catalogue.base_image(stage.base) if isinstance(stage.base, ImageReference) else None
    outcomes = {Scratch: "nixpkgs", StageReference: "stage"}
    outcome = outcomes.get(type(stage.base), "nixpkgs" if base else "unresolved")
    attributes = stage_attributes(base)
    channel = base.channel if base else ""
    prefix = f"inputs.{catalogue.pin(channel).name}:" if channel else ""
    current = current_packages(base, catalogue)
    return StageReport(
        index=stage.index,
        name=stage.name,
        base=_base_text(stage),
        line=stage.location.first_line,
        outcome=outcome,
        attributes=tuple(path if path in current else f"{prefix}{path}" for path in attributes),
        inputs=(channel,) if channel else (),
        built=built,
    )


def _with_base(row: StageReport, stage: Stage, passed: Passed) -> StageReport:
    """The stage whose published base image is kept has no packages in its place."""
    kept = passed.plan.kept
    if kept is None or stage.location != kept.location:
        return row
    return replace(row, outcome="pulled", attributes=(), inputs=())


def _base_text(stage: Stage) -> str:
    match stage.base:
        case ImageReference():
            return stage.base.text
        case StageReference():
            return f"stage {stage.base.index}"
        case Scratch():
            return "scratch"


def report_files(report: Report, files: Mapping[str, str], page: Page | None = None) -> dict[str, str]:
    """The generated files with the reports; report.json holds digests of each, so that edits are noticed and kept.

    Args:
        report: all there is to say.
        files: the other generated files.
        page: the Dockerfile, when nix/report.html is wanted.
    """
    everything = dict(files) | {"nix/report.md": markdown(report)}
    if page is not None:
        from dock2nix.report.page import html_page  # noqa: PLC0415 - few conversions want one

        everything[PAGE] = html_page(report, files, page.text, page.instructions)
    texts = sorted(everything.items())
    digests = {path: text_digest(text) for path, text in texts}
    lines = {path: line_digests(text) for path, text in texts if people_edit(path)}
    data = report_object(report) | {"digests": digests, "lines": lines}
    everything["nix/report.json"] = json_text(data)
    return dict(sorted(everything.items()))
