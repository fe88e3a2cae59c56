"""nix/report.json, the form for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dock2nix.emit.json_text import json_text
from dock2nix.locking.image_config import config_data
from dock2nix.model.fileset import IgnoreRules
from dock2nix.model.image import CopyFiles
from dock2nix.report.model import requirement_row

if TYPE_CHECKING:
    from dock2nix.model.fileset import FilesetExclusion
    from dock2nix.model.finding import Finding
    from dock2nix.model.image import FlakeInput, Healthcheck
    from dock2nix.model.plan import ImagePlan
    from dock2nix.model.steps import ResolvedRequirement, Step
    from dock2nix.report.model import FetchedRow, Report, StageReport


def report_object(report: Report) -> dict[str, Any]:
    """The report as plain data, in the form documented for `nix/report.json`, version 1."""
    pin = report.plan.inputs[0]
    return {
        "version": 1,
        "dockerfile": report.dockerfile,
        "sha256": report.sha256,
        "result": report.result,
        "options": dict(report.options),
        "nixpkgs": _pin(pin),
        "inputs": {one.name: _pin(one) for one in report.plan.inputs[1:]},
        "stages": [_stage(stage) for stage in report.stages],
        "requirements": [_requirement(one) for one in report.requirements],
        "commands": [_command(step) for step in report.commands],
        "copies": [_copy(step) for step in report.copies],
        "fetched": [_fetched(one) for one in report.fetched],
        **_hashes(report),
        **_base(report),
        "image": {
            "name": report.plan.name,
            "tag": report.plan.tag,
            "builder": report.plan.builder,
            "config": config_object(report.plan),
            "lines": dict(report.places),
        },
        "findings": [finding_object(finding) for finding in report.findings],
        "coverage": {
            "requirements": {"total": len(report.requirements), "resolved": report.resolved_requirements},
            "commands": {"total": len(report.commands), "accounted": report.accounted_commands},
        },
        "files": list(report.files),
    }


def _hashes(report: Report) -> dict[str, Any]:
    """Hashes of what many addresses give, where there are any."""
    rows = [
        {"file": one.file, "line": one.line, "attribute": one.attribute, "of": one.of, "hash": one.hash}
        for one in report.hashes
    ]
    return {"hashes": rows} if rows else {}


def _base(report: Report) -> dict[str, Any]:
    """The published image that is kept, with what it says of itself."""
    kept = report.plan.kept
    if kept is None or kept.config is None:
        return {}
    said: dict[str, Any] = {
        "url": kept.address,
        "config": config_data(kept.config),
        "triggers": list(kept.triggers),
    }
    if kept.shell:
        said["shell"] = list(kept.shell)
    return {"base": said}


def report_text(report: Report) -> str:
    """`report_object` as indented JSON text."""
    return json_text(report_object(report))


def _pin(one: FlakeInput) -> dict[str, str]:
    return {"channel": one.channel, "rev": one.rev, "narHash": one.nar_hash}


def _stage(stage: StageReport) -> dict[str, Any]:
    return {
        "index": stage.index,
        "name": stage.name,
        "base": stage.base,
        "line": stage.line,
        "outcome": stage.outcome,
        "attributes": list(stage.attributes),
        "inputs": list(stage.inputs),
        "built": stage.built,
    }


def _requirement(one: ResolvedRequirement) -> dict[str, Any]:
    asked, row = one.requirement, requirement_row(one)
    return {
        "manager": asked.manager,
        "name": asked.name or asked.url,
        "specifier": asked.specifier,
        "stage": one.stage,
        "line": asked.location.first_line,
        "column": asked.location.first_column,
        "file": asked.origin,
        "outcome": str(one.outcome),
        "attributes": list(row.attributes),
        "outputs": list(row.outputs),
        "version": row.version,
        "origin": row.origin,
        "evidence": row.evidence,
        "hash": row.hash,
        **({"source": row.source} if row.source else {}),
        "reason": row.reason,
        "candidates": list(row.candidates),
    }


def _fetched(one: FetchedRow) -> dict[str, Any]:
    row: dict[str, Any] = {"url": one.url, "hash": one.hash, "line": one.line}
    if one.programs is not None:
        row["programs"] = {name: list(getattr(one.programs, name)) for name in one.programs.__struct_fields__}
    return row | ({"rev": one.rev, "submodules": one.submodules} if one.rev else {})


def _command(step: Step) -> dict[str, Any]:
    return {
        "stage": step.stage,
        "line": step.location.first_line,
        "column": step.location.first_column,
        "program": step.program,
        "text": step.text,
        "outcome": str(step.outcome),
        "reason": step.reason,
    }


def _copy(step: Step) -> dict[str, Any]:
    copied = [effect for effect in step.effects if isinstance(effect, CopyFiles)]
    return {
        "stage": step.stage,
        "line": step.location.first_line,
        "text": step.text,
        "outcome": str(step.outcome),
        "sources": [source.path for effect in copied for source in effect.sources],
        "ignored": sorted({name for effect in copied for one in effect.exclusions for name in _origins(one)}),
    }


def _origins(exclusion: FilesetExclusion) -> tuple[str, ...]:
    """The patterns that leave something out, as written, without their line."""
    found = [one.origin for one in (exclusion.rules if isinstance(exclusion, IgnoreRules) else (exclusion,))]
    return tuple(origin.rpartition(": ")[2] for origin in found)


def finding_object(finding: Finding) -> dict[str, Any]:
    """A finding as plain data."""
    return {
        "code": finding.code,
        "slug": finding.slug,
        "severity": str(finding.severity),
        "line": finding.location.first_line,
        "column": finding.location.first_column,
        "message": finding.message,
        "hint": finding.hint,
    }


def config_object(plan: ImagePlan) -> dict[str, Any]:
    """The image configuration with the keys of the OCI image specification; store paths as `${pkgs.attribute}`."""
    config = plan.config
    values: dict[str, Any] = {
        "Env": [
            f"{one.name}=" + "".join(part if type(part) is str else f"${{pkgs.{part}}}" for part in one.parts)
            for one in plan.environment
        ],
        "Entrypoint": _optional(config.entrypoint),
        "Cmd": _optional(config.cmd),
        "WorkingDir": config.working_dir or None,
        "User": config.user or None,
        "ExposedPorts": sorted(config.exposed_ports) or None,
        "Volumes": sorted(config.volumes) or None,
        "Labels": dict(sorted(config.labels)) or None,
        "StopSignal": config.stop_signal or None,
    }
    if config.healthcheck:
        values["Healthcheck"] = _healthcheck(config.healthcheck)
    return {key: value for key, value in values.items() if value is not None}


def _healthcheck(check: Healthcheck) -> dict[str, Any]:
    durations = {
        "Interval": check.interval,
        "Timeout": check.timeout,
        "StartPeriod": check.start_period,
        "StartInterval": check.start_interval,
        "Retries": check.retries,
    }
    return {"Test": list(check.test)} | {key: value for key, value in durations.items() if value}


def _optional(words: tuple[str, ...] | None) -> list[str] | None:
    return None if words is None else list(words)
