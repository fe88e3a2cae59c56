"""`go install MODULE@VERSION`: programs of other modules, which nixpkgs has under their own names. Builds of a project are none of it."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dock2nix.managers.arguments import option_names, read_command_line, read_words, refused
from dock2nix.managers.base import Setting, called_as
from dock2nix.managers.resolution import Question, curated, first_answer, package, unresolved
from dock2nix.model.packages import Action, InstallStep, NixpkgsPackage, Origin, Requirement
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.catalogue.base import Attribute, Catalogue
    from dock2nix.managers.base import BuildFiles
    from dock2nix.model.packages import AttributePath, Resolution, UnknownWord
    from dock2nix.model.shell import Invocation, Word
    from dock2nix.model.source import Location

NAME = "go"
PROGRAMS = frozenset({"go"})

_VALUED = option_names("-ldflags -tags -gcflags -asmflags -mod -p")
# The path of a package of another module begins with a host (Go Modules Reference, "Module paths").
_FOREIGN = regex(
    r"([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+/[A-Za-z0-9._~/-]+?)(?:/\.\.\.)?(?:@([A-Za-z0-9.+_-]+))?"
)
_MAJOR = regex(r"v[0-9]+")
_ANY_VERSION = frozenset({"latest", "upgrade", "master", "main", "HEAD"})


def parse_install(invocation: Invocation, location: Location, files: BuildFiles) -> InstallStep | None:  # noqa: ARG001 - the shape of a manager
    """What an invocation asks for that is of other modules; None for all that works on the project at hand.

    `go get` installed programs where there was no project, before Go 1.17.
    """
    line = read_command_line(called_as(invocation)[1], _VALUED)
    names = [word.value or "" for word in line.operands]
    foreign = [found for name in names if (found := _FOREIGN.fullmatch(name))]
    if not names or len(foreign) != len(names):
        return None
    alone = line.verb == "get" and not line.has("-d") and files.read("go.mod", invocation.directory) is None
    if not alone and not (line.verb == "install" and all(found[2] for found in foreign)):
        return None
    requirements, unknown = read_words(line.operands, _program)
    return InstallStep(
        manager=NAME,
        action=Action.INSTALL,
        requirements=requirements,
        unknown=unknown,
        everywhere=True,
        options=line.kept,
    )


def _program(word: Word, text: str) -> Requirement | UnknownWord:
    found = _FOREIGN.fullmatch(text)
    if found is None:
        return refused(word, "is not the path of a package of Go")
    asked = "" if (found[2] or "latest") in _ANY_VERSION else f"@{found[2].removeprefix('v')}"
    return Requirement(manager=NAME, name=found[1], specifier=asked, location=word.location)


def resolve(requirement: Requirement, catalogue: Catalogue, setting: Setting) -> tuple[Resolution, ...]:
    """The package with the program, when it is called like the program or like a part of the module's path."""
    question = Question(
        requirement=requirement, name=requirement.name, table=NAME, catalogue=catalogue, setting=setting
    )
    return first_answer(question, curated, _by_program, _unknown)


def installed_programs(
    install: InstallStep, invocation: Invocation, catalogue: Catalogue
) -> tuple[tuple[str, AttributePath, str], ...]:
    """Where the programs come to stand (`go help install`): path, attribute, and the program's name in it.

    Args:
        install: what `parse_install` said.
        invocation: for GOBIN and GOPATH.
        catalogue: tells which attributes these are; of what it does not know there is nothing.
    """
    environment = invocation.environment
    folder = environment.get("GOBIN") or posixpath.join(environment.get("GOPATH") or "/root/go", "bin")
    found: list[tuple[str, AttributePath, str]] = []
    for requirement in install.requirements:
        name = program_name(requirement.name)
        found += (
            (posixpath.join(folder, name), one.attribute_path, name)
            for one in resolve(requirement, catalogue, Setting())
            if isinstance(one, NixpkgsPackage)
        )
    return tuple(found)


def _by_program(question: Question) -> tuple[Resolution, ...]:
    name = program_name(question.name)
    for provider in question.catalogue.providers("command", name):
        known = question.catalogue.attribute(provider.path)
        if known is not None and "." not in known.path and _is_of(known, name, question.name):
            evidence = f"{known.path} has the command {name}"
            return (package(question, known.path, origin=Origin.PROVIDER, evidence=evidence),)
    return ()


def program_name(path: str) -> str:
    """What Go calls the program of a package: the last part of its path that is no major version."""
    parts = path.split("/")
    return parts[-2] if _MAJOR.fullmatch(parts[-1]) and len(parts) > 1 else parts[-1]


def _is_of(known: Attribute, name: str, path: str) -> bool:
    parts = {part.removesuffix(".git") for part in path.split("/")[1:]}
    return known.pname in parts | {name, f"go-{name}"} or known.pname.startswith(f"{name}-unstable")


def _unknown(question: Question) -> tuple[Resolution, ...]:
    name = program_name(question.name)
    reason = (
        f"nixpkgs has no program {name} that is known to be of {question.name}: build it from its repository "
        "(git clone at a tag, then go build), or map it"
    )
    return (unresolved(question, reason, ()),)
