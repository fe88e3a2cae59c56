"""What is known to stand in the image, and what that means for commands that change it."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from msgspec import Struct

from dock2nix.model.image import (
    AddUser,
    CopyFiles,
    LinkProgram,
    MakeDirectory,
    NodeModules,
    Remove,
    RunTool,
    SetMode,
    SetOwner,
    Symlink,
    WriteFile,
)
from dock2nix.parse.copying import STANDARD_DIRECTORIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dock2nix.model.image import ContextSource, Effect
    from dock2nix.parse.context import BuildContext


class KnownPaths:
    """The paths that the effects so far have made; it grows with them, since a stage may have thousands.

    Args:
        context: where copied files are from.
        effects: what has happened already.
    """

    def __init__(self, context: BuildContext, effects: Iterable[Effect] = ()) -> None:
        self.context = context
        self._directories: set[str] = set(STANDARD_DIRECTORIES)
        self._files: set[str] = set()
        self._copied: dict[tuple[str, str], None] = {}
        self._written: dict[str, None] = {}
        for effect in effects:
            self.add(effect)

    def add(self, effect: Effect) -> None:
        """Take one more effect into account."""
        match effect:
            case MakeDirectory():
                self._folder(effect.path)
            case WriteFile() | Symlink() | LinkProgram():
                self._file(effect.path)
            case CopyFiles():
                for source in effect.sources:
                    self._copy(source)
            case NodeModules():
                self._folder(effect.path)
            case AddUser() if effect.create_home:
                self._folder(effect.home or f"/home/{effect.name}")
            case RunTool():
                self._tool(effect)
            case Remove():
                self._forget(effect.path)
            case _:
                pass

    def _folder(self, path: str) -> None:
        self._directories.update(_with_parents(path))
        self._written[path] = None

    def _file(self, path: str) -> None:
        self._directories.update(_with_parents(posixpath.dirname(path)))
        self._files.add(path)
        self._written[path] = None

    def _copy(self, source: ContextSource) -> None:
        if not source.directory:
            self._file(source.destination)
            return
        self._folder(source.destination)
        self._copied[source.path, source.destination] = None

    def _tool(self, effect: RunTool) -> None:
        for source in effect.reads if effect.target else ():
            into = self.is_directory(effect.target)
            made = posixpath.join(effect.target, posixpath.basename(source)) if into else effect.target
            if self.is_directory(source):
                self._folder(made)
            else:
                self._file(made)
            if effect.moves:
                self._forget(source)

    def _forget(self, path: str) -> None:
        """What is removed and what was in it; a folder of the context that it was part of still counts as copied."""
        gone = [one for one in self._written if one == path or one.startswith(path.rstrip("/") + "/")]
        for one in gone:
            del self._written[one]
            self._files.discard(one)
            if one not in STANDARD_DIRECTORIES:
                self._directories.discard(one)

    def directories(self) -> frozenset[str]:
        """Every path known to be a folder, those of any distribution included."""
        return frozenset(self._directories)

    def is_directory(self, path: str) -> bool:
        """Whether a path is known to be a folder."""
        return path in self._directories or self._in_context(path, self.context.is_directory)

    def holds(self, path: str) -> bool:
        """Whether something is known to stand at an absolute path."""
        return path in self._directories or path in self._files or self._in_context(path, self.context.exists)

    def below(self, folder: str) -> bool:
        """Whether anything is known to have been put at or below a path."""
        prefix = folder.rstrip("/") + "/"
        return any(path.startswith(prefix) or path == folder for path in self._written)

    def written(self) -> tuple[str, ...]:
        """Every path that an effect has made, in order."""
        return tuple(self._written)

    def _in_context(self, path: str, asks: Callable[[str], bool]) -> bool:
        for folder, destination in self._copied:
            inside = posixpath.relpath(path, destination)
            if not inside.startswith("..") and asks(posixpath.normpath(posixpath.join(folder, inside))):
                return True
        return False


def _with_parents(path: str) -> set[str]:
    found = set()
    while path not in {"", "/"}:
        found.add(path)
        path = posixpath.dirname(path)
    return found | {"/"}


class Settled(Struct, frozen=True, kw_only=True):
    """Effects that fit what is in the image; `problem` says why they do not, and then there are none."""

    effects: tuple[Effect, ...] = ()
    problem: str = ""


def settle(effects: tuple[Effect, ...], known: KnownPaths) -> Settled:
    """Check the effects of a command against what is in the image, and take note of them.

    Changing a file that is not known to be there cannot be done; removing one is nothing to do; a standard folder of every
    distribution is made when its mode or owner changes.

    Args:
        effects: of one command, in order.
        known: what is in the image before it; grows by the effects that are kept.
    """
    kept: list[Effect] = []
    for effect in effects:
        if isinstance(effect, Remove):
            if not (known.holds(effect.path) or known.below(effect.path)):
                continue
        elif isinstance(effect, WriteFile) and _adds_to_unknown(effect, known):
            return Settled(problem=f"what {effect.path} holds before is not known")
        elif isinstance(effect, RunTool):
            problem = _tool_problem(effect, known)
            if problem:
                return Settled(problem=problem)
            kept += _folder_for(effect, known)
        elif isinstance(effect, (SetMode, SetOwner)):
            if not known.holds(effect.path):
                return Settled(problem=f"what stands at {effect.path} in the image is not known")
            kept += _standard_folder(effect)
        known.add(effect)
        kept.append(effect)
    return Settled(effects=tuple(kept))


def _adds_to_unknown(effect: WriteFile, known: KnownPaths) -> bool:
    """Whether text is added to a file that a distribution's package may have brought; `.d` folders are for files of one's own."""
    folder = posixpath.dirname(effect.path)
    foreign = effect.path.startswith(("/etc/", "/lib/", "/usr/", "/var/")) and not effect.path.startswith(
        "/usr/local/"
    )
    return bool(
        effect.append and effect.content and foreign and not folder.endswith(".d")
    ) and not known.holds(effect.path)


def _tool_problem(effect: RunTool, known: KnownPaths) -> str:
    for path in effect.reads:
        if not known.holds(path) or (path in STANDARD_DIRECTORIES and not known.below(path)):
            return f"what stands at {path} in the image is not known"
    parent = posixpath.dirname(effect.target) if effect.target else ""
    if effect.target and not known.is_directory(effect.target) and not known.is_directory(parent):
        return f"whether there is a folder {parent} in the image is not known"
    return ""


def _folder_for(effect: RunTool, known: KnownPaths) -> list[Effect]:
    """The folder that something is copied into, when only the distribution is known to have it."""
    if not effect.target:
        return []
    folder = effect.target if known.is_directory(effect.target) else posixpath.dirname(effect.target)
    if folder not in STANDARD_DIRECTORIES or folder == "/":
        return []
    return [MakeDirectory(path=folder, location=effect.location, text=effect.text)]


def _standard_folder(effect: SetMode | SetOwner) -> list[Effect]:
    if effect.path not in STANDARD_DIRECTORIES or effect.path == "/":
        return []
    return [MakeDirectory(path=effect.path, location=effect.location, text=effect.text)]
