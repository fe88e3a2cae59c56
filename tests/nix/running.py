"""Images, started: their files in a folder, their command in namespaces of its own, with no way to the network or the machine.

The users of an image are other ones here than those of the same number on the machine: Nix, which has users of its own for
builders, kills all processes of theirs.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_INSIDE = Path(__file__).with_name("inside.py")
_LONGEST = 60
_NAMESPACES = "--mount --pid --net --ipc --uts --fork --kill-child"
_ENTER = f'read go; exec unshare {_NAMESPACES} "$@"'
_USERS = "0 0 1\n1 100001 65535\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of it: the exit code (None: it had to be killed), what it printed, and what each question was answered."""

    code: int | None
    output: str
    answers: tuple[str, ...]


@cache
def why_no_runs() -> str:
    """Why images cannot be started on this machine, "" when they can."""
    if os.name != "posix" or os.geteuid() != 0 or shutil.which("unshare") is None:
        return "starting images needs root and unshare"
    if _entered(["true"], "").returncode:
        return "starting images needs kernel namespaces, which this machine (a container?) does not give"
    return ""


def run_image(
    archive: Path,
    *command: str,
    environment: Mapping[str, str] | None = None,
    ask: tuple[Mapping[str, Any], ...] = (),
    seconds: int = _LONGEST,
) -> Answer:
    """Start an image as Docker would.

    Args:
        archive: as `docker load` takes it.
        command: in the place of CMD.
        environment: further variables.
        ask: questions, each put again until it is answered: `{"http": "127.0.0.1:80", "path": "/"}` or
            `{"exec": ["psql", "-c", "…"], "user": "70:70"}`; `expect` is a text that the answer must have. The command is
            stopped after the last one. Without questions it must end by itself.
        seconds: until it counts as hanging.
    """
    folder = Path(mkdtemp(prefix="dock2nix-image-"))
    folder.chmod(0o755)
    order = {
        "archive": str(archive),
        "root": str(folder),
        "command": list(command),
        "environment": dict(environment or {}),
        "ask": [dict(one) for one in ask],
        "seconds": seconds,
    }
    try:
        done = _entered([sys.executable, str(_INSIDE)], json.dumps(order), seconds + 60)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    return Answer(code=result["code"], output=result["output"], answers=tuple(result["answers"]))


def _entered(command: list[str], text: str, seconds: int = _LONGEST) -> subprocess.CompletedProcess[str]:
    """A command in namespaces of its own, with users of its own."""
    process = subprocess.Popen(
        ["unshare", "--user", "sh", "-c", _ENTER, "sh", *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        _map_users(process)
        output, errors = process.communicate(f"go\n{text}", timeout=seconds)
    finally:
        process.kill()
    return subprocess.CompletedProcess(command, process.returncode, output, errors)


def _map_users(process: subprocess.Popen[str]) -> None:
    """Give a process that has entered a user namespace its users; until then it waits for a line."""
    own, there = Path("/proc/self/ns/user"), Path(f"/proc/{process.pid}/ns/user")
    while process.poll() is None and own.readlink() == there.readlink():
        pass
    if process.poll() is None:
        for name in ("uid_map", "gid_map"):
            Path(f"/proc/{process.pid}/{name}").write_text(_USERS)
