"""Convert every Dockerfile below a folder, check every file written, print the coverage.

usage: corpus.py CORPUS OUTPUT [nixpkgs | auto | lock]

The last word says where Python packages come from; `auto` and `lock` ask package indexes, and take their time.
"""

from __future__ import annotations

import collections
import json
import os
import shutil
import subprocess
import sys
import time
import traceback
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from dock2nix.cli.scan import Job, convert_one, find_dockerfiles, totals

SLOW = 5.0  # seconds a file may take
# How the reasons begin why addresses, archives and folders are not resolved: they are no names that nixpkgs could know.
NO_NAMES = ("a direct reference (", "an archive given by path (", "a folder (")
ROOT = Path(__file__).parents[1]


def timed(job: Job) -> tuple[dict[str, Any], float, str]:
    """The report of one file, the seconds it took, and the traceback if it crashed."""
    start = time.perf_counter()
    try:
        report, crash = convert_one(job), ""
    except Exception:  # noqa: BLE001 - a crash is what this looks for
        report, crash = {}, traceback.format_exc()
    return report, time.perf_counter() - start, crash


def unparsable(output: Path) -> list[str]:
    """The .nix files that Nix does not parse; every one if there is no Nix."""
    files = sorted(str(path) for path in output.rglob("*.nix"))
    program = next(
        (str(path) for path in sorted(ROOT.glob(".nix/*/bin/nix-instantiate"))),
        shutil.which("nix-instantiate"),
    )
    if program is None:
        return ["(no Nix here: nothing was parsed; see `make nix`)"]
    bad = []
    for start in range(0, len(files), 200):
        bad += _refused(program, files[start : start + 200])
    print(f"{len(files)} .nix files parsed by {program}")
    return bad


def _refused(program: str, files: list[str]) -> list[str]:
    command = [program, "--parse", "--store", "dummy://"]
    if subprocess.run([*command, *files], check=False, capture_output=True).returncode == 0:
        return []
    if len(files) == 1:
        return files
    half = len(files) // 2
    return _refused(program, files[:half]) + _refused(program, files[half:])


def most_frequent(reports: list[dict[str, Any]], kind: str) -> str:
    """What is left to do, by program or package, with the number of files it stands in."""
    files: dict[str, set[str]] = collections.defaultdict(set)
    for report in reports:
        for row in report[kind]:
            if row["outcome"] == "unresolved":
                name = (
                    row["program"] or "(shell)" if kind == "commands" else f"{row['manager']}:{row['name']}"
                )
                files[name].add(report["dockerfile"])
    ranked = sorted(files.items(), key=lambda item: (-len(item[1]), item[0]))[:60]
    return ", ".join(f"{name} {len(where)}" for name, where in ranked)


def by_manager(reports: list[dict[str, Any]]) -> str:
    """How many packages of each manager are resolved: with what became of them."""
    uses: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    nameless: collections.Counter[str] = collections.Counter()
    for report in reports:
        for row in report["requirements"]:
            uses[row["manager"]][row["outcome"]] += 1
            nameless[row["manager"]] += row["outcome"] == "unresolved" and row["reason"].startswith(NO_NAMES)
    lines = []
    for manager, counts in sorted(uses.items()):
        total = counts.total()
        share = 100 * (total - counts["unresolved"]) / total
        outcomes = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
        lines.append(f"{manager:>8}: {share:5.1f} % of {total} ({outcomes})")
        if nameless[manager]:
            named = total - nameless[manager]
            share = 100 * (total - counts["unresolved"]) / named
            lines.append(f"{'':>8}  {share:5.1f} % of the {named} names, without addresses and folders")
    return "\n".join(lines)


def main() -> int:
    """Print the figures; 1 on a crash, a file slower than the limit, or a .nix file that does not parse."""
    corpus, output = Path(sys.argv[1]), Path(sys.argv[2])
    python = sys.argv[3] if len(sys.argv) > 3 else "nixpkgs"
    shutil.rmtree(output, ignore_errors=True)
    jobs = [
        Job(path, output / path.relative_to(corpus).parent, python, libraries=False)
        for path in find_dockerfiles([corpus])
        if path.name == "Dockerfile"
    ]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(timed, jobs, chunksize=8))
    reports = [report for report, _, crash in results if not crash]
    crashes = [(job.path, crash) for job, (_, _, crash) in zip(jobs, results, strict=True) if crash]
    limit = SLOW if python == "nixpkgs" else float("inf")
    slow = [
        (job.path, seconds) for job, (_, seconds, _) in zip(jobs, results, strict=True) if seconds > limit
    ]
    output.mkdir(parents=True, exist_ok=True)
    (output / "reports.jsonl").write_text("".join(json.dumps(report) + "\n" for report in reports))
    bad = unparsable(output)
    print(totals(reports))
    print(by_manager(reports))
    print("results:", dict(collections.Counter(report["result"] for report in reports)))
    print("slowest:", f"{max(seconds for _, seconds, _ in results):.2f} s")
    print("commands left, by files:", most_frequent(reports, "commands"))
    print("packages left, by files:", most_frequent(reports, "requirements"))
    for path, crash in crashes:
        print(f"CRASH {path}\n{crash}")
    for path, seconds in slow:
        print(f"SLOW {path}: {seconds:.1f} s")
    for path in bad:
        print(f"DOES NOT PARSE {path}")
    return int(bool(crashes or slow or bad))


if __name__ == "__main__":
    sys.exit(main())
