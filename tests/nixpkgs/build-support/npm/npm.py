"""npm.py run SCRIPT [-- WORD...] | prune --omit=dev --no-save: what npm does with a project whose node_modules are there.

Stands in for npm. Scripts run by the shell, with the programs of node_modules on PATH, those before and after them included.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path


def run(words: list[str]) -> None:
    """`npm run`: the script, with its `pre` and `post` ones; flags in front of `--` are npm's own."""
    name, *rest = words
    own, _, further = " ".join(map(shlex.quote, rest)).partition("-- ") if "--" in rest else ("", "", "")
    scripts = json.loads(Path("package.json").read_text()).get("scripts", {})
    if name not in scripts or own.strip():
        sys.exit(f'npm error Missing script: "{name}" {own}')
    path = os.pathsep.join([str(Path("node_modules/.bin").resolve()), os.environ["PATH"]])
    for script in (f"pre{name}", name, f"post{name}"):
        if script in scripts:
            command = f"{scripts[script]} {further if script == name else ''}".strip()
            print(f"> {command}", flush=True)
            subprocess.run(["/bin/sh", "-c", command], check=True, env={**os.environ, "PATH": path})


def prune(words: list[str]) -> None:
    """`npm prune --omit=dev`: without what the lock has for development only."""
    if set(words) - {"--omit=dev", "--no-save"}:
        sys.exit(f"npm error: tests/nixpkgs do not know {words}")
    lock = json.loads(Path("package-lock.json").read_text())
    for path, entry in sorted(lock["packages"].items(), reverse=True):
        if path and entry.get("dev") and Path(path).exists():
            shutil.rmtree(path)


if __name__ == "__main__":
    {"run": run, "prune": prune}[sys.argv[1]](sys.argv[2:])
