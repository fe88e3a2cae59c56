"""buildah, which builds Dockerfiles without a daemon: what the original of a conversion is compared with.

It comes from `make nix` (`.nix/containers`). All it writes is in a folder of the test's; nothing goes to the network.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

from nix_lab import STATE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CONTAINERS = STATE / "containers"
_POLICY = {"default": [{"type": "insecureAcceptAnything"}]}


def why_no_buildah() -> str:
    """Why no Dockerfile can be built here, "" when it can."""
    if not (CONTAINERS / "bin/buildah").exists():  # what is recorded is of that version
        return "no buildah here: `make nix` gets it on Debian as root"
    return "" if os.geteuid() == 0 else "buildah needs root here"


class Buildah:
    """A storage of images in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "policy.json").write_text(json.dumps(_POLICY))
        (folder / "registries.conf").write_text("")

    def build(self, context: Path, name: str, arguments: Mapping[str, str] | None = None) -> None:
        """Build the Dockerfile of a folder, as an image in Docker's format (OCI's has no health check).

        Raises:
            AssertionError: it cannot be built; the message is buildah's.
        """
        given = [f"--build-arg={key}={value}" for key, value in (arguments or {}).items()]
        options = [
            "--identity-label=false",
            "--isolation",
            "chroot",
            "--format",
            "docker",
            "--pull-never",
            "--no-cache",
        ]
        policy = ["--signature-policy", str(self.folder / "policy.json")]
        self._run("bud", *options, *policy, *given, "--tag", name, str(context))

    def load(self, archive: Path, name: str, instructions: str = "") -> None:
        """Make an image of a tar of its files; `instructions` give it its configuration."""
        context = self.folder / "base"
        context.mkdir(exist_ok=True)
        os.link(archive, context / "files.tar")
        (context / "Dockerfile").write_text(f"FROM scratch\nADD files.tar /\n{instructions}")
        self.build(context, name)
        shutil.rmtree(context)

    def config(self, name: str) -> dict[str, Any]:
        """The configuration of an image, as `docker inspect` shows it."""
        document = json.loads(self._run("inspect", "--type", "image", name))
        return dict(document["Docker"]["config"])

    def save(self, name: str, archive: Path) -> Path:
        """Write an image as `docker save` does."""
        self._run(
            "push", "--signature-policy", str(self.folder / "policy.json"), name, f"docker-archive:{archive}"
        )
        return archive

    def _run(self, *arguments: str) -> str:
        storage = [
            "--root",
            f"{self.folder}/storage",
            "--runroot",
            f"{self.folder}/run",
            "--storage-driver",
            "vfs",
        ]
        settings = ["--registries-conf", str(self.folder / "registries.conf")]
        environment = {"PATH": os.defpath, "HOME": str(self.folder), "TMPDIR": str(self.folder)}
        command = [str(CONTAINERS / "bin/buildah"), *storage, *settings, *arguments]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
        )
        assert not done.returncode, f"{' '.join(command)}\n{done.stderr.strip()}"
        return done.stdout
