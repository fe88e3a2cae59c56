"""Convert thousands of Dockerfiles that mean harm, and say whatever does not hold of what comes of them.

usage: hostile.py [COUNT] [SEED] [FOLDER]

The same count and seed give the same Dockerfiles. Each is converted twice: by processes whose hashes differ. Those with which
something is wrong are kept in FOLDER (build/hostile), with what it is; every .nix file is parsed by Nix, where there is one.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import traceback
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "convert"), str(ROOT / "tests"), str(ROOT / "scripts")]

SECONDS = 20  # one Dockerfile may take, machine busy or not
CHUNK = 250


class HungError(BaseException):
    """One Dockerfile took too long; no `except Exception` keeps it."""


def _hung(*_: object) -> None:
    raise HungError


def examine(content: bytes, context: Path) -> tuple[list[str], dict[str, str], str]:
    """Faults, .nix files and a digest of everything that was made of one Dockerfile."""
    from hostile_lab import converted, documents, faults, unaccounted

    signal.signal(signal.SIGALRM, _hung)
    signal.alarm(SECONDS)
    try:
        done = converted(content, context)
        texts = {"message": done} if isinstance(done, str) else documents(content, context, done) | done.files
        found = [*faults({k: v for k, v in texts.items() if k != "message"})]
        found += [] if isinstance(done, str) else unaccounted(done)
    except HungError:
        return [f"took more than {SECONDS} s"], {}, ""
    except Exception:  # noqa: BLE001 - a crash is what this looks for
        return [traceback.format_exc()], {}, ""
    finally:
        signal.alarm(0)
    digest = hashlib.sha256(json.dumps(texts, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()
    return found, {name: text for name, text in texts.items() if name.endswith(".nix")}, digest


def generate(seed: int, count: int) -> list[bytes]:
    """Dockerfiles; the same for the same seed."""
    import hypothesis

    from hostile_lab import dockerfiles

    made: list[bytes] = []

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(dockerfiles)
    def collect(content: bytes) -> None:
        made.append(content)

    collect()
    return made


def work(arguments: tuple[int, int, str]) -> list[tuple[str, list[str], str]]:
    """Examine a chunk: (Dockerfile in hexadecimal, faults, digest); .nix files go to the folder, each text once."""
    seed, count, folder = arguments
    context = Path(folder) / "context"
    results = []
    for content in generate(seed, count):
        found, files, digest = examine(content, context)
        for text in files.values():
            path = Path(folder) / "nix" / f"{hashlib.sha256(text.encode()).hexdigest()}.nix"
            path.write_text(text, encoding="utf-8")
        results.append((content.hex(), found, digest))
    return results


def again(chunk: list[str], folder: Path) -> list[str]:
    """The digests of Dockerfiles by a new process with other hashes."""
    environment = os.environ | {"PYTHONHASHSEED": "4711"}
    command = [sys.executable, __file__, "--digests", str(folder / "context")]
    done = subprocess.run(
        command, input="\n".join(chunk), capture_output=True, text=True, check=True, env=environment
    )
    return done.stdout.splitlines()


def _digests(context: Path) -> int:
    for line in sys.stdin.read().splitlines():
        print(examine(bytes.fromhex(line), context)[2])
    return 0


def main() -> int:
    """Print each kind of fault with the shortest Dockerfile that shows it; 1 when there is any."""
    if sys.argv[1:2] == ["--digests"]:
        return _digests(Path(sys.argv[2]))
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    folder = Path(sys.argv[3] if len(sys.argv) > 3 else ROOT / "build/hostile").absolute()
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "nix").mkdir(parents=True)
    from hostile_lab import make_context

    make_context(folder / "context")
    before = _tree(folder / "context")
    chunks = [(first + at, min(CHUNK, count - at), str(folder)) for at in range(0, count, CHUNK)]
    total, kinds = 0, {}
    with ProcessPoolExecutor(min(len(chunks), os.cpu_count() or 1)) as pool:
        for results in pool.map(work, chunks):
            total += len(results)
            second = again([content for content, _, _ in results], folder)
            for (content, found, digest), other in zip(results, second, strict=True):
                odd = [] if digest == other else ["differs in a second run"]
                for fault in found + odd:
                    _keep(kinds, fault, bytes.fromhex(content))
            print(f"{total} Dockerfiles, {len(kinds)} kinds of faults", flush=True)
    if _tree(folder / "context") != before:
        _keep(kinds, "the context was changed", b"")
    from corpus import unparsable

    for path in unparsable(folder / "nix"):
        _keep(kinds, f"{path}: does not parse", b"")
    _tell(kinds, folder)
    return int(bool(kinds))


def _keep(kinds: dict[str, tuple[str, bytes]], fault: str, content: bytes) -> None:
    kind = "".join(fault.strip().splitlines()[-3:]) if fault.startswith("Traceback") else fault[:60]
    if kind not in kinds or len(content) < len(kinds[kind][1]):
        kinds[kind] = fault, content


def _tell(kinds: dict[str, tuple[str, bytes]], folder: Path) -> None:
    for number, (fault, content) in enumerate(kinds.values()):
        (folder / f"fault-{number}.Dockerfile").write_bytes(content)
        (folder / f"fault-{number}.txt").write_text(fault, encoding="utf-8", errors="replace")
        print(f"--- fault-{number}: {fault[-1500:]!a}\n{content[:400]!r}")


def _tree(folder: Path) -> list[Any]:
    return sorted((str(path), path.lstat().st_mode, path.lstat().st_mtime_ns) for path in folder.rglob("*"))


if __name__ == "__main__":
    sys.exit(main())
