"""Images that are run as a container would: their files as root folder, their own command, variables and working directory."""

from __future__ import annotations

import gzip
import io
import json
import shlex
import shutil
import socket
import subprocess
import tarfile
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.request import ProxyHandler, build_opener

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"  # chroot itself


def free_port() -> int:
    """A port of loopback that nobody listens to."""
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


@contextmanager
def running(archive: Path, root: Path, further: Mapping[str, Path] | None = None) -> Iterator[None]:
    """Run the image of a docker-archive; root only.

    Args:
        archive: the image.
        root: where its files go.
        further: folders that are put into it, by their paths without leading slash: what programs of Debian, which stand in for
            those of nixpkgs, expect of a Debian system.
    """
    config = _unpack(archive, root)
    for place, folder in (further or {}).items():
        shutil.copytree(folder, root / place, dirs_exist_ok=True)
    variables = shlex.join(config.get("Env", ()))
    command = shlex.join([*config.get("Entrypoint", ()), *config.get("Cmd", ())])
    inside = f"cd {shlex.quote(config.get('WorkingDir', '/'))} && export {variables} && exec {command}"
    with subprocess.Popen(["chroot", str(root), "/bin/sh", "-c", inside], env={"PATH": _PATH}) as server:
        try:
            yield
        finally:
            server.terminate()


def _unpack(archive: Path, root: Path) -> dict[str, Any]:
    """Lay out the image's files; its configuration."""
    root.mkdir()
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(archive.read_bytes()))) as image:
        manifest = json.loads(_content(image, "manifest.json"))[0]
        for layer in manifest["Layers"]:
            with tarfile.open(fileobj=io.BytesIO(_content(image, layer))) as files:
                files.extractall(root, filter="fully_trusted")
        found: dict[str, Any] = json.loads(_content(image, manifest["Config"]))["config"]
    return found


def _content(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    assert file is not None, name
    return file.read()


def page(url: str) -> str:
    """What a server says as soon as it is up."""
    opener = build_opener(ProxyHandler({}))
    for _ in range(150):
        try:
            with opener.open(url, timeout=2) as answer:
                return str(answer.read().decode())
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"{url}: no answer in 15 s")
