"""Projects of Python that are installed from a folder: what they are called, need and are built with, read and never run."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dock2nix.model.packages import LocalProject
from dock2nix.parse.manifests import (
    PythonProject,
    build_requirements,
    dynamic_dependency_files,
    read_pyproject,
    read_setup_cfg,
)
from dock2nix.parse.requirements import ARCHIVES, RequirementLine, normalized_name, read_requirement
from dock2nix.parse.setup_scripts import literal_identity, literal_requirements

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class FolderProject(Struct, frozen=True, kw_only=True):
    """What a folder holds: `metadata` says what it needs, `project` how it is built; `files` were read for that."""

    metadata: PythonProject
    project: LocalProject
    files: tuple[str, ...]


def is_folder(url: str) -> bool:
    """Whether a direct reference names a folder of the stage: no address, no archive."""
    local = "://" not in url or url.startswith("file:///")
    return local and not url.startswith("git@") and not url.lower().endswith(ARCHIVES)


def read_folder(url: str, read: Callable[[str], str | None], directory: str | None) -> FolderProject | None:
    """The project in a folder.

    Args:
        url: as the command names it: `.`, `./package`, `file:///srv/package`.
        read: the text of a file of the stage by its path.
        directory: that relative paths start from; None when it is not known.

    Returns:
        None when there is none of its files (PEP 517 and setuptools) in it.
    """
    folder = url.removeprefix("file://").removeprefix("file:") or "."
    found = {name: text for name in _FILES if (text := read(_inside(folder, name))) is not None}
    metadata = _metadata(found, folder, read)
    if metadata is None:
        return None
    pyproject = found.get("pyproject.toml")
    return FolderProject(
        metadata=metadata,
        project=LocalProject(
            folder=posixpath.normpath(posixpath.join("/", directory, folder)) if directory else "",
            version=metadata.version,
            builders=build_requirements(pyproject or ""),
            standard=pyproject is not None,
        ),
        files=tuple(_inside(folder, name) for name in found),
    )


_FILES = ("pyproject.toml", "setup.cfg", "setup.py")


def _inside(folder: str, name: str) -> str:
    return posixpath.normpath(posixpath.join(folder, name))


def _metadata(found: dict[str, str], folder: str, read: Callable[[str], str | None]) -> PythonProject | None:
    """What the files say, the newest of them first; what one leaves open an older one may tell."""
    project = read_pyproject(found.get("pyproject.toml", ""), _inside(folder, "pyproject.toml"))
    if project is not None and not project.complete:
        project = _with_listed(project, found["pyproject.toml"], folder, read)
    older = _setuptools(found, folder)
    if project is None or older is None:
        return project or older
    if not project.complete:
        project = replace(project, requirements=older.requirements, complete=older.complete)
    return replace(project, name=project.name or older.name, version=project.version or older.version)


def _with_listed(
    project: PythonProject, text: str, folder: str, read: Callable[[str], str | None]
) -> PythonProject:
    """With the dependencies that setuptools takes from files (`tool.setuptools.dynamic`)."""
    lines: list[RequirementLine] = []
    for name in dynamic_dependency_files(text):
        content = read(_inside(folder, name))
        if content is None:
            return project
        lines += _lines(content.splitlines(), _inside(folder, name))
    return replace(project, requirements=tuple(lines), complete=True) if lines else project


def _setuptools(found: dict[str, str], folder: str) -> PythonProject | None:
    settings = read_setup_cfg(found.get("setup.cfg", ""), _inside(folder, "setup.cfg"))
    script = found.get("setup.py")
    if script is None or (settings is not None and settings.complete):
        return settings
    name, version = literal_identity(script)
    literal = literal_requirements(script)
    path = _inside(folder, "setup.py")
    before = settings or PythonProject()
    requires, extras = literal or ((), {})
    return replace(
        before,
        name=before.name or normalized_name(name),
        version=before.version or version,
        requirements=_lines(requires, path),
        extras=before.extras
        or tuple((normalized_name(extra), _lines(texts, path)) for extra, texts in extras.items()),
        complete=literal is not None,
    )


def _lines(texts: Iterable[str], origin: str) -> tuple[RequirementLine, ...]:
    read = (read_requirement(text) for text in texts if text.strip() and not text.lstrip().startswith("#"))
    return tuple(RequirementLine(requirement=one, origin=origin) for one in read if not isinstance(one, str))


def dependencies(project: PythonProject, extras: tuple[str, ...]) -> tuple[RequirementLine, ...]:
    """The project's dependencies with those of the extras; an extra may name the project itself with further extras."""
    known = dict(project.extras)
    wanted = list(extras)
    lines = list(project.requirements)
    for extra in wanted:
        for entry in known.get(extra, ()):
            if entry.requirement.name == project.name:
                wanted += (further for further in entry.requirement.extras if further not in wanted)
            else:
                lines.append(entry)
    return tuple(lines)
