"""How long one conversion takes as a whole process, offline: the median over several runs of each sample."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 11
LIMIT = 0.25  # seconds
SAMPLES = Path(__file__).parents[1] / "samples"


def seconds(program: str, sample: Path) -> float:
    """One conversion of a fresh copy of a sample."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "context"
        shutil.copytree(sample, copy, ignore=shutil.ignore_patterns("expected"))
        start = time.perf_counter()
        subprocess.run(
            [program, copy / "Dockerfile", "--quiet", "--offline"], check=False, capture_output=True
        )
        return time.perf_counter() - start


def main() -> int:
    """Print the medians; 1 when one is over the limit."""
    program = shutil.which("dock2nix", path=str(Path(sys.executable).parent)) or "dock2nix"
    worst = 0.0
    for sample in sorted(path.parent for path in SAMPLES.glob("*/Dockerfile")):
        seconds(program, sample)
        median = statistics.median(seconds(program, sample) for _ in range(RUNS))
        worst = max(worst, median)
        print(f"{sample.name:<20} {median:.3f} s")
    print(f"{'slowest':<20} {worst:.3f} s (limit {LIMIT} s)")
    return int(worst > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
