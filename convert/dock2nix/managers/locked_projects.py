"""`uv sync`, `poetry install`, `pdm sync`, `pipenv install`: what a project's lock says, which is exact."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dock2nix.managers.arguments import without_password
from dock2nix.managers.local_projects import dependencies, read_folder
from dock2nix.model.packages import Action, InstallStep, ManifestUse, Requirement
from dock2nix.parse.manifests import project_settings, read_pipfile, read_pyproject
from dock2nix.parse.python_locks import DEVELOPMENT, Groups, LockedProject, read_lock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dock2nix.managers.arguments import CommandLine
    from dock2nix.managers.base import BuildFiles
    from dock2nix.model.packages import LocalProject
    from dock2nix.model.shell import Invocation
    from dock2nix.model.source import Location
    from dock2nix.parse.manifests import ProjectSettings
    from dock2nix.parse.requirements import RequirementLine

_IN_PROJECT = ".venv"
_ON = frozenset({"1", "true", "yes", "on"})


def locked_install(
    program: str,
    step: InstallStep,
    line: CommandLine,
    invocation: Invocation,
    location: Location,
    files: BuildFiles,
) -> InstallStep:
    """The installation that a lock describes.

    Args:
        program: uv, poetry, pdm or pipenv.
        step: what is known of the command: the project's manifest and its lock are among its manifests.
        line: the command line, for the groups that are installed.
        invocation: for the working directory and the environment.
        location: of the command.
        files: of the image.

    Returns:
        The step with every distribution of the lock as a requirement, or with what the project asks for when there is no lock;
        `step` itself, with a reason, when neither can be read.
    """
    lock = next((use.path for use in step.manifests if use.role == "lock"), None)
    text = files.read(lock, invocation.directory) if lock else None
    manifest = next((use.path for use in step.manifests if use.role == "project"), "")
    project = files.read(manifest, invocation.directory) or ""
    settings = project_settings(project)
    environment = _environment(invocation)
    groups = _GROUPS[program](line, settings, environment)
    if lock is None or text is None:
        found = _without_lock(project, manifest, groups)
    else:
        found = read_lock(text, lock, groups, project)
    if found.problem:
        return replace(step, reason=found.problem)
    requirements = tuple(_requirement(one, location) for one in found.requirements)
    own = _own(program, line, settings, package=found.package)
    folder = posixpath.dirname(lock or manifest)
    if own:
        itself = _itself(program, line, folder, settings, manifest, location)
        requirements += (replace(itself, project=_folder(folder, invocation, files)),)
    return replace(
        step,
        action=Action.INSTALL,
        reason=f"installs what {lock or manifest} says",
        requirements=requirements,
        manifests=tuple(_read(use, locked=lock is not None) for use in step.manifests),
        virtual_environment=_place(program, line, invocation, environment, folder),
    )


def _read(use: ManifestUse, *, locked: bool) -> ManifestUse:
    if use.role == "project" and not locked:
        return replace(use, role="read")
    return replace(use, role="locked") if use.role == "lock" else use


def _without_lock(text: str, path: str, groups: Groups) -> LockedProject:
    """What a project asks for itself: the tool would choose versions that fit, and so does whoever makes our lock."""
    project = (read_pipfile if posixpath.basename(path) == "Pipfile" else read_pyproject)(text, path)
    if project is None or not project.complete:
        return LockedProject(
            problem="there is no lock file beside the project's own: which versions it installs is not known"
        )
    lines = list(dependencies(project, ())) if groups.main else []
    wanted = [extra for extra, _ in project.extras if groups.every_extra or extra in groups.extras]
    lines += [line for extra, found in project.extras if extra in wanted for line in found]
    lines += [line for group, found in project.groups if groups.wants(group) for line in found]
    mine = (line for line in lines if line.requirement.name != project.name)
    return LockedProject(requirements=tuple(dict.fromkeys(mine)))


def _requirement(line: RequirementLine, location: Location) -> Requirement:
    read = line.requirement
    return Requirement(
        manager="pip",
        name=read.name,
        specifier=read.specifier,
        extras=read.extras,
        marker=read.marker,
        url=without_password(read.url),
        origin=line.origin,
        hashes=read.hashes,
        location=location,
    )


# --- which groups ------------------------------------------------------------------------------------------------------------


def _words(line: CommandLine, *options: str) -> tuple[str, ...]:
    """The values of options that may be given several times, and may hold several names each."""
    return tuple(word for value in line.values(*options) for word in value.replace(",", " ").split())


def _uv(line: CommandLine, settings: ProjectSettings, environment: Mapping[str, str]) -> Groups:
    """https://docs.astral.sh/uv/concepts/projects/sync/: the group `dev`, or those of `default-groups`, come along."""
    only = _words(line, "--only-group") + ((DEVELOPMENT,) if line.has("--only-dev") else ())
    without = _words(line, "--no-group")
    if line.has("--no-dev") or environment.get("UV_NO_DEV", "").lower() in _ON:
        without += (DEVELOPMENT,)
    default = () if line.has("--no-default-groups") else settings.default_groups
    return Groups(
        main=not only,
        named=only or tuple(dict.fromkeys((*default, *_words(line, "--group")))),
        extras=_words(line, "--extra"),
        every_group=line.has("--all-groups"),
        every_extra=line.has("--all-extras"),
        without=without,
    )


def _poetry(line: CommandLine, settings: ProjectSettings, environment: Mapping[str, str]) -> Groups:
    """https://python-poetry.org/docs/cli/#install: every group that is not optional comes along."""
    del environment
    only, named = _words(line, "--only"), _words(line, "--with")
    without = _words(line, "--without") + ((DEVELOPMENT,) if line.has("--no-dev") else ())
    optional = tuple(group for group in settings.optional_groups if group not in named)
    return Groups(
        main=(not only or "main" in only) and not line.has("--only-root"),
        named=only or named,
        extras=_words(line, "-E", "--extras"),
        every_group=not only and not line.has("--only-root"),
        every_extra=line.has("--all-extras"),
        without=() if line.has("--all-groups") else without + optional,
    )


def _pdm(line: CommandLine, settings: ProjectSettings, environment: Mapping[str, str]) -> Groups:
    """https://pdm-project.org/latest/reference/cli/: development groups come along but for `--prod`."""
    del settings, environment
    named = _words(line, "-G", "--group", "--with")
    return Groups(
        main=not line.has("--no-default"),
        named=named,
        extras=named,
        every_group=not line.has("--prod", "--production", "--no-dev"),
        every_extra=line.has("-G:all"),
        without=_words(line, "--without"),
    )


def _pipenv(line: CommandLine, settings: ProjectSettings, environment: Mapping[str, str]) -> Groups:
    """https://pipenv.pypa.io/en/latest/cli.html: `--dev` adds the develop packages, `--categories` chooses."""
    del settings
    categories = _words(line, "--categories")
    chosen = set(categories)
    development = line.has("-d", "--dev") or environment.get("PIPENV_DEV", "").lower() in _ON
    return Groups(
        main=not categories or bool(chosen & {"packages", "default"}),
        named=(*categories, *((DEVELOPMENT,) if development or chosen & {"dev-packages", "develop"} else ())),
    )


_GROUPS: Mapping[str, Callable[[CommandLine, ProjectSettings, Mapping[str, str]], Groups]] = {
    "pdm": _pdm,
    "pipenv": _pipenv,
    "poetry": _poetry,
    "uv": _uv,
}


# --- the project itself ------------------------------------------------------------------------------------------------------


def _own(program: str, line: CommandLine, settings: ProjectSettings, *, package: bool | None) -> bool:
    """Whether the project is installed beside what it needs."""
    if program == "pipenv" or line.has(
        "--no-install-project", "--no-root", "--no-self", "--no-install-workspace", "--no-install-local"
    ):
        return False
    others_only = line.has("--only-dev", "--only-group", "--only") and not line.has("--only-root")
    if others_only and (program != "poetry" or "main" not in _words(line, "--only")):
        return False
    return settings.package if package is None else package


def _itself(
    program: str,
    line: CommandLine,
    folder: str,
    settings: ProjectSettings,
    manifest: str,
    location: Location,
) -> Requirement:
    editable = program != "uv" or not line.has("--no-editable")
    return Requirement(
        manager="pip",
        name=settings.name,
        url=folder or ".",
        origin=manifest,
        location=location,
        editable=editable and not line.has("--no-editable"),
    )


def _folder(folder: str, invocation: Invocation, files: BuildFiles) -> LocalProject | None:
    found = read_folder(folder, lambda path: files.read(path, invocation.directory), invocation.directory)
    return found.project if found else None


# --- where the environment is ------------------------------------------------------------------------------------------------


def _environment(invocation: Invocation) -> dict[str, str]:
    """The variables of the command that are known."""
    known = {name: value for name, value in invocation.environment.items() if value is not None}
    assigned = {name: word.value for name, word in invocation.assignments if word.value is not None}
    return known | assigned


def _place(
    program: str, line: CommandLine, invocation: Invocation, environment: Mapping[str, str], folder: str
) -> str:
    """The absolute path of the virtual environment that is made, "" for none or one at a place of the tool's own."""
    directory = invocation.directory
    if directory is None:
        return ""
    if program == "uv":
        name = environment.get("UV_PROJECT_ENVIRONMENT", _IN_PROJECT)
    elif program == "poetry":
        in_project = environment.get("POETRY_VIRTUALENVS_IN_PROJECT", "").lower() in _ON
        name = _IN_PROJECT if in_project else ""
    elif program == "pipenv":
        in_project = environment.get("PIPENV_VENV_IN_PROJECT", "").lower() in _ON
        name = _IN_PROJECT if in_project and not line.has("--system") else ""
    else:
        name = _IN_PROJECT
    if not name:
        return ""
    place = posixpath.normpath(posixpath.join("/", directory, folder, name))
    return "" if place in {"/", "/usr", "/usr/local"} else place
