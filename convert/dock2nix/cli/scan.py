"""`dock2nix scan`: many Dockerfiles, one after the other or side by side."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from dock2nix.cli.documents import deliver
from dock2nix.cli.progress import progress_bar
from dock2nix.cli.scan_paths import find_dockerfiles, listed_paths
from dock2nix.cli.scan_pool import Limits, run_all
from dock2nix.emit.json_text import json_text
from dock2nix.errors import Dock2nixError, UsageError
from dock2nix.review.fleet import fleet_markdown, fleet_text, sum_up, totals

if TYPE_CHECKING:
    import argparse

    from dock2nix.cli.scan_pool import Outcome
    from dock2nix.locking.base import Locker
    from dock2nix.review.fleet import Fleet

__all__ = ["Job", "convert_one", "find_dockerfiles", "run", "totals"]

_MOST_SHOWN = 40


class Job(Struct, frozen=True):
    """One Dockerfile to convert; `output` None: nothing is written.

    `python` is where its Python packages come from: nixpkgs, auto or lock. `libraries`: wheels are downloaded to see what they
    link to, which only the written files need.
    """

    path: Path
    output: Path | None
    python: str = "nixpkgs"
    libraries: bool = True


def run(options: argparse.Namespace) -> int:
    """Convert all; 1 when any needs a human or failed; 2 when it was interrupted, with what was done by then."""
    written = options.output is not None
    paths = _asked_paths(options)
    jobs = [
        Job(path, _output_for(path, paths, options.output), options.python, written)
        for path in find_dockerfiles(paths, ignored=options.no_ignore)
    ]
    if not jobs:
        raise UsageError(f"no Dockerfile below {', '.join(str(path) for path in paths)}")
    outcome = _convert_all(jobs, options)
    reports = list(outcome.results)
    fleet = sum_up(reports)
    _write(options, reports, fleet)
    if not options.quiet:
        sys.stdout.write(fleet_text(fleet, most=0 if options.all else _MOST_SHOWN))
    if outcome.interrupted:
        print(f"dock2nix: interrupted: {len(reports)} of {len(jobs)} are done and kept", file=sys.stderr)  # noqa: T201
        return 2
    return int(any(report["result"] != "converted" for report in reports))


def _asked_paths(options: argparse.Namespace) -> list[Path]:
    """What is named, what standard input names (`-`), and what is in a list."""
    named = [one for path in options.paths for one in (listed_paths("-") if str(path) == "-" else [path])]
    if options.list:
        named += listed_paths(options.list)
    if not named:
        raise UsageError("name Dockerfiles or folders, give a --list, or - for a list on standard input")
    return named


def _write(options: argparse.Namespace, reports: list[dict[str, Any]], fleet: Fleet) -> None:
    if options.json:
        deliver("".join(json_text(report, indent=None) for report in reports), options.json)
    if options.markdown:
        deliver(fleet_markdown(fleet), options.markdown)
    if options.html:
        from dock2nix.review.fleet_page import fleet_page  # noqa: PLC0415 - few runs make a page

        deliver(fleet_page(fleet), options.html)


def _output_for(path: Path, roots: list[Path], output: Path | None) -> Path | None:
    if output is None:
        return None
    for root in roots:
        if root.is_dir() and path.is_relative_to(root):
            relative = path.relative_to(root)
            return output / (relative.parent if relative.name == "Dockerfile" else relative)
    # one that was named itself keeps its path, as far as it leads nowhere else: many are called Dockerfile
    parts = [part for part in path.parts if part not in {path.anchor, ".."}]
    named = Path(*parts)
    return output / (named.parent if named.name == "Dockerfile" and len(parts) > 1 else named)


def _convert_all(jobs: list[Job], options: argparse.Namespace) -> Outcome[dict[str, Any]]:
    import dock2nix.pipeline  # noqa: F401, PLC0415 - once here, instead of once in each process

    limits = Limits(
        workers=min(options.jobs or os.cpu_count() or 1, len(jobs)),
        seconds=options.timeout,
        megabytes=options.memory,
    )
    with progress_bar(quiet=options.quiet) as progress:
        return run_all(jobs, convert_one, _stopped, limits, progress)


def _stopped(job: Job, reason: str) -> dict[str, Any]:
    return _failed(job.path, reason, 1, 1, "D2N001")


def convert_one(job: Job) -> dict[str, Any]:
    """The report of one Dockerfile as plain data; a file that cannot be converted has the result `failed`."""
    from dock2nix.output import write_files  # noqa: PLC0415 - loaded in the worker processes

    try:
        conversion, data = _convert(job)
        if job.output is not None:
            write_files(job.output, conversion, force=False)
    except Dock2nixError as error:
        return _failed(
            job.path, str(error), getattr(error, "line", 1), getattr(error, "column", 1), error.code
        )
    except RecursionError:
        return _failed(job.path, "nested too deeply", 1, 1, "D2N001")
    return data | {"dockerfile": job.path.as_posix()}


def _convert(job: Job) -> tuple[dict[str, str], dict[str, Any]]:
    from dock2nix.catalogue.local import LocalCatalogue  # noqa: PLC0415
    from dock2nix.cli.convert import overrides_file  # noqa: PLC0415
    from dock2nix.cli.sources import image_name, read_source, shown_name  # noqa: PLC0415
    from dock2nix.pipeline import Options, convert  # noqa: PLC0415
    from dock2nix.plan import ImageSettings  # noqa: PLC0415
    from dock2nix.report.data import report_object  # noqa: PLC0415

    source = read_source(str(job.path), scan_context(job.path))
    settings = ImageSettings(name=image_name(source.context), dockerfile=shown_name(source))
    conversion = convert(
        source,
        Options(image=settings, python=job.python),
        LocalCatalogue(overrides=overrides_file(None, source.context)),
        lambda: _locker(job),
    )
    return dict(conversion.files), report_object(conversion.report)


def _locker(job: Job) -> Locker:
    from dock2nix.locking.base import ResolvingLocker  # noqa: PLC0415 - few files need a lock
    from dock2nix.locking.uv import find_locker  # noqa: PLC0415

    locker = find_locker(offline=False)
    return locker if job.libraries else ResolvingLocker(locker)


def scan_context(path: Path) -> Path:
    """The nearest ancestor folder in which the COPY sources exist: the build context most likely meant."""
    from dock2nix.cli.sources import read_source  # noqa: PLC0415
    from dock2nix.parse.context import nearest_context  # noqa: PLC0415
    from dock2nix.parse.dockerfile import parse_dockerfile  # noqa: PLC0415

    source = read_source(str(path), None)
    parsed = parse_dockerfile(source.content, source.path).value
    sources = (
        word
        for one in parsed.instructions
        if one.keyword in {"COPY", "ADD"} and not any(flag.startswith("--from") for flag in one.flags)
        for word in one.arguments[:-1]
        if not word.startswith("<<") and "$" not in word and "://" not in word
    )
    return nearest_context(path, tuple(sources))


def _failed(path: Path, message: str, line: int, column: int, code: str) -> dict[str, Any]:
    """The row of a file that could not be converted, with the same keys as every other."""
    from dock2nix.model.finding import FINDING_CODES  # noqa: PLC0415

    slug = FINDING_CODES[code][0] if code in FINDING_CODES else "failed"
    finding = {
        "code": code,
        "slug": slug,
        "severity": "error",
        "line": line,
        "column": column,
        "message": message,
    }
    return {
        "version": 1,
        "dockerfile": path.as_posix(),
        "sha256": "",
        "result": "failed",
        "nixpkgs": {},
        "stages": [],
        "requirements": [],
        "commands": [],
        "fetched": [],
        "image": {},
        "findings": [finding | {"hint": ""}],
        "coverage": {
            "requirements": {"total": 0, "resolved": 0},
            "commands": {"total": 0, "accounted": 0},
        },
        "files": [],
    }
