"""Poetry, PDM and Pipenv: Python projects with a lock file of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dock2nix.managers import pip
from dock2nix.managers.arguments import read_command_line, verb_table
from dock2nix.managers.base import called_as
from dock2nix.managers.projects import project_files
from dock2nix.managers.python_words import read_install, read_uninstall
from dock2nix.model.packages import Action, InstallStep

if TYPE_CHECKING:
    from dock2nix.managers.arguments import CommandLine
    from dock2nix.managers.base import BuildFiles
    from dock2nix.model.shell import Invocation
    from dock2nix.model.source import Location

NAME = "poetry"
PROGRAMS = frozenset({"pdm", "pipenv", "poetry"})

_VALUED = {
    "poetry": frozenset(
        {
            *(
                "--with",
                "--without",
                "--only",
                "-E",
                "--extras",
                "-P",
                "--project",
                "-C",
                "--directory",
                "-f",
            ),
            *("--format", "-o", "--output", "-G", "--group", "--python", "--platform", "--source", "--name"),
        }
    ),
    "pdm": frozenset(
        {
            "-p",
            "--project",
            "-G",
            "--group",
            "--with",
            "--without",
            "-L",
            "--lockfile",
            "-c",
            "--config",
            "-k",
            "--skip",
        }
    ),
    "pipenv": frozenset(
        {
            *("--python", "-r", "--requirements", "-e", "--editable", "-i", "--index", "--pypi-mirror"),
            *("--categories", "--extra-pip-args", "-c", "--code"),
        }
    ),
}
_FILES = {
    "poetry": (("pyproject.toml",), ("poetry.lock",)),
    "pdm": (("pyproject.toml",), ("pdm.lock",)),
    "pipenv": (("Pipfile",), ("Pipfile.lock",)),
}

_LOCKED = "installs what the project's lock file says, which is not translated yet"
_VERBS = verb_table(
    ("install | sync", Action.OTHER, _LOCKED),
    ("add", Action.INSTALL, ""),
    ("remove | uninstall", Action.REMOVE, ""),
    ("config", Action.NOTHING, "the tool's configuration has no meaning under Nix"),
    ("cache", Action.NOTHING, "Nix keeps no package cache in the image"),
    ("self", Action.NOTHING, "the tool itself comes from the pinned nixpkgs"),
    (
        " | about | check | env | graph | help | info | list | scripts | search | show | verify | version",
        Action.NOTHING,
        "only asks; it changes nothing",
    ),
    ("run", Action.OTHER, "runs a program in the project's environment"),
    ("build", Action.OTHER, "builds the project"),
    ("export", Action.OTHER, "writes a requirements file"),
    ("lock | update | upgrade", Action.OTHER, "writes the lock file"),
)


def parse_install(invocation: Invocation, location: Location, files: BuildFiles) -> InstallStep | None:
    """What an invocation of Poetry, PDM or Pipenv asks for; named packages are resolved as pip's."""
    program, words = called_as(invocation)
    line = read_command_line(words, _VALUED[program])
    action, reason = _VERBS.get(line.verb, (Action.OTHER, f"{program} {line.verb} has no translation"))
    if line.has("--version", "--help", "--venv", "--where", "--rm") and not line.verb:
        action, reason = Action.NOTHING, "only asks; it changes nothing"
    if action is Action.REMOVE:
        return read_uninstall(pip.NAME, line)
    named = (
        program == "pipenv"
        and line.verb == "install"
        and (line.operands or line.has("-r", "--requirements", "-e"))
    )
    if action is Action.INSTALL or named:
        step = read_install(pip.NAME, line, invocation, location, files)
        return (
            step
            if line.has("-r", "--requirements")
            else _with_project(step, program, line, invocation, location, files)
        )
    step = InstallStep(manager=pip.NAME, action=action, reason=reason, options=line.kept)
    if reason != _LOCKED:
        return step
    step = _with_project(step, program, line, invocation, location, files)
    from dock2nix.managers.locked_projects import locked_install  # noqa: PLC0415 - loaded for projects only

    return locked_install(program, step, line, invocation, location, files)


def _with_project(
    step: InstallStep,
    program: str,
    line: CommandLine,
    invocation: Invocation,
    location: Location,
    files: BuildFiles,
) -> InstallStep:
    project, locks = _FILES[program]
    folder = line.last("-C", "--directory", "-P", "--project", "-p")
    manifests, problems = project_files(
        files, invocation, location, project=project, locks=locks, folder=folder
    )
    return replace(step, manifests=step.manifests + manifests, problems=step.problems + problems)


resolve = pip.resolve
