"""Lock the Python environments of Dockerfiles and compare them with what pip resolves for them in a clean environment.

usage: compare_with_pip.py OUTPUT.json DOCKERFILE...

Three things are compared: names and versions with `pip install --dry-run --report` of the Dockerfile's own arguments; hashes with
the index (pip takes every file by the hash of the lock alone); and, shown for a look, the libraries that wheels are given. pip runs
on an interpreter of the lock's version, which uv has to find on this machine, and takes wheels only: it runs nothing of a package.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import tomli

ROOT = Path(__file__).parents[1]
# Options of pip that do not decide what is installed.
IDLE = {
    "--no-cache-dir",
    "--no-cache",
    "--user",
    "--upgrade",
    "-U",
    "--no-warn-script-location",
    "-q",
    "--quiet",
    "--system",
}
CLEAN = {"PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
LOOKED_AT = ("numpy", "pandas", "psycopg2-binary", "lxml", "cryptography", "grpcio")


def main(output: str, dockerfiles: list[str]) -> int:
    """Compare them one after the other; the exit code is 1 when one differs."""
    rows = []
    for name in dockerfiles:
        rows.append(compared(Path(name)))
        print(shown(rows[-1]), flush=True)
    Path(output).write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return int(any(not row["same"] for row in rows))


def compared(dockerfile: Path) -> dict[str, Any]:
    """What the lock of one Dockerfile and pip say."""
    with tempfile.TemporaryDirectory() as name:
        context = Path(name) / "context"
        shutil.copytree(dockerfile.parent, context, symlinks=True)
        lock, report = locked(context / dockerfile.name)
        row: dict[str, Any] = {"name": dockerfile.parent.name, "same": False, "locked": len(lock)}
        if not lock:
            told = (one["message"] for one in report.get("findings", ()) if one["code"] == "D2N231")
            return row | {"reason": next(told, "no lock is needed, or it could not be converted")}
        ours = {one["name"]: one["version"] for one in lock}
        python = tomli.loads((context / "nix/pylock.toml").read_text())["requires-python"][2:-2]
        pip = environment(Path(name) / "venv", python)
        if not pip:
            return row | {"reason": f"uv finds no Python {python} on this machine"}
        theirs = resolved(pip, arguments(report, context), context)
        if isinstance(theirs, str):
            return row | {"reason": theirs}
        different = {
            one: (ours.get(one, "-"), theirs.get(one, "-"))
            for one in sorted(ours.keys() | theirs.keys())
            if ours.get(one) != theirs.get(one)
        }
        wrong = refused_hashes(pip, lock, context)
        libraries = {one["name"]: needs(one) for one in lock if one["name"] in LOOKED_AT}
        return row | {
            "python": python,
            "pip": len(theirs),
            "different": different,
            "hashes": wrong or "all accepted",
            "libraries": libraries,
            "same": not different and not wrong,
        }


def needs(one: dict[str, Any]) -> list[str]:
    """The libraries that a distribution is to be given."""
    return list(one.get("tool", {}).get("dock2nix", {}).get("needs", ()))


def locked(dockerfile: Path) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The packages of the lock, and the report."""
    command = [
        sys.executable,
        "-m",
        "dock2nix",
        str(dockerfile),
        "--python",
        "lock",
        "--platform",
        "linux/amd64",
        "--quiet",
    ]
    subprocess.run(command, cwd=ROOT, check=False, capture_output=True, timeout=600)
    folder = dockerfile.parent / "nix"
    lock = folder / "pylock.toml"
    packages = tomli.loads(lock.read_text()).get("packages", []) if lock.exists() else []
    report = folder / "report.json"
    return packages, json.loads(report.read_text()) if report.exists() else {}


def environment(folder: Path, python: str) -> str:
    """Pip in a new virtual environment; "" when there is no such interpreter."""
    command = [
        "uv",
        "venv",
        "--quiet",
        "--seed",
        "--python",
        python,
        "--python-preference",
        "only-system",
        str(folder),
    ]
    done = subprocess.run(command, check=False, capture_output=True, timeout=300)
    return "" if done.returncode else str(folder / "bin/pip")


def arguments(report: dict[str, Any], context: Path) -> list[str]:
    """What the Dockerfile gives to `pip install`, in all commands together; files by their places in the context."""
    found: list[str] = []
    for command in report["commands"]:
        words = shlex.split(command["text"].replace("\\\n", " "))
        if "install" not in words or "pip" not in re.sub(r"[0-9.]+", "", " ".join(words[:3])):
            continue
        for word in words[words.index("install") + 1 :]:
            if word in IDLE or word.split("=")[0] in {"--root-user-action", "--timeout"}:
                continue
            known = [path for path in context.rglob(Path(word).name) if path.suffix == ".txt"]
            found.append(str(known[0]) if word.endswith(".txt") and known else word)
    return [word for word in found if word not in {"pip", "setuptools", "wheel"}]


def resolved(pip: str, given: list[str], folder: Path) -> dict[str, str] | str:
    """Names and versions that pip would install; why it would not."""
    report = folder.parent / "report.json"
    done = run_pip(pip, ["--ignore-installed", "--report", str(report), *given], folder)
    if done.returncode:
        return "pip: " + " ".join(done.stderr.split())[-300:]
    rows = json.loads(report.read_text())["install"]
    return {
        re.sub(r"[-_.]+", "-", row["metadata"]["name"]).lower(): row["metadata"]["version"] for row in rows
    }


def refused_hashes(pip: str, lock: list[dict[str, Any]], folder: Path) -> str:
    """What pip says when it is to find each file of the lock by its hash; "" when it finds all of them."""
    lines = []
    for one in lock:
        files = [*one.get("wheels", ()), *([one["sdist"]] if "sdist" in one else [])]
        hashes = " ".join(f"--hash=sha256:{file['hashes']['sha256']}" for file in files)
        lines.append(f"{one['name']}=={one['version']} {hashes}\n")
    pins = folder.parent / "pins.txt"
    pins.write_text("".join(lines), encoding="utf-8")
    done = run_pip(pip, ["--ignore-installed", "--no-deps", "--require-hashes", "-r", str(pins)], folder)
    return " ".join(done.stderr.split())[-300:] if done.returncode else ""


def run_pip(pip: str, given: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    command = [pip, "install", "--dry-run", "--quiet", "--only-binary", ":all:", *given]
    kept = {name: value for name, value in os.environ.items() if name != "PIP_FIND_LINKS"}
    return subprocess.run(
        command, cwd=folder, check=False, capture_output=True, text=True, timeout=900, env=kept | CLEAN
    )


def shown(row: dict[str, Any]) -> str:
    """One line of the table."""
    if "reason" in row:
        return f"{row['name']}: not compared, {row['locked']} locked: {row['reason']}"
    text = "same" if row["same"] else f"DIFFERENT {row['different']}"
    return f"{row['name']}: Python {row['python']}, {row['locked']} locked, {row['pip']} by pip: {text}; hashes {row['hashes']}; {row['libraries']}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
