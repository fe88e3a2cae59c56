"""What command lines of npm, yarn and pnpm ask for: package specs by name, version, tag, address or folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dock2nix.managers.arguments import option_problems, read_words, refused, without_password
from dock2nix.managers.projects import project_files
from dock2nix.model.packages import Action, InstallStep, Requirement
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.managers.arguments import CommandLine
    from dock2nix.managers.base import BuildFiles
    from dock2nix.model.packages import UnknownWord
    from dock2nix.model.shell import Invocation, Word
    from dock2nix.model.source import Location

MANAGER = "npm"

RISKS = {
    **dict.fromkeys(
        ("--registry", "--reg"),
        ("D2N503", "{}: packages may come from another index", "pin what it provides by hash"),
    ),
    "--no-strict-ssl": ("D2N504", "{}: the server is not checked", "Nix verifies by hash"),
}
_NAME = r"(?:@[a-zA-Z0-9][a-zA-Z0-9._~-]*/)?[a-zA-Z0-9][a-zA-Z0-9._~-]*"
_SPEC = regex(rf"(?P<name>{_NAME})(?:@(?P<spec>.*))?")
_REFERENCE = regex(
    r"(?:[a-z][a-z0-9+]*:|git@|[.~/]).*|[a-zA-Z0-9._-]+/[a-zA-Z0-9._-]+(?:#.*)?|.*\.(?:tgz|tar\.gz|tar)"
)
_ALIAS = "npm:"
_DEVELOPMENT = ("-D", "--save-dev", "--dev")


def read_node_install(
    line: CommandLine,
    invocation: Invocation,
    location: Location,
    files: BuildFiles,
    *,
    locks: tuple[str, ...],
    folder: str = "",
) -> InstallStep:
    """Packages by name, or, without names, those of package.json.

    Args:
        line: its operands are the package specs.
        invocation: for its directory.
        location: of the command.
        files: of the image.
        locks: names of the lock files that the tool reads.
        folder: of the project, relative to the working directory.
    """
    development = line.has(*_DEVELOPMENT)

    def read(word: Word, text: str) -> Requirement | UnknownWord:
        found = read_spec(word, text)
        return replace(found, dev=development) if isinstance(found, Requirement) else found

    requirements, unknown = read_words(line.operands, read)
    step = InstallStep(
        manager=MANAGER,
        action=Action.INSTALL,
        requirements=requirements,
        unknown=unknown,
        problems=option_problems(line.options, RISKS),
        options=line.kept,
    )
    if line.operands:
        return step
    manifests, problems = project_files(
        files, invocation, location, project=("package.json",), locks=locks, folder=folder
    )
    return replace(step, manifests=manifests, problems=step.problems + problems)


def read_node_removal(line: CommandLine) -> InstallStep:
    """Packages that are uninstalled."""
    requirements, unknown = read_words(line.operands, read_spec)
    return InstallStep(
        manager=MANAGER,
        action=Action.REMOVE,
        requirements=requirements,
        unknown=unknown,
        options=line.kept,
    )


def read_spec(word: Word, text: str) -> Requirement | UnknownWord:
    """A package spec (npm-package-arg): `name@^1`, `@scope/name@tag`, `alias@npm:name@1`, an address, a folder, a tarball."""
    if _REFERENCE.fullmatch(text) and not text.startswith(_ALIAS):
        return Requirement(manager=MANAGER, name="", url=without_password(text), location=word.location)
    found = _SPEC.fullmatch(text)
    if found is None:
        return refused(word, "is no package spec as npm defines it")
    name, spec = found["name"], found["spec"] or ""
    if spec.startswith(_ALIAS):
        return read_spec(word, spec.removeprefix(_ALIAS))
    if _REFERENCE.fullmatch(spec):
        return Requirement(manager=MANAGER, name=name, url=without_password(spec), location=word.location)
    return Requirement(
        manager=MANAGER, name=name, specifier=f"@{spec}" if spec else "", location=word.location
    )
