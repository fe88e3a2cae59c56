"""Downloads that are run and known for what they install (`curl -fsSL https://deb.nodesource.com/setup_20.x | bash -`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.catalogue.installers import installer_at
from dock2nix.commands.base import absolute
from dock2nix.extract.verdicts import Verdict, not_needed
from dock2nix.model.packages import Action, InstallStep, Requirement
from dock2nix.model.steps import CommandOutcome
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.catalogue.installers import Installer
    from dock2nix.extract.paths import KnownPaths
    from dock2nix.model.shell import Invocation
    from dock2nix.model.source import Location

INTERPRETERS = frozenset(
    ["ash", "bash", "dash", "ksh", "node", "perl", "php", "python", "python2", "python3", "ruby", "sh", "zsh"]
)
_VERSION = regex(r"v?([0-9]+(?:\.[0-9]+)*)(?:\.x)?/?")
_SPECIFIER = {"apt": "=", "pip": "=="}
# What the shell itself is told: where the script comes from, and how it is run.
_OF_SHELL = frozenset({"-", "-s", "-e", "-x", "-ex", "-E", "-u", "-c", "/dev/stdin", ""})


def known_installer(run: Invocation, url: str | None, location: Location, skip: int = 0) -> Verdict | None:
    """What comes of running what is at an address; None when nobody knows, or the words behind it choose something else.

    Args:
        run: the interpreter.
        url: the address, None when it is not known.
        location: of the command.
        skip: how many words of the interpreter's are not for the script.
    """
    installer = installer_at(url) if url else None
    if installer is None or installer.program:
        return None
    return _outcome(installer, run, location, skip)


def _outcome(installer: Installer, run: Invocation, location: Location, skip: int) -> Verdict | None:
    words = [word.value for word in run.arguments[skip:]]
    if any(word is None or word not in {*installer.words, *_OF_SHELL} for word in words):
        return None
    if installer.reason and not installer.optional:
        return not_needed(installer.reason)
    step = _stream(installer) if installer.stream else _packages(installer, run, location)
    if step is None:
        return None
    if installer.optional and not any(one.specifier for one in step.requirements):
        return not_needed(installer.reason)
    return Verdict(
        outcome=CommandOutcome.TRANSLATED if step.action is Action.INSTALL else CommandOutcome.NOT_NEEDED,
        reason=step.reason,
        installs=(step,),
    )


def run_script(run: Invocation, known: KnownPaths, location: Location) -> Verdict | None:
    """The same for a script that was downloaded to a file before (`bash setup.sh`), or came in an archive (`./aws/install`)."""
    program = absolute(run.program or "", run.directory) or ""
    for file in known.downloads.values() if "/" in (run.program or "") else ():
        packed = installer_at(file.url)
        if packed is not None and packed.program and program.endswith(f"/{packed.program}"):
            return _outcome(packed, run, location, skip=0)
    name = (run.program or "").rpartition("/")[2]
    if name not in INTERPRETERS or not run.arguments or run.arguments[0].value is None:
        return None
    path = absolute(run.arguments[0].value, run.directory)
    found = known.downloads.get(path) if path else None
    return known_installer(run, found.url, location, skip=1) if found is not None else None


def _stream(installer: Installer) -> InstallStep:
    version = _VERSION.fullmatch(installer.filled)
    return InstallStep(
        manager=installer.manager,
        action=Action.REPOSITORY,
        reason=f"adds a package source; nixpkgs has an attribute for each version of {installer.stream}",
        streams=((installer.stream, version[1]),) if version else (),
    )


def _packages(installer: Installer, run: Invocation, location: Location) -> InstallStep | None:
    """The packages, in the version that a variable asks for; None when that is not known."""
    specifier = ""
    if installer.version:
        own = next((word.value for name, word in reversed(run.assignments) if name == installer.version), "")
        given = own if own != "" else run.environment.get(installer.version) or ""
        version = _VERSION.fullmatch(given or "")
        if given is None or (given and version is None):
            return None
        specifier = f"{_SPECIFIER[installer.manager]}{version[1]}" if version else ""
    return InstallStep(
        manager=installer.manager,
        action=Action.INSTALL,
        requirements=tuple(
            Requirement(manager=installer.manager, name=name, specifier=specifier, location=location)
            for name in installer.packages
        ),
        reason="an installer that is known; nixpkgs has what it installs",
        everywhere=True,
    )
