"""Images, started: their files in a folder, their command in namespaces of its own, with no way to the network or the machine."""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

_INSIDE = Path(__file__).with_name("inside.py")
_LONGEST = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of it: the exit code (None: it still ran at the end), what it printed, and what each question was answered."""

    code: int | None
    output: str
    answers: tuple[str, ...]


@cache
def why_no_runs() -> str:
    """Why images cannot be started on this machine, "" when they can."""
    if os.name != "posix" or os.geteuid() != 0 or shutil.which("unshare") is None:
        return "starting images needs root and unshare"
    trial = ["unshare", "--mount", "--pid", "--net", "--ipc", "--uts", "--fork", "true"]
    if subprocess.run(trial, capture_output=True, check=False).returncode:
        return "starting images needs kernel namespaces, which this machine (a container?) does not give"
    return ""


class Container:
    """An image's files, laid out; `with` removes them at the end."""

    def __init__(self, archive: Path) -> None:
        self.folder = Path(mkdtemp(prefix="dock2nix-image-"))
        self.folder.chmod(0o755)
        self.config = _unpack(archive, self.folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(
        self,
        *command: str,
        environment: Mapping[str, str] | None = None,
        ask: tuple[Mapping[str, Any], ...] = (),
        seconds: int = _LONGEST,
    ) -> Answer:
        """Start it as Docker would.

        Args:
            command: in the place of CMD.
            environment: further variables.
            ask: questions, each put again until it is answered: `{"http": "127.0.0.1:80", "path": "/"}` or
                `{"exec": ["psql", "-c", "…"], "user": "70:70"}`; `expect` is a text that the answer must have. The command is
                stopped after the last one. Without questions it must end by itself.
            seconds: until it counts as hanging.
        """
        order = {
            "root": str(self.folder),
            "config": self.config,
            "command": list(command),
            "environment": dict(environment or {}),
            "ask": [dict(one) for one in ask],
            "seconds": seconds,
        }
        unshare = ["unshare", "--mount", "--pid", "--net", "--ipc", "--uts", "--fork", "--kill-child"]
        done = subprocess.run(
            [*unshare, sys.executable, str(_INSIDE)],
            input=json.dumps(order),
            capture_output=True,
            text=True,
            timeout=seconds + 30,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        result = json.loads(done.stdout)
        return Answer(code=result["code"], output=result["output"], answers=tuple(result["answers"]))


def _unpack(archive: Path, folder: Path) -> dict[str, Any]:
    """The layers of a docker-archive, one over the other; its configuration."""
    content = archive.read_bytes()
    content = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    with tarfile.open(fileobj=io.BytesIO(content)) as image:
        manifest = json.loads(_read(image, "manifest.json"))[0]
        config: dict[str, Any] = json.loads(_read(image, manifest["Config"]))["config"]
        for name in manifest["Layers"]:
            command = ["tar", "-x", "-p", "--numeric-owner", "--same-owner", "-C", str(folder)]
            subprocess.run(command, input=_read(image, name), check=True)
    return config


def _read(image: tarfile.TarFile, name: str) -> bytes:
    file = image.extractfile(name)
    assert file, name
    return file.read()
