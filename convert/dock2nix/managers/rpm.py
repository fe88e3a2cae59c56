"""rpm: package files and keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.managers import dnf
from dock2nix.managers.arguments import (
    option_names,
    option_problems,
    read_command_line,
    read_words,
    root_problem,
)
from dock2nix.managers.base import called_as
from dock2nix.managers.packagefiles import file_requirement
from dock2nix.managers.rpm_words import rpm_requirement
from dock2nix.model.packages import Action, InstallStep, Requirement

if TYPE_CHECKING:
    from dock2nix.managers.arguments import CommandLine
    from dock2nix.managers.base import BuildFiles
    from dock2nix.model.packages import UnknownWord
    from dock2nix.model.shell import Invocation, Word
    from dock2nix.model.source import Location

NAME = "rpm"
PROGRAMS = frozenset({"rpm", "rpmkeys"})

# As rpm(8) says.
_VALUED = option_names(
    """
    -D --define -E --eval --undefine --dbpath --root --rcfile --macros --load --prefix --relocate
    --excludepath --qf --queryformat --pipe --target
    """
)
_REPOSITORY = (Action.REPOSITORY, "keys have no meaning: Nix verifies by hash")
_ASKS = (Action.NOTHING, "only asks; it changes nothing")
_MEANINGS: tuple[tuple[tuple[str, ...], tuple[Action, str]], ...] = (
    (("--import", "--delete"), _REPOSITORY),
    (("-q", "--query", "-V", "--verify", "--eval", "-E", "--showrc", "-K", "--checksig", "--version"), _ASKS),
    (("--test",), (Action.NOTHING, "only shows what would be done")),
    (("--rebuilddb", "--initdb"), (Action.NOTHING, "Nix does not use the RPM database")),
    (("-i", "--install", "-U", "--upgrade", "-F", "--freshen", "--reinstall"), (Action.INSTALL, "")),
    (("-e", "--erase"), (Action.REMOVE, "")),
)
_UNSIGNED = ("D2N504", "{} lets packages be installed without checking them", "Nix verifies by hash")
_RISKS = dict.fromkeys(("--nosignature", "--nodigest", "--noverify"), _UNSIGNED)


def parse_install(invocation: Invocation, location: Location, files: BuildFiles) -> InstallStep | None:  # noqa: ARG001 - the shape of a manager
    """What an invocation of rpm asks for. Its packages are resolved as dnf's."""
    program, words = called_as(invocation)
    line = read_command_line(words, _VALUED, has_verb=False)
    action, reason = _REPOSITORY if program == "rpmkeys" else _meaning(line)
    if action in {Action.INSTALL, Action.REMOVE} and not line.operands:
        action, reason = Action.OTHER, "names no package: where the names come from is not known"
    if action not in {Action.INSTALL, Action.REMOVE}:
        return InstallStep(manager=dnf.NAME, action=action, reason=reason, options=line.kept)
    requirements, unknown = read_words(line.operands, _file if action is Action.INSTALL else _installed)
    return InstallStep(
        manager=dnf.NAME,
        action=action,
        requirements=requirements,
        unknown=unknown,
        problems=option_problems(line.options, _RISKS) + root_problem(line, "--root"),
        options=line.kept,
    )


def _meaning(line: CommandLine) -> tuple[Action, str]:
    for names, meaning in _MEANINGS:
        if any(option.name in names for option in line.options):
            return meaning
    return Action.OTHER, "this use of rpm has no translation"


def _file(word: Word, text: str) -> Requirement:
    return file_requirement(dnf.NAME, word, text)


def _installed(word: Word, text: str) -> Requirement | UnknownWord:
    return rpm_requirement(dnf.NAME, word, text)


resolve = dnf.resolve
