"""nvm: the version of Node.js that a shell works with."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dock2nix.managers import apt
from dock2nix.managers.arguments import option_names, read_command_line
from dock2nix.managers.base import called_as
from dock2nix.model.packages import Action, InstallStep, Requirement
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.managers.arguments import CommandLine
    from dock2nix.managers.base import BuildFiles
    from dock2nix.model.shell import Invocation
    from dock2nix.model.source import Location

NAME = "nvm"
PROGRAMS = frozenset({"nvm"})

_VALUED = option_names("--reinstall-packages-from")
_VERSION = regex(r"v?([0-9]+(?:\.[0-9]+){0,2})")
_NEWEST = frozenset({"node", "stable", "current", "lts/*", "--lts"})
_CHOOSES = frozenset({"alias", "unalias", "use", "deactivate", "cache", "unload"})
_FILE = ".nvmrc"


def parse_install(invocation: Invocation, location: Location, files: BuildFiles) -> InstallStep | None:
    """`nvm install VERSION` brings Node.js of that version, or of the one in .nvmrc; all else only chooses among what is there."""
    _, words = called_as(invocation)
    line = read_command_line(words, _VALUED)
    if line.verb in {"install", "i"}:
        return _installed(line, invocation, location, files)
    if line.verb in _CHOOSES:
        reason = "chooses among versions that are there; an image has one"
        return InstallStep(manager=apt.NAME, action=Action.NOTHING, reason=reason)
    asks = line.verb in {"", "ls", "list", "ls-remote", "current", "version", "which", "help", "debug"}
    reason = "only asks; it changes nothing" if asks else f"nvm {line.verb} has no translation"
    return InstallStep(manager=apt.NAME, action=Action.NOTHING if asks else Action.OTHER, reason=reason)


def _installed(
    line: CommandLine, invocation: Invocation, location: Location, files: BuildFiles
) -> InstallStep:
    asked, place = _asked(line, invocation, location, files)
    found = _VERSION.fullmatch(asked) if asked is not None else None
    if asked is None or (found is None and asked not in _NEWEST):
        shown = asked or " ".join(word.text for word in line.operands) or "no version"
        reason = f"which version of Node.js nvm installs is not known here: {shown}"
        return InstallStep(manager=apt.NAME, action=Action.OTHER, reason=reason)
    specifier = f"={found[1]}{'.*' if found[1].count('.') < 2 else ''}" if found else ""
    nodejs = Requirement(manager=apt.NAME, name="nodejs", specifier=specifier, location=place)
    return InstallStep(manager=apt.NAME, action=Action.INSTALL, requirements=(nodejs,))


def _asked(
    line: CommandLine, invocation: Invocation, location: Location, files: BuildFiles
) -> tuple[str | None, Location]:
    """The version in words, None when it is not known, and where it stands."""
    if line.operands:
        return line.operands[0].value, line.operands[0].location
    if line.has("--lts"):
        return "--lts", location
    text = files.read(_FILE, invocation.directory)
    return re.sub(r"#.*", "", text).strip() if text else None, location


resolve = apt.resolve
