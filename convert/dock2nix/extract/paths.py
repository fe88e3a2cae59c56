"""What is known to stand in the image, and what that means for commands that change it."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dock2nix.model.image import (
    AddUser,
    CopyFiles,
    MakeDirectory,
    Remove,
    SetMode,
    SetOwner,
    Symlink,
    WriteFile,
)
from dock2nix.model.steps import CommandOutcome
from dock2nix.parse.copying import STANDARD_DIRECTORIES

if TYPE_CHECKING:
    from dock2nix.model.image import Effect
    from dock2nix.model.steps import Step
    from dock2nix.parse.context import BuildContext


class KnownPaths(Struct, frozen=True):
    """The paths that the effects so far have made."""

    context: BuildContext
    effects: tuple[Effect, ...]

    def directories(self) -> frozenset[str]:
        """Every path known to be a folder, those of any distribution included."""
        made: set[str] = set(STANDARD_DIRECTORIES)
        for effect in self.effects:
            match effect:
                case MakeDirectory():
                    made.update(_with_parents(effect.path))
                case WriteFile() | Symlink():
                    made.update(_with_parents(posixpath.dirname(effect.path)))
                case CopyFiles():
                    for source in effect.sources:
                        folder = (
                            source.destination if source.directory else posixpath.dirname(source.destination)
                        )
                        made.update(_with_parents(folder))
                case AddUser() if effect.create_home:
                    made.update(_with_parents(effect.home or f"/home/{effect.name}"))
        return frozenset(made)

    def holds(self, path: str) -> bool:
        """Whether something is known to stand at an absolute path."""
        return path in self.directories() or any(self._makes(effect, path) for effect in self.effects)

    def below(self, folder: str) -> bool:
        """Whether anything is known to have been put below a folder."""
        prefix = folder.rstrip("/") + "/"
        return any(path.startswith(prefix) or path == folder for path in self.written())

    def written(self) -> tuple[str, ...]:
        """Every path that an effect has made, in order."""
        found: list[str] = []
        for effect in self.effects:
            match effect:
                case MakeDirectory() | WriteFile() | Symlink():
                    found.append(effect.path)
                case CopyFiles():
                    found += [source.destination for source in effect.sources]
                case AddUser() if effect.create_home:
                    found.append(effect.home or f"/home/{effect.name}")
        return tuple(dict.fromkeys(found))

    def _makes(self, effect: Effect, path: str) -> bool:
        match effect:
            case WriteFile() | Symlink():
                return effect.path == path
            case CopyFiles():
                return any(
                    source.destination == path
                    or (source.directory and self._copied(source.path, source.destination, path))
                    for source in effect.sources
                )
            case _:
                return False

    def _copied(self, folder: str, destination: str, path: str) -> bool:
        inside = posixpath.relpath(path, destination)
        return not inside.startswith("..") and self.context.exists(
            posixpath.normpath(posixpath.join(folder, inside))
        )


def _with_parents(path: str) -> set[str]:
    found = set()
    while path not in {"", "/"}:
        found.add(path)
        path = posixpath.dirname(path)
    return found | {"/"}


def settle(step: Step, known: KnownPaths) -> Step:
    """The step with its effects checked against what is in the image.

    Changing a file that is not known to be there leaves the command to a human; removing one is nothing to do; a standard
    folder of every distribution is made when its mode or owner changes.
    """
    effects: list[Effect] = []
    for effect in step.effects:
        now = KnownPaths(known.context, known.effects + tuple(effects))
        if isinstance(effect, Remove):
            effects += [effect] if now.holds(effect.path) else []
        elif isinstance(effect, (SetMode, SetOwner)):
            if not now.holds(effect.path):
                return replace(
                    step,
                    effects=(),
                    outcome=CommandOutcome.UNRESOLVED,
                    reason=f"what stands at {effect.path} in the image is not known",
                )
            effects += [*_standard_folder(effect), effect]
        else:
            effects.append(effect)
    nothing_left = step.effects and not effects and all(isinstance(effect, Remove) for effect in step.effects)
    if nothing_left:
        return replace(
            step,
            effects=(),
            outcome=CommandOutcome.NOT_NEEDED,
            reason="what it removes is not in the Nix image",
        )
    return replace(step, effects=tuple(effects))


def _standard_folder(effect: SetMode | SetOwner) -> list[Effect]:
    if effect.path not in STANDARD_DIRECTORIES or effect.path == "/":
        return []
    return [MakeDirectory(path=effect.path, location=effect.location, text=effect.text)]
