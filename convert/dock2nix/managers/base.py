"""The shape of a package manager, and how an invocation is recognised as one of its programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.catalogue.base import Catalogue
    from dock2nix.model.packages import AttributePath, InstallStep, Requirement, Resolution
    from dock2nix.model.shell import Invocation, Word
    from dock2nix.model.source import Location

# A finding yet without a place: (code, message, hint).
Problem = tuple[str, str, str]

# The build script of setuptools.
SETUP = "setup.py"
_INTERPRETER = regex(r"(?:python|pypy)[0-9.]*")
_INTERPRETER_VALUED = frozenset({"-W", "-X", "--check-hash-based-pycs"})
_NAMED_BY_VERSION = regex(r"(pip|easy_install)-?[0-9][0-9.]*")


class BuildFiles(Protocol):
    """The files of the image that came from the build context."""

    def read(self, path: str, directory: str | None) -> str | None:
        """The text of a file, None when it is not known to be there.

        Args:
            path: as a command names it.
            directory: the working directory it is relative to; None when that is not known.
        """
        ...


class Setting(Struct, frozen=True, kw_only=True):
    """Where a package is asked for.

    `interpreter` is the one that language packages are installed into (`python312`, `nodejs_22`); `language` its language, ""
    for none; `own` is true when it is the base image's own and no package's. `distribution` and `release` are the base image's.
    `channel` is "" for the indexed nixpkgs, else the old release that the interpreter comes from, with the packages of its set;
    what that holds cannot be seen. `streams` are versions chosen for later packages, as in `InstallStep`.
    """

    interpreter: AttributePath | None = None
    language: str = ""
    distribution: str = ""
    release: str = ""
    channel: str = ""
    own: bool = False
    streams: tuple[tuple[str, str], ...] = ()


class PackageManager(Protocol):
    """One package manager: a module of this folder.

    `NAME` is the module's name; requirements that carry it as their `manager` are resolved by its `resolve`. `PROGRAMS` are
    the commands it understands, as `called_as` names them.
    """

    NAME: str
    PROGRAMS: frozenset[str]

    def parse_install(
        self, invocation: Invocation, location: Location, files: BuildFiles
    ) -> InstallStep | None:
        """What the invocation asks of the package manager; None when it is no use of this manager after all."""
        ...

    def resolve(
        self, requirement: Requirement, catalogue: Catalogue, setting: Setting
    ) -> tuple[Resolution, ...]:
        """What stands for the requirement in nixpkgs: never empty, several when one name stands for several packages."""
        ...


def called_as(invocation: Invocation) -> tuple[str, tuple[Word, ...]]:
    """The program an invocation comes down to, and its arguments.

    `/opt/venv/bin/pip3.11 install x` and `python3 -m pip install x` are both `pip` with `install x`; `python setup.py install` is
    `setup.py`.

    Returns:
        The program's name without folder and version, "" when it is not known; its arguments.
    """
    name = (invocation.program or "").rsplit("/", 1)[-1]
    if _INTERPRETER.fullmatch(name):
        return _module_run(name, invocation.arguments)
    versioned = _NAMED_BY_VERSION.fullmatch(name)
    return versioned[1] if versioned else name, invocation.arguments


def _module_run(interpreter: str, words: tuple[Word, ...]) -> tuple[str, tuple[Word, ...]]:
    """`python -m MODULE ARGUMENTS`, behind options of the interpreter; anything else stays as it is."""
    at = 0
    while at < len(words):
        text = words[at].value or ""
        if text == "-m" and at + 1 < len(words):
            return words[at + 1].value or "", words[at + 2 :]
        if text.startswith("-m") and len(text) > 2:
            return text[2:], words[at + 1 :]
        if text.rsplit("/", 1)[-1] == SETUP:
            return SETUP, words[at + 1 :]
        if not text.startswith("-") or text in {"-", "-c"}:
            break
        at += 2 if text in _INTERPRETER_VALUED else 1
    return interpreter, words
