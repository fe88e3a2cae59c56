"""`python -m venv` and virtualenv: an environment of its own, which the interpreter with its packages stands for."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dock2nix.commands.base import Translation
from dock2nix.model.image import Symlink
from dock2nix.paths import normal_path

if TYPE_CHECKING:
    from dock2nix.model.shell import Invocation, Redirect
    from dock2nix.model.source import Location

_INTERPRETERS = frozenset({"python", "python3", *(f"python3.{minor}" for minor in range(6, 20))})
PROGRAMS = _INTERPRETERS | {"virtualenv"}
_FLAGS = frozenset(
    {
        "--clear",
        "--copies",
        "--symlinks",
        "--system-site-packages",
        "--upgrade",
        "--upgrade-deps",
        "--without-pip",
    }
)


def translate(
    invocation: Invocation, redirects: tuple[Redirect, ...], location: Location, text: str
) -> Translation | None:
    """A link from the environment's `bin` to the image's, where the interpreter and its packages' programs are."""
    words = [word.value for word in invocation.arguments]
    if invocation.program in _INTERPRETERS:
        if words[:2] not in (["-m", "venv"], ["-m", "virtualenv"]):
            return None
        words = words[2:]
    folders = [word for word in words if word not in _FLAGS]
    folder = folders[0] if len(folders) == 1 else None
    if (
        redirects
        or not folder
        or folder.startswith("-")
        or not (folder.startswith("/") or invocation.directory)
    ):
        return None
    place = normal_path(posixpath.join(invocation.directory or "/", folder))
    link = environment_link(place, location, text)
    return Translation(effects=(link,), reason="the interpreter with its packages is the environment")


def environment_link(place: str, location: Location, text: str) -> Symlink:
    """What stands for a virtual environment at an absolute path: a link from its `bin` to the image's."""
    return Symlink(path=posixpath.join(place, "bin"), target="/bin", location=location, text=text)
