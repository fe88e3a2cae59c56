"""install.py TASK OUT --install FLAG... --rebuild FLAG...: what `npm install --offline` leaves of a lock, in OUT.

Stands in for npm: each package is unpacked where the lock says, its programs are linked into `.bin`, and npm's own record is
written. Install scripts are not run: a package that has one is an error, unless they are switched off.
"""

from __future__ import annotations

import json
import sys
import tarfile
from pathlib import Path
from typing import Any

_PASSED_OVER = {"--force", "--legacy-peer-deps", "--ignore-scripts", "--include=dev"}
_SHEBANG = b"#!/usr/bin/env node"


def omitted(flags: list[str]) -> set[str]:
    """The kinds of packages that npm is told to leave out; any other option is refused."""
    kinds = {flag.removeprefix("--omit=") for flag in flags if flag.startswith("--omit=")}
    unknown = [
        flag for flag in flags if flag not in _PASSED_OVER and not flag.startswith(("--omit=", "--nodedir=/"))
    ]
    if unknown or not kinds <= {"dev", "optional", "peer"}:
        sys.exit(f"npm error: tests/nixpkgs do not know {' '.join(unknown) or kinds}")
    return kinds


def is_installed(entry: dict[str, Any], omit: set[str]) -> bool:
    """Whether npm installs a package of the lock on Linux."""
    systems = entry.get("os", [])
    named = any(not name.startswith("!") for name in systems)
    elsewhere = "!linux" in systems or (named and "linux" not in systems)
    both = entry.get("devOptional", False) and {"dev", "optional"} <= omit
    return not (elsewhere or both or any(entry.get(kind) for kind in omit))


def unpack(archive: str, folder: Path, node: str) -> None:
    """Unpack an archive of the registry, whose files are all in one folder, and give its programs their interpreter."""
    folder.mkdir(parents=True)
    with tarfile.open(archive) as files:
        for member in files:
            name = member.name.partition("/")[2]
            content = files.extractfile(member)
            if not name or content is None:
                continue
            text = content.read()
            if text.startswith(_SHEBANG):
                text = b"#!" + node.encode() + text[len(_SHEBANG) :]
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(text)


def link_programs(path: Path, programs: dict[str, str]) -> None:
    """Link the programs of a package into the `.bin` of the node_modules that it is in."""
    modules = path.parents[1] if path.parent.name.startswith("@") else path.parent
    for name, target in sorted(programs.items()):
        (modules / ".bin").mkdir(exist_ok=True)
        (path / target).chmod(0o755)
        (modules / ".bin" / name).symlink_to(Path("..") / (path / target).relative_to(modules))


def main() -> None:
    """Install what the task says."""
    task, out = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
    between = sys.argv.index("--rebuild")
    omit, rebuild = omitted(sys.argv[4:between]), sys.argv[between + 1 :]
    omitted(rebuild)
    lock = task["packageLock"]
    kept = {path: entry for path, entry in lock["packages"].items() if path and is_installed(entry, omit)}
    out.mkdir()
    for path, entry in sorted(kept.items()):
        if entry.get("hasInstallScript") and "--ignore-scripts" not in rebuild:
            sys.exit(f"npm error: {path} has an install script, which tests/nixpkgs do not run")
        if entry.get("inBundle"):
            continue
        if path not in task["files"]:
            sys.exit(f"npm error code ENOTCACHED: {path}")
        unpack(task["files"][path], out / path, task["node"])
        link_programs(out / path, entry.get("bin", {}))
    if kept:
        record = {
            path: entry | {"resolved": f"file:{task['files'].get(path)}"} for path, entry in kept.items()
        }
        (out / "node_modules/.package-lock.json").write_text(json.dumps(lock | {"packages": record}))
    for name, key in (("package.json", "package"), ("package-lock.json", "packageLock")):
        (out / name).write_text(json.dumps(task[key]))


main()
