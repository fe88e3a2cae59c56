"""`dock2nix scan`: many Dockerfiles, one after the other or side by side."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from dock2nix.cli.progress import progress_bar
from dock2nix.emit.json_text import json_text
from dock2nix.errors import Dock2nixError, UsageError
from dock2nix.regex import regex

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Iterator

    from dock2nix.locking.base import Locker

_NAME = regex(r"(?:Dockerfile|Containerfile)(?:\..+)?|.+\.(?:Dockerfile|Containerfile|dockerfile)")
_SKIPPED = frozenset({".git", ".hg", ".svn", ".venv", "node_modules"})


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
    """Convert all; 1 when any needs a human or failed."""
    written = options.output is not None
    jobs = [
        Job(path, _output_for(path, options), options.python, written)
        for path in find_dockerfiles(options.paths)
    ]
    if not jobs:
        raise UsageError(f"no Dockerfile below {', '.join(str(path) for path in options.paths)}")
    with progress_bar(quiet=options.quiet) as progress:
        reports = _convert_all(jobs, options.jobs or os.cpu_count() or 1, progress)
    if options.json:
        _write_lines(options.json, reports)
    if not options.quiet:
        sys.stdout.write(ranking(reports))
    return int(any(report["result"] != "converted" for report in reports))


def find_dockerfiles(paths: Iterable[Path]) -> list[Path]:
    """The Dockerfiles named, and those below the folders named, sorted, each once.

    Raises:
        UsageError: a path does not exist.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            found.update(dict.fromkeys(sorted(_below(path))))
        elif path.is_file():
            found[path] = None
        else:
            raise UsageError(f"{path}: no such file or folder")
    return list(found)


def _below(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED)
        yield from (
            Path(parent) / name
            for name in names
            if _NAME.fullmatch(name) and not name.endswith(".dockerignore")
        )


def _output_for(path: Path, options: argparse.Namespace) -> Path | None:
    if options.output is None:
        return None
    for root in options.paths:
        if root.is_dir() and path.is_relative_to(root):
            relative = path.relative_to(root)
            folder = relative.parent if relative.name == "Dockerfile" else relative
            return Path(options.output) / folder
    return Path(options.output) / path.name


def _convert_all(
    jobs: list[Job], workers: int, progress: Callable[[str, int, int], None]
) -> list[dict[str, Any]]:
    """The reports in the order of the jobs, whatever the number of processes."""
    if workers <= 1 or len(jobs) == 1:
        results = map(convert_one, jobs)
        return list(_counted(results, len(jobs), progress))
    with ProcessPoolExecutor(max_workers=workers) as pool:
        return list(_counted(pool.map(convert_one, jobs, chunksize=4), len(jobs), progress))


def _counted(
    results: Iterable[dict[str, Any]], total: int, progress: Callable[[str, int, int], None]
) -> Iterator[dict[str, Any]]:
    for done, result in enumerate(results, 1):
        progress("converting", done, total)
        yield result


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


def _write_lines(path: Path, reports: list[dict[str, Any]]) -> None:
    lines = "".join(json_text(report, indent=None) for report in reports)
    try:
        path.write_text(lines, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from error


def left_to_do(report: dict[str, Any]) -> int:
    """How many packages and commands of a report still need a human."""
    coverage = report["coverage"]
    return int(
        coverage["requirements"]["total"]
        - coverage["requirements"]["resolved"]
        + coverage["commands"]["total"]
        - coverage["commands"]["accounted"]
    )


def ranking(reports: list[dict[str, Any]]) -> str:
    """The files with least left to do first, then the totals."""
    from dock2nix.emit.expression import nix_comment  # noqa: PLC0415

    rows = sorted(reports, key=lambda one: (one["result"] == "failed", left_to_do(one), one["dockerfile"]))
    lines = [f"{left_to_do(one):>5}  {one['result']:<12}  {nix_comment(one['dockerfile'])}" for one in rows]
    return "".join(f"{line}\n" for line in [" left  result        Dockerfile", *lines, totals(reports)])


def totals(reports: list[dict[str, Any]]) -> str:
    """One line: requirements resolved, commands accounted for, files with nothing left to do."""
    counts = {
        key: sum(report["coverage"][kind][key] for report in reports)
        for kind, keys in (("requirements", ("total", "resolved")), ("commands", ("accounted",)))
        for key in keys
    }
    commands = sum(report["coverage"]["commands"]["total"] for report in reports)
    converted = sum(report["result"] == "converted" for report in reports)
    failed = sum(report["result"] == "failed" for report in reports)
    return (
        f"{len(reports)} files: {converted} with nothing left to do, {failed} failed; "
        f"{counts['resolved']} of {counts['total']} packages resolved; "
        f"{counts['accounted']} of {commands} commands accounted for"
    )
