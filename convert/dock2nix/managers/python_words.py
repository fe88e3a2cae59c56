"""What command lines in pip's notation ask for: names, addresses, folders, requirements files."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from dock2nix.managers.arguments import read_words, refused, unknown_word, without_password
from dock2nix.model.packages import Action, InstallStep, ManifestUse, Requirement, UnknownWord

if TYPE_CHECKING:
    from dock2nix.managers.arguments import CommandLine, Option
    from dock2nix.managers.base import BuildFiles, Problem
    from dock2nix.model.shell import Invocation, Word
    from dock2nix.model.source import Location
    from dock2nix.parse.requirements import FileOption, PythonRequirement, RejectedLine

INDEX_RISK = ("D2N503", "{}: packages may come from another index", "pin what it provides by hash")
_LINKS = ("-f", "--find-links")
_RISKS = {
    **dict.fromkeys(
        (*_LINKS, "-i", "--index-url", "--pypi-url", "--extra-index-url", "--index", "--default-index"),
        INDEX_RISK,
    ),
    **dict.fromkeys(
        ("--trusted-host", "--allow-insecure-host"),
        ("D2N503", "{}: the server is not checked", "Nix verifies by hash"),
    ),
}
_INDEX_VARIABLES = (
    "PIP_EXTRA_INDEX_URL",
    "PIP_INDEX_URL",
    "PIP_TRUSTED_HOST",
    "UV_DEFAULT_INDEX",
    "UV_EXTRA_INDEX_URL",
    "UV_INDEX",
    "UV_INDEX_URL",
)


class _Collected(Struct):
    """What the words of one command line come to."""

    manager: str
    files: BuildFiles
    invocation: Invocation
    requirements: list[Requirement] = field(default_factory=list)
    unknown: list[UnknownWord] = field(default_factory=list)
    manifests: list[ManifestUse] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    constraints: dict[str, str] = field(default_factory=dict)
    bounds: list[Requirement] = field(default_factory=list)
    indexes: list[str] = field(default_factory=list)

    def read(self, path: str) -> str | None:
        return self.files.read(path, self.invocation.directory)

    def add(self, read: PythonRequirement, location: Location, origin: str, name: str = "") -> None:
        self.requirements.append(self.requirement(read, location, origin, name))

    def requirement(
        self, read: PythonRequirement, location: Location, origin: str, name: str = ""
    ) -> Requirement:
        return Requirement(
            manager=self.manager,
            name=read.name or name,
            specifier=read.specifier,
            extras=read.extras,
            marker=read.marker,
            url=without_password(read.url),
            origin=origin,
            hashes=read.hashes,
            editable=read.editable,
            location=location,
        )


def read_install(
    manager: str,
    line: CommandLine,
    invocation: Invocation,
    location: Location,
    files: BuildFiles,
) -> InstallStep:
    """Requirements of a command line in pip's notation: names, addresses, folders, `-r`, `-c` and `-e`.

    Args:
        manager: whose requirements they become (`pip`, `pipx`).
        line: the command line taken apart.
        invocation: for its directory and environment.
        location: of the command.
        files: of the image.
    """
    found = _Collected(manager, files, invocation)
    for option in line.options:
        _read_option(found, option)
    for word in line.operands:
        _read_operand(found, word)
    _read_project(found, line, location)
    nothing = not (found.requirements or found.unknown or found.manifests or found.problems)
    return InstallStep(
        manager=manager,
        action=Action.OTHER if nothing else Action.INSTALL,
        requirements=tuple(
            _constrained(requirement, found.constraints) for requirement in found.requirements
        ),
        unknown=tuple(found.unknown),
        manifests=tuple(found.manifests),
        reason="names no package: where the names come from is not known" if nothing else "",
        problems=tuple(
            dict.fromkeys((*_option_problems(line.options), *_index_problems(invocation), *found.problems))
        ),
        options=line.kept,
        constraints=tuple(found.bounds),
        indexes=_indexes(line.options, invocation, found.indexes),
    )


def install_folder(
    manager: str,
    folder: str,
    invocation: Invocation,
    location: Location,
    files: BuildFiles,
    *,
    editable: bool,
) -> InstallStep:
    """The installation of the project in a folder, as `pip install FOLDER` or `pip install -e FOLDER` does it."""
    from dock2nix.parse.requirements import PythonRequirement  # noqa: PLC0415 - loaded for Python packages only

    found = _Collected(manager, files, invocation)
    _add(found, PythonRequirement(name="", url=folder, editable=editable), location, origin="")
    return InstallStep(
        manager=manager,
        action=Action.INSTALL,
        requirements=tuple(found.requirements),
        manifests=tuple(found.manifests),
        problems=tuple(found.problems),
    )


def _indexes(options: tuple[Option, ...], invocation: Invocation, from_files: list[str]) -> tuple[str, ...]:
    """The other indexes and places with links that packages may come from; one that is not known stands as it is written."""
    given = [option.value or option.text for option in options if _names_index(option.name, option.value)]
    known = _index_variables(invocation)
    variables = [
        word for name, value in known.items() if "TRUSTED" not in name for word in (value or "").split()
    ]
    return tuple(dict.fromkeys(without_password(text) for text in (*given, *variables, *from_files)))


def _names_index(name: str, value: str | None) -> bool:
    """Whether an option names an index; a local folder of wheels is none."""
    return _RISKS.get(name) == INDEX_RISK and not (name in _LINKS and value and "://" not in value)


def _constrained(requirement: Requirement, constraints: dict[str, str]) -> Requirement:
    bound = constraints.get(requirement.name, "")
    if not bound or requirement.url or bound in requirement.specifier.split(","):
        return requirement
    return replace(requirement, specifier=",".join(filter(None, (requirement.specifier, bound))))


def _index_problems(invocation: Invocation) -> tuple[Problem, ...]:
    """Indexes that come in by the environment."""
    code, message, hint = INDEX_RISK
    return tuple(
        (code, message.replace("{}", f"{name}={without_password(value)}"), hint)
        for name, value in _index_variables(invocation).items()
        if value
    )


def _index_variables(invocation: Invocation) -> dict[str, str | None]:
    assigned = {name: word.value for name, word in invocation.assignments}
    return {name: assigned.get(name, invocation.environment.get(name)) for name in _INDEX_VARIABLES}


def _read_option(found: _Collected, option: Option) -> None:
    kinds = {
        **dict.fromkeys(("-r", "--requirement", "--requirements", "--with-requirements"), "requirements"),
        **dict.fromkeys(("-c", "--constraint", "--constraints"), "constraints"),
        **dict.fromkeys(("-e", "--editable", "--with-editable"), "editable"),
        "--with": "name",
    }
    kind = kinds.get(option.name)
    if kind is None:
        return
    if option.value is None:
        found.unknown.append(unknown_word(option.word))
    elif kind in {"requirements", "constraints"}:
        _read_file(found, option.value, option.word.location, constraint=kind == "constraints")
    else:
        _read_text(found, option.word, option.value, editable=kind == "editable")


def _read_operand(found: _Collected, word: Word) -> None:
    if word.value is None:
        found.unknown.append(unknown_word(word))
    elif not word.value:
        found.unknown.append(refused(word, "is empty"))
    else:
        _read_text(found, word, word.value, editable=False)


def _read_text(found: _Collected, word: Word, text: str, *, editable: bool) -> None:
    from dock2nix.parse.requirements import read_requirement  # noqa: PLC0415 - loaded for Python packages only

    read = read_requirement(text)
    if isinstance(read, str):
        found.unknown.append(refused(word, read))
        return
    _add(found, replace(read, editable=editable), word.location, origin="")


def _read_file(found: _Collected, path: str, location: Location, *, constraint: bool) -> None:
    """Take in a requirements or constraints file with all that it includes."""
    from dock2nix.parse.requirements import read_requirements_file  # noqa: PLC0415 - loaded for Python packages only

    content = read_requirements_file(
        path, found.read, environment=found.invocation.environment, constraint=constraint
    )
    role = "constraints" if constraint else "requirements"
    found.manifests += (
        ManifestUse(path=name, role=role, location=location) for name in content.files or (path,)
    )
    for rejected in content.rejected:
        _reject(found, rejected, location)
    found.problems += _file_problems(content.options)
    found.indexes += (option.value for option in content.options if _names_index(option.name, option.value))
    for entry in content.constraints:
        found.constraints[entry.requirement.name] = entry.requirement.specifier
        found.bounds.append(found.requirement(entry.requirement, location, entry.origin))
    for entry in content.requirements:
        _add(found, entry.requirement, location, origin=entry.origin)


def _reject(found: _Collected, line: RejectedLine, location: Location) -> None:
    shown = without_password(line.text)
    if line.missing_file:
        named = f", which {line.origin} names," if line.origin else ""
        found.problems.append(
            (
                "D2N207",
                f"{shown}{named} {line.reason}: what it asks for is not known",
                "put it into the build context",
            )
        )
    else:
        found.unknown.append(
            UnknownWord(text=shown, reason=f"{line.origin} {line.reason}", location=location)
        )


def _file_problems(options: tuple[FileOption, ...]) -> tuple[Problem, ...]:
    return tuple(
        problem
        for option in options
        for problem in _index_risk(
            option.name, option.value, f"{option.name} {without_password(option.value)} ({option.origin})"
        )
    )


def _option_problems(options: tuple[Option, ...]) -> tuple[Problem, ...]:
    return tuple(
        problem
        for option in options
        for problem in _index_risk(option.name, option.value, without_password(option.text))
    )


def _index_risk(name: str, value: str | None, shown: str) -> tuple[Problem, ...]:
    """What is to be said of an option that names an index, a server, or an address to look for links at."""
    if name in _LINKS and "://" not in (value or ""):
        return ()
    if name not in _RISKS:
        return ()
    code, message, hint = _RISKS[name]
    return ((code, message.replace("{}", shown), hint),)


def _add(found: _Collected, read: PythonRequirement, location: Location, *, origin: str) -> None:
    if not read.url:
        found.add(read, location, origin)
        return
    from dock2nix.managers.local_projects import dependencies, is_folder, read_folder  # noqa: PLC0415 - needed for few Dockerfiles

    # The folder is relative to the working directory, in a requirements file too.
    project = read_folder(read.url, found.read, found.invocation.directory) if is_folder(read.url) else None
    if project is None:
        found.add(read, location, origin)
        return
    found.manifests += (ManifestUse(path=path, role="read", location=location) for path in project.files)
    asked = found.requirement(read, location, origin, project.metadata.name)
    found.requirements.append(replace(asked, project=project.project))
    if not project.metadata.complete:
        found.problems.append(computed_dependencies(project.files[-1]))
    for entry in dependencies(project.metadata, read.extras):
        found.add(entry.requirement, location, entry.origin)


def computed_dependencies(path: str) -> Problem:
    """What is to be said of a project whose dependencies are not written down."""
    message = f"{path} computes what the project depends on: that is known only by running it"
    return (
        "D2N207",
        message,
        "install the dependencies from a requirements file before it, or declare them in pyproject.toml",
    )


def _read_project(found: _Collected, line: CommandLine, location: Location) -> None:
    """`--group NAME` installs a dependency group of pyproject.toml (PEP 735)."""
    for value in line.values("--group"):
        path = value.rpartition(":")[0] or "pyproject.toml"
        found.manifests.append(ManifestUse(path=path, role="project", location=location))


def read_uninstall(manager: str, line: CommandLine) -> InstallStep:
    """Names that are uninstalled."""
    requirements, unknown = read_words(line.operands, partial(_uninstalled, manager))
    return InstallStep(
        manager=manager,
        action=Action.REMOVE,
        requirements=requirements,
        unknown=unknown,
        options=line.kept,
    )


def _uninstalled(manager: str, word: Word, text: str) -> Requirement | UnknownWord:
    from dock2nix.parse.requirements import read_requirement  # noqa: PLC0415 - loaded for Python packages only

    read = read_requirement(text)
    if isinstance(read, str):
        return refused(word, read)
    return Requirement(manager=manager, name=read.name, location=word.location)
