"""Registries asked by skopeo, or by nix-prefetch-docker around it; it knows the user's own settings, mirrors and credentials (containers-registries.conf(5))."""

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
from dock2nix.model.packages import SriHash
from dock2nix.nix import run_program

if TYPE_CHECKING:
    from dock2nix.locking.kept_base import Puller
    from dock2nix.model.image import KeptBase

_LONGEST = 3600.0
_BASE32, _BASE32_LENGTH = "0123456789abcdfghijklmnpqrsvwxyz", 52


def find_puller(*, offline: bool) -> Puller:
    """What registries are asked by here.

    Args:
        offline: open no connection.
    """
    if offline:
        return NoPuller("--offline was given")
    if shutil.which("skopeo") is not None:
        return SkopeoPuller()
    if shutil.which("nix-prefetch-docker") is not None:
        return PrefetchPuller()
    return NoPuller("skopeo is not installed")


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


class PrefetchPuller:
    """Implements `locking.kept_base.Puller` by nixpkgs' own tool, which says digest and hash, and no configuration."""

    def pull(self, image: KeptBase) -> Pulled | str:
        asked = {
            "--image-name": image.name,
            "--image-tag": image.tag,
            "--image-digest": image.digest,
            "--os": "linux",
            "--arch": image.architecture,
            "--final-image-name": image.name,
            "--final-image-tag": image.tag,
        }
        words_given = [word for name, value in asked.items() if value for word in (name, value)]
        try:
            text = run_program(("nix-prefetch-docker", *words_given, "--json", "--quiet"), timeout=_LONGEST)
            data = json.loads(text)
            digest, found = str(data["imageDigest"]), str(data.get("hash") or data["sha256"])
            known = found if found.startswith("sha256-") else _sri(found)
        except (NixError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            return _told(error)
        if not DIGEST.fullmatch(digest):
            return f"nix-prefetch-docker says no digest but {digest[:100]!r}"
        return Pulled(digest=digest, hash=SriHash(known))


def _sri(text: str) -> str:
    """A hash of SHA-256 in Nix' own base 32, as older versions print it, in the form of SRI.

    Raises:
        ValueError: it is none.
    """
    if len(text) != _BASE32_LENGTH:
        raise ValueError(f"no hash: {text[:100]!r}")
    number = 0
    for digit in text:
        number = number * 32 + _BASE32.index(digit)
    return f"sha256-{b64encode(number.to_bytes(33, 'little')[:32]).decode()}"


def _source(image: KeptBase) -> str:
    return f"docker://{image.name}@{image.digest}" if image.digest else f"docker://{image.name}:{image.tag}"


def _told(error: Exception) -> str:
    """The last line of what went wrong."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines or ["skopeo failed"])[-1][:300]
