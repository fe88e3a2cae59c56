"""dpkg and gdebi: Debian package files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.managers import apt
from dock2nix.managers.arguments import option_names, read_command_line, read_words, refused
from dock2nix.managers.base import called_as
from dock2nix.managers.packagefiles import file_requirement
from dock2nix.model.packages import Action, InstallStep, Requirement

if TYPE_CHECKING:
    from dock2nix.managers.arguments import CommandLine
    from dock2nix.managers.base import BuildFiles
    from dock2nix.model.packages import UnknownWord
    from dock2nix.model.shell import Invocation, Word
    from dock2nix.model.source import Location

NAME = "dpkg"
PROGRAMS = frozenset({"dpkg", "gdebi"})

# dpkg takes most values behind `=`; these stand in the next word (dpkg(1)).
_VALUED = option_names(
    """
    -o --option --status-fd --verify-format
    """
)

_INSTALLS = ("-i", "--install", "--unpack")
_REMOVES = ("-r", "--remove", "-P", "--purge")
_UNPACKS = (
    "-x",
    "--extract",
    "-X",
    "--vextract",
    "-e",
    "--control",
    "--fsys-tarfile",
    "--ctrl-tarfile",
    "-b",
    "--build",
)
_SIMULATES = ("--no-act", "--dry-run", "--simulate")

_OPTION_MEANINGS: tuple[tuple[tuple[str, ...], Action, str], ...] = (
    (_SIMULATES, Action.NOTHING, "only shows what would be done"),
    (_INSTALLS, Action.INSTALL, ""),
    (_REMOVES, Action.REMOVE, ""),
    (_UNPACKS, Action.OTHER, "packs or unpacks a .deb file by hand"),
    (("--add-architecture",), Action.REPOSITORY, "the packages of another architecture have no counterpart"),
    (("--remove-architecture",), Action.REPOSITORY, "Nix has no list of foreign architectures"),
    (
        ("--configure", "--triggers-only"),
        Action.NOTHING,
        "Nix has no packages that are unpacked but not configured",
    ),
    (
        ("--set-selections", "--clear-selections"),
        Action.NOTHING,
        "dpkg's selections have no meaning under Nix",
    ),
)


def parse_install(invocation: Invocation, location: Location, files: BuildFiles) -> InstallStep | None:  # noqa: ARG001 - the shape of a manager
    """What an invocation of dpkg or gdebi asks for. Its packages belong to apt: they are resolved as apt's."""
    program, words = called_as(invocation)
    line = read_command_line(words, _VALUED, has_verb=False)
    action, reason = (Action.INSTALL, "") if program == "gdebi" else _meaning(line)
    if action not in {Action.INSTALL, Action.REMOVE}:
        return InstallStep(manager=apt.NAME, action=action, reason=reason, options=line.kept)
    if not line.operands:
        return _without_names(line)
    requirements, unknown = read_words(
        line.operands, _package_file if action is Action.INSTALL else _installed_name
    )
    return InstallStep(
        manager=apt.NAME,
        action=action,
        requirements=requirements,
        unknown=unknown,
        problems=_problems(line),
        options=line.kept,
    )


def _without_names(line: CommandLine) -> InstallStep:
    if line.has("-a", "--pending"):
        reason = "removes what was marked for removal"
        return InstallStep(manager=apt.NAME, action=Action.NOTHING, reason=reason, options=line.kept)
    reason = "names no package: where the names come from is not known"
    return InstallStep(manager=apt.NAME, action=Action.OTHER, reason=reason, options=line.kept)


def _meaning(line: CommandLine) -> tuple[Action, str]:
    for names, action, reason in _OPTION_MEANINGS:
        if line.has(*names):
            return action, reason
    return Action.NOTHING, "only asks; it changes nothing"


def _problems(line: CommandLine) -> tuple[tuple[str, str, str], ...]:
    forced = tuple(option.text for option in line.options if option.name.startswith("--force-bad-verify"))
    return tuple(("D2N504", f"{text} installs packages whose signature is wrong", "") for text in forced)


def _package_file(word: Word, text: str) -> Requirement:
    return file_requirement(apt.NAME, word, text)


def _installed_name(word: Word, text: str) -> Requirement | UnknownWord:
    name = text.partition(":")[0]
    if not name:
        return refused(word, "is not a Debian package name")
    return Requirement(manager=apt.NAME, name=name, location=word.location)


resolve = apt.resolve
