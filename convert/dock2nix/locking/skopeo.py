"""Registries asked by skopeo, which knows the user's own settings, mirrors and credentials (containers-registries.conf(5))."""

from __future__ import annotations

import json
import shutil
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from dock2nix.errors import NixError
from dock2nix.locking.image_config import image_config, words
from dock2nix.locking.kept_base import DIGEST, NoPuller, Pulled
from dock2nix.nix import run_program

if TYPE_CHECKING:
    from dock2nix.locking.kept_base import Puller
    from dock2nix.model.image import KeptBase

_LONGEST = 3600.0


def find_puller(*, offline: bool) -> Puller:
    """What registries are asked by here.

    Args:
        offline: open no connection.
    """
    if offline:
        return NoPuller("--offline was given")
    if shutil.which("skopeo") is None:
        return NoPuller("skopeo is not installed")
    return SkopeoPuller()


class SkopeoPuller:
    """Implements `locking.kept_base.Puller`."""

    def pull(self, image: KeptBase) -> Pulled | str:
        try:
            digest = image.digest or self._digest(image)
            known = replace(image, digest=digest)
            # raw: in OCI's own form health checks, ONBUILD and SHELL, which are Docker's, would be missing
            data = json.loads(self._run(known, "inspect", "--config", "--raw", _source(known)))
            hashed = image.hash or self._hash(known)
        except (NixError, OSError, ValueError, RecursionError) as error:
            return _told(error)
        config = data.get("config") if isinstance(data, dict) else None
        values: dict[str, Any] = config if isinstance(config, dict) else {}
        return Pulled(
            digest=digest,
            hash=hashed,
            config=image_config(values),
            triggers=words(values.get("OnBuild")),
            shell=words(values.get("Shell")),
        )

    def _digest(self, image: KeptBase) -> str:
        text = self._run(image, "inspect", "--format", "{{.Digest}}", _source(image)).strip()
        if not DIGEST.fullmatch(text):
            raise ValueError(f"skopeo says no digest but {text[:100]!r}")
        return text

    def _hash(self, image: KeptBase) -> str:
        """That of the archive which nixpkgs' pullImage makes, by the same command."""
        with TemporaryDirectory(prefix="dock2nix-base-") as folder:
            archive = Path(folder) / "image.tar"
            self._run(image, "copy", _source(image), f"docker-archive:{archive}:{image.name}:{image.tag}")
            digest = sha256()
            with archive.open("rb") as file:
                while block := file.read(2**20):
                    digest.update(block)
        return f"sha256-{b64encode(digest.digest()).decode()}"

    def _run(self, image: KeptBase, *words: str) -> str:
        system = ("--insecure-policy", "--override-os", "linux", "--override-arch", image.architecture)
        return run_program(("skopeo", *system, *words), timeout=_LONGEST)


def _source(image: KeptBase) -> str:
    return f"docker://{image.name}@{image.digest}" if image.digest else f"docker://{image.name}:{image.tag}"


def _told(error: Exception) -> str:
    """The last line of what went wrong."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines or ["skopeo failed"])[-1][:300]
