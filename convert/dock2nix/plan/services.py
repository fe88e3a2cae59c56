"""What a base image brings beside its packages, as far as the Dockerfile leaves it in its place."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dock2nix.extract.paths import is_below, matched
from dock2nix.model.image import (
    AddGroup,
    AddUser,
    CopyFiles,
    LeftOut,
    MakeDirectory,
    Remove,
    RemoveAccount,
    RunScript,
    RunTool,
    SetMode,
    SetOwner,
    StoreFiles,
    Symlink,
    ToolPath,
    WriteFile,
)

if TYPE_CHECKING:
    from dock2nix.model.image import Effect
    from dock2nix.plan.origins import Origins


def from_their_inputs(effects: tuple[Effect, ...], origins: Origins) -> tuple[Effect, ...]:
    """The effects in which packages come from the flake input that the base's packages come from."""
    return tuple(
        replace(effect, source=origins.of(str(effect.attribute_path)))
        if isinstance(effect, StoreFiles)
        else effect
        for effect in effects
    )


def without_replaced(effects: tuple[Effect, ...]) -> tuple[Effect, ...]:
    """The effects without files of ours that the Dockerfile replaces or removes before anything makes use of them.

    Args:
        effects: of the image, in order.
    """
    gone = {
        at
        for at, effect in enumerate(effects)
        if isinstance(effect, WriteFile) and effect.stored and _is_replaced(effect.path, effects[at + 1 :])
    }
    if not gone:
        return effects
    left = [_its_folder(effect) if at in gone else effect for at, effect in enumerate(effects)]
    lost = tuple(
        effect.path for at, effect in enumerate(effects) if at in gone and isinstance(effect, WriteFile)
    )
    return tuple(
        effect for at, effect in enumerate(left) if not _removes_only(effect, lost, tuple(left[:at]))
    )


def _its_folder(effect: Effect) -> Effect:
    """In the place of a file the folder that it stood in, which is there all the same."""
    if not isinstance(effect, WriteFile):
        return effect
    folder = posixpath.dirname(effect.path)
    return MakeDirectory(path=folder, location=effect.location, text=effect.text)


def _is_replaced(path: str, later: tuple[Effect, ...]) -> bool:
    """Whether the first of the later effects that is about a file puts another one there, or takes it away."""
    for effect in later:
        match effect:
            case Remove() if removed(effect, path):
                return True
            case WriteFile() if effect.path == path:
                return not effect.append
            case CopyFiles() if any(one.destination == path and not one.directory for one in effect.sources):
                return True
            case _ if _is_about(effect, path):
                return False
    return False


def removed(effect: Remove, path: str) -> bool:
    """Whether a removal takes away what stands at a path."""
    return bool(matched(effect.path, path)) if effect.pattern else is_below(path, effect.path)


def _is_about(effect: Effect, path: str) -> bool:
    match effect:
        case RunScript() | LeftOut():
            return True
        case AddUser() | AddGroup() | RemoveAccount() | CopyFiles():
            return False
        case RunTool():
            words = [word for word in effect.words if isinstance(word, ToolPath)]
            return any(_names(word.path, path, pattern=word.pattern) for word in words)
        case _:
            return effect.path == path


def _names(named: str, path: str, *, pattern: bool) -> bool:
    return bool(matched(named, path)) if pattern else is_below(path, named)


def _removes_only(effect: Effect, lost: tuple[str, ...], before: tuple[Effect, ...]) -> bool:
    """Whether a removal is about nothing but files that are not made any more."""
    if not isinstance(effect, Remove) or not any(removed(effect, path) for path in lost):
        return False
    return not any(_may_fill(one, effect) for one in before)


def _may_fill(effect: Effect, removal: Remove) -> bool:
    """Whether something that a removal takes away may be there because of an effect."""
    fixed = posixpath.dirname(removal.path.partition("*")[0] + "x") if removal.pattern else removal.path
    match effect:
        case AddUser() | AddGroup() | RemoveAccount():
            return False
        case CopyFiles():
            places = tuple(one.destination for one in effect.sources)
        case RunScript() | LeftOut():
            return True
        case RunTool():
            places = tuple(word.path.partition("*")[0] for word in effect.words if isinstance(word, ToolPath))
        case WriteFile():
            return removed(removal, effect.path)
        case _:
            places = (effect.path,)
    return any(
        removed(removal, place) or (place != "/" and is_below(fixed, place) and _fills(effect))
        for place in places
    )


def _fills(effect: Effect) -> bool:
    """Whether an effect puts more into a folder than the folder itself."""
    return not isinstance(effect, (MakeDirectory, SetMode, SetOwner, Symlink))
