"""Projects whose own files say what is installed: package.json, pyproject.toml, Pipfile and their locks."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dock2nix.model.packages import ManifestUse

if TYPE_CHECKING:
    from dock2nix.managers.base import BuildFiles, Problem
    from dock2nix.model.shell import Invocation
    from dock2nix.model.source import Location


def project_files(
    files: BuildFiles,
    invocation: Invocation,
    location: Location,
    *,
    project: tuple[str, ...],
    locks: tuple[str, ...],
    folder: str = "",
) -> tuple[tuple[ManifestUse, ...], tuple[Problem, ...]]:
    """The manifest and the lock files of the project that an invocation installs.

    Args:
        files: of the image.
        invocation: for its working directory.
        location: of the command.
        project: names of the manifest; the first is the one that is missed when there is none.
        locks: names of the lock files that the tool reads.
        folder: of the project, relative to the working directory.

    Returns:
        The manifest (as a use even when it cannot be read) and the locks that are there; a problem when it is missing.
    """

    def there(names: tuple[str, ...]) -> list[str]:
        paths = (posixpath.join(folder, name) for name in names)
        return [path for path in paths if files.read(path, invocation.directory) is not None]

    found = there(project)
    manifest = (found or [posixpath.join(folder, project[0])])[0]
    uses = ((manifest, "project"), *((path, "lock") for path in there(locks)))
    manifests = tuple(ManifestUse(path=path, role=role, location=location) for path, role in uses)
    if found:
        return manifests, ()
    message = f"{manifest} is not in the build context: what it asks for is not known"
    return manifests, (("D2N207", message, "put it into the build context"),)
