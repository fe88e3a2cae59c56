"""What a COPY takes from the build context, as few copies as it can be done with."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from msgspec import Struct

from dock2nix.emit.expression import NixExpression, nix_path
from dock2nix.emit.fileset import fileset_expression
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.model.image import ContextSource, CopyFiles

# What dock2nix writes; never part of the image.
GENERATED = ("flake.lock", "flake.nix", "nix")
_STORE_NAME = regex(r"[A-Za-z0-9+_?=-][A-Za-z0-9+._?=-]{0,200}")


class Copied(Struct, frozen=True, kw_only=True):
    """One copy: the file or the contents of the folder at `inside` of the root go to `destination`.

    `files` are the places in the image of single files that it makes.
    """

    inside: str
    destination: str
    directory: bool
    files: tuple[str, ...] = ()


class Copies(Struct, frozen=True, kw_only=True):
    """The copies of one instruction, out of `root`; `fileset` is what that is to be a name for, "" when it is a path itself."""

    root: NixExpression
    fileset: str
    items: tuple[Copied, ...]


def copies_of(effect: CopyFiles, up: str = "../") -> Copies:
    """The copies that an instruction is done with; `up` is the way to the flake's root, as in `nix_path`.

    A single file is referred to by its path. Files that go from one folder to another under their own names go as that folder,
    since it has no others in the store.
    """
    first = effect.sources[0]
    if len(effect.sources) == 1 and not first.directory and _is_plain(first.path):
        item = Copied(inside="", destination=first.destination, directory=False, files=(first.destination,))
        return Copies(root=NixExpression(nix_path(first.path, up)), fileset="", items=(item,))
    return Copies(
        root=NixExpression(""),
        fileset=fileset_expression(effect.sources, effect.exclusions, GENERATED, f"{up}."),
        items=_joined(effect.sources),
    )


def _is_plain(path: str) -> bool:
    return all(_STORE_NAME.fullmatch(part) for part in path.split("/"))


def _joined(sources: tuple[ContextSource, ...]) -> tuple[Copied, ...]:
    groups: dict[tuple[str, str], list[ContextSource]] = {}
    for source in sources:
        groups.setdefault(_folders(source), []).append(source)
    items: list[Copied] = []
    for (folder, destination), members in groups.items():
        if len(members) > 1 and not _shared(folder, members, sources):
            files = tuple(member.destination for member in members)
            items.append(_copied(folder, destination, files=files, directory=True))
        else:
            items += (_alone(member) for member in members)
    return tuple(items)


def _folders(source: ContextSource) -> tuple[str, str]:
    """The folders that a file comes from and goes to; a folder, or a file that gets another name, is a case of its own."""
    (folder, name), (target, new) = posixpath.split(source.path), posixpath.split(source.destination)
    plain = not source.directory and name == new
    return (folder, target) if plain else (f"{source.path}\0", source.destination)


def _shared(folder: str, members: list[ContextSource], sources: tuple[ContextSource, ...]) -> bool:
    """Whether there is more in the folder than these files."""
    others = [source for source in sources if source not in members]
    return any(_is_in(other.path, folder) or _is_in(folder, other.path) for other in others)


def _is_in(path: str, folder: str) -> bool:
    return not folder or f"{path}/".startswith(f"{folder}/")


def _alone(source: ContextSource) -> Copied:
    files = () if source.directory else (source.destination,)
    return _copied(source.path, source.destination, files=files, directory=source.directory)


def _copied(path: str, destination: str, *, files: tuple[str, ...], directory: bool) -> Copied:
    inside = f"/{path}" if path else ""
    return Copied(inside=inside, destination=destination, directory=directory, files=files)
