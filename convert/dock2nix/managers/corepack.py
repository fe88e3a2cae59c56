"""corepack: the yarn and pnpm that a Node.js project pins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.managers import npm
from dock2nix.managers.arguments import read_command_line, read_words
from dock2nix.managers.base import called_as
from dock2nix.managers.node_words import read_spec
from dock2nix.model.packages import Action, InstallStep, Requirement

if TYPE_CHECKING:
    from dock2nix.managers.arguments import CommandLine
    from dock2nix.managers.base import BuildFiles
    from dock2nix.model.shell import Invocation
    from dock2nix.model.source import Location

NAME = "corepack"
PROGRAMS = frozenset({"corepack"})

_VALUED = frozenset({"--install-directory", "-o", "--output"})
_INSTALLS = frozenset({"enable", "prepare", "install", "use", "hydrate"})
_MANIFEST = "package.json"


def parse_install(invocation: Invocation, location: Location, files: BuildFiles) -> InstallStep | None:
    """`corepack enable`, `corepack prepare yarn@4 --activate` and their like install the package managers they name.

    Without a name it is the one that package.json pins (`packageManager`), else corepack itself, whose programs `yarn` and
    `pnpm` then choose when they run.
    """
    _, words = called_as(invocation)
    line = read_command_line(words, _VALUED)
    if line.verb in _INSTALLS:
        return _installed(line, invocation, location, files)
    if line.verb == "disable":
        requirements, unknown = read_words(line.operands, read_spec)
        return InstallStep(
            manager=npm.NAME,
            action=Action.REMOVE,
            requirements=requirements,
            unknown=unknown,
            everywhere=True,
        )
    reason = f"corepack {line.verb} has no translation" if line.verb else "only asks; it changes nothing"
    action = Action.OTHER if line.verb else Action.NOTHING
    return InstallStep(manager=npm.NAME, action=action, reason=reason, options=line.kept)


def _installed(
    line: CommandLine, invocation: Invocation, location: Location, files: BuildFiles
) -> InstallStep:
    requirements, unknown = read_words(line.operands, read_spec)
    if not line.operands:
        requirements = (_pinned(files.read(_MANIFEST, invocation.directory), location),)
    return InstallStep(
        manager=npm.NAME,
        action=Action.INSTALL,
        requirements=requirements,
        unknown=unknown,
        everywhere=True,
        options=line.kept,
    )


def _pinned(manifest: str | None, location: Location) -> Requirement:
    from dock2nix.parse.manifests import read_package_json  # noqa: PLC0415 - needed for few Dockerfiles

    project = read_package_json(manifest) if manifest is not None else None
    if project is None or project.package_manager is None:
        return Requirement(manager=npm.NAME, name="corepack", location=location)
    name, version = project.package_manager
    return Requirement(
        manager=npm.NAME, name=name, specifier=f"@{version}", origin=_MANIFEST, location=location
    )


resolve = npm.resolve
