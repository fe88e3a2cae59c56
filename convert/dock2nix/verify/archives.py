"""From what names an image to an archive of it on this machine: a file, or a registry asked through skopeo."""

from __future__ import annotations

import os
from pathlib import Path

from dock2nix.errors import UsageError
from dock2nix.nix import run_program

_REGISTRY = "docker://"
_HOUR = 3600.0


def is_in_registry(name: str) -> bool:
    """Whether it is `docker://REFERENCE`."""
    return name.startswith(_REGISTRY)


def fetch_archive(name: str, architecture: str, folder: Path) -> Path:
    """The archive of an image.

    Args:
        name: a path, or `docker://REFERENCE`, which skopeo copies into the folder.
        architecture: the one to take of an image for several, in Go's names.
        folder: an empty one.

    Raises:
        UsageError: there is no such file.
        NixError: skopeo is missing or failed.
    """
    if not is_in_registry(name):
        if not Path(name).is_file():
            raise UsageError(f"{name}: no such file")
        return Path(name)
    target = folder / "image.tar"
    run_program(
        [
            "skopeo",
            "--override-os",
            "linux",
            "--override-arch",
            architecture,
            "copy",
            name,
            f"docker-archive:{target}",
        ],
        timeout=_HOUR,
    )
    return target


def saved_stream(output: Path, folder: Path) -> Path:
    """The archive of a built image: streamLayeredImage gives a program that prints it, the others the archive itself.

    Args:
        output: what was built.
        folder: where the archive is put when it has to be made.

    Raises:
        NixError: the program failed.
    """
    with output.open("rb") as file:
        start = file.read(2)
    if start != b"#!" or not os.access(output, os.X_OK):
        return output
    target = folder / "built.tar"
    run_program([str(output)], output=target, timeout=_HOUR)
    return target
