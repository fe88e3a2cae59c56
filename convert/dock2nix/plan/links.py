"""Symbolic links that the Dockerfile makes, followed: where Nix builds, an absolute link would lead out of the image."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, assert_never

from msgspec import Struct, field
from msgspec.structs import replace

from dock2nix.model.downloads import ChangeTree, CheckFile, FetchFile, FetchTree, Unpack
from dock2nix.model.image import (
    AddGroup,
    AddUser,
    CopyFiles,
    CopyOutput,
    LeftOut,
    LinkProgram,
    MakeDirectory,
    NodeModules,
    Remove,
    RemoveAccount,
    RunScript,
    RunTool,
    SetMode,
    SetOwner,
    StoreFiles,
    Symlink,
    WriteFile,
)
from dock2nix.paths import normal_path

if TYPE_CHECKING:
    from dock2nix.model.image import ContextSource, Effect

# Where the folders of a distribution are when /usr is merged with the root.
_MERGED = {
    "/sbin": "/bin",
    "/usr/bin": "/bin",
    "/usr/lib": "/lib",
    "/usr/sbin": "/bin",
    "/usr/share": "/share",
}
_PROGRAMS = "/bin"
_MOST_LINKS = 40  # as Linux has it
_IN_A_PACKAGE = ""


def merged(path: str) -> str:
    """`/usr/bin/env` to `/bin/env`: the place of a file where /usr is merged with the root."""
    for folder, place in _MERGED.items():
        if path == folder or path.startswith(f"{folder}/"):
            return place + path[len(folder) :]
    return path


def follow_links(
    effects: tuple[Effect, ...], programs: frozenset[str], *, merged_usr: bool
) -> tuple[Effect, ...]:
    """The effects with paths that lead through no link of theirs.

    Left out are a link to itself (`/bin/x` to `/usr/bin/x` where these are the same), permissions of what a link leads to when
    that is in a package, and a link in the place of a package's program to another one that is not there
    (`/usr/bin/node` to Debian's `/usr/bin/nodejs`).

    Args:
        effects: of the image, in order.
        programs: what the packages have in /bin.
        merged_usr: whether /usr is merged with the root.
    """
    walk = _Walk(programs=programs, merged_usr=merged_usr)
    return tuple(followed for effect in effects if (followed := walk.follow(effect)) is not None)


class _Walk(Struct):
    """The links so far (to where they lead; "" : into a package), and what else was made."""

    programs: frozenset[str]
    merged_usr: bool
    links: dict[str, str] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)

    def follow(self, effect: Effect) -> Effect | None:
        match effect:
            case Symlink():
                return self._symlink(effect)
            case StoreFiles() if effect.copied == "folder":
                return replace(effect, path=self._make(self._resolved(effect.path) or effect.path))
            case StoreFiles() if effect.copied:
                return replace(effect, path=self._make(self._beside(effect.path)))
            case LinkProgram() | StoreFiles():
                self.links[self._key(effect.path)] = _IN_A_PACKAGE
                return effect
            case SetMode():
                return self._mode(effect)
            case Remove():
                return self._remove(effect)
            case CopyFiles():
                return replace(effect, sources=tuple(map(self._source, effect.sources)))
            case MakeDirectory() | CopyOutput() | WriteFile() | FetchFile() | Unpack() | FetchTree():
                return self._put(effect)
            case SetOwner() | CheckFile() | ChangeTree():
                return replace(effect, path=self._beside(effect.path))
            case (
                NodeModules() | RunScript() | RunTool() | AddUser() | AddGroup() | RemoveAccount() | LeftOut()
            ):
                return effect
            case _:
                assert_never(effect)

    def _put(
        self, effect: MakeDirectory | CopyOutput | WriteFile | FetchFile | Unpack | FetchTree
    ) -> MakeDirectory | CopyOutput | WriteFile | FetchFile | Unpack | FetchTree:
        """A folder is gone into through links, and so is a file that is added to; any other file takes the place of a link."""
        match effect:
            case CopyOutput():
                through = effect.folder or effect.into
            case WriteFile():
                through = effect.append
            case Unpack():
                through = not effect.single
                effect = replace(effect, archive=self._resolved(effect.archive) if effect.archive else "")
            case _:
                through = not isinstance(effect, FetchFile)
        path = self._resolved(effect.path) if through else self._beside(effect.path)
        return replace(effect, path=self._make(path or effect.path))

    def _key(self, path: str) -> str:
        path = normal_path(path)
        return merged(path) if self.merged_usr else path

    def _make(self, path: str) -> str:
        self.made.add(self._key(path))
        self.links.pop(self._key(path), None)
        return path

    def _beside(self, path: str) -> str:
        """The path with links in the folders above it followed, but not itself."""
        folder, name = posixpath.split(normal_path(path))
        above = self._resolved(folder) if name else ""
        return posixpath.join(above, name) if above else path

    def _resolved(self, path: str) -> str:
        """The path with all links followed; "" when it is in a package."""
        path = normal_path(path)
        for _ in range(_MOST_LINKS):
            link = next((part for part in _prefixes(path) if self._key(part) in self.links), None)
            if link is None:
                return path
            target = self.links[self._key(link)]
            if target == _IN_A_PACKAGE:
                return ""
            path = normal_path(target + path[len(link) :])
        return path

    def _symlink(self, effect: Symlink) -> Symlink | None:
        path = self._beside(effect.path)
        target = normal_path(posixpath.join(posixpath.dirname(path), effect.target))
        if self._key(target) == self._key(path) or self._stands_for_itself(path, target):
            return None
        self.links[self._key(path)] = target
        return replace(effect, path=path)

    def _stands_for_itself(self, path: str, target: str) -> bool:
        """Whether a package has the program, and nothing is where the link would lead."""
        (folder, name), (target_folder, target_name) = (
            posixpath.split(self._key(path)),
            posixpath.split(self._key(target)),
        )
        is_there = target_name in self.programs or {self._key(target)} & {*self.made, *self.links}
        return folder == target_folder == _PROGRAMS and name in self.programs and not is_there

    def _mode(self, effect: SetMode) -> SetMode | None:
        path = self._resolved(effect.path)
        if path == normal_path(effect.path):
            return effect
        return replace(effect, path=path) if path and self._is_made(path) else None

    def _is_made(self, path: str) -> bool:
        return any(self._key(part) in self.made for part in _prefixes(path))

    def _remove(self, effect: Remove) -> Remove:
        path = self._beside(effect.path)
        key = self._key(path)
        for link in [link for link in self.links if link == key or link.startswith(f"{key}/")]:
            del self.links[link]
        return replace(effect, path=path)

    def _source(self, source: ContextSource) -> ContextSource:
        resolved = (
            self._resolved(source.destination) if source.directory else self._beside(source.destination)
        )
        return replace(source, destination=self._make(resolved or source.destination))


def _prefixes(path: str) -> tuple[str, ...]:
    """`/a/b` to `/a`, `/a/b`."""
    parts = path.strip("/").split("/")
    return tuple("/" + "/".join(parts[: count + 1]) for count in range(len(parts)))
