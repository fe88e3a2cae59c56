"""yarn.py install OPTION...: node_modules out of $offlineCache, for the yarn.lock and package.json in the current folder.
yarn.py --offline run NAME WORD...: a script of package.json, or a program of node_modules.

Stands in for yarn 1: every package of the lock goes to the top of node_modules. With --production=true those that only
devDependencies need are left out.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

_OPTIONS = {
    *(
        "--frozen-lockfile",
        "--force",
        "--production=true",
        "--production=false",
        "--ignore-engines",
        "--offline",
    ),
    *("--ignore-platform", "--ignore-scripts", "--no-progress", "--non-interactive"),
}
_HEAD = re.compile(r'^(?!#)"?((?:@[^@/\s]+/)?[^@/\s"]+)@.*:$')


def locked(text: str) -> dict[str, tuple[str, list[str]]]:
    """The address and the dependencies of each package of a lock, by name."""
    found: dict[str, tuple[str, list[str]]] = {}
    name = ""
    for line in text.splitlines():
        if head := _HEAD.match(line):
            name = head[1]
            found[name] = ("", [])
        elif resolved := re.match(r'  resolved "([^"#]+)', line):
            found[name] = (resolved[1], [])
        elif needed := re.match(r'    "?([^"\s]+)"? ', line):
            found[name][1].append(needed[1])
    return found


def run(name: str, words: list[str]) -> None:
    """Run a script, or a program, with the programs of node_modules on PATH."""
    project = json.loads(Path("package.json").read_text())
    command = shlex.join(words)
    programs = str(Path("node_modules/.bin").absolute())
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
    text = f"{project.get('scripts', {}).get(name, shlex.quote(name))} {command}"
    sys.exit(subprocess.run(["sh", "-c", text], env=environment, check=False).returncode)


def main() -> None:
    if sys.argv[1:3] == ["--offline", "run"]:
        run(sys.argv[3], sys.argv[4:])
    verb, *options = sys.argv[1:]
    if verb != "install" or not set(options) <= _OPTIONS or "--offline" not in options:
        sys.exit(f"error tests/nixpkgs do not know yarn {' '.join(sys.argv[1:])}")
    project = json.loads(Path("package.json").read_text())
    packages = locked(Path("yarn.lock").read_text())
    waiting = list(project.get("dependencies", {}))
    if "--production=true" not in options:
        waiting += project.get("devDependencies", {})
    shutil.rmtree("node_modules", ignore_errors=True)
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        url, needed = packages[name]
        waiting += needed
        archive = re.sub(r"[@/%:-]", "_", re.sub(r"https://(.)*(.com)/", "", url))
        with tarfile.open(Path(os.environ["offlineCache"], archive)) as files:
            for member in files:
                target = Path("node_modules", name, member.name.partition("/")[2])
                content = files.extractfile(member)
                if content is not None:
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(content.read())


if __name__ == "__main__":
    main()
