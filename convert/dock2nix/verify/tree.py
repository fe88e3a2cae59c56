"""The files of an image: its layers one over the other, as a container sees them. Nothing is written anywhere."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MOST_LINKS = 64
_WHITEOUT, _OPAQUE = ".wh.", ".wh..wh..opq"


class Kind(StrEnum):
    """What an entry of a layer is."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    HARD_LINK = "hard link"
    DEVICE = "device"
    PIPE = "pipe"


class Entry(Struct, frozen=True, kw_only=True):
    """An entry of a layer. `path` has neither a leading nor a trailing slash. `digest` is the SHA-256 of a file's content.

    `target` is what a link says; of a hard link the path of the other name. `text` is the content of a small file of accounts.
    """

    path: str
    kind: Kind
    mode: int = 0o755
    uid: int = 0
    gid: int = 0
    size: int = 0
    digest: str = ""
    target: str = ""
    text: str = ""


class FileTree:
    """A folder with all below it."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.children: dict[str, FileTree] = {}

    def find(self, path: str) -> FileTree | None:
        """What stands at a path, links not followed."""
        node: FileTree | None = self
        for name in _names(path):
            node = node.children.get(name) if node else None
        return node

    def resolve(self, path: str) -> FileTree | None:
        """What a path leads to, links followed inside the image; None when it leads nowhere, or in circles."""
        waiting, found, links = list(reversed(_names(path))), [self], 0
        while waiting:
            name = waiting.pop()
            if name == "..":
                found = found[:-1] or found
                continue
            child = found[-1].children.get(name)
            if child is None:
                return None
            if child.entry.kind is not Kind.LINK:
                found.append(child)
                continue
            links += 1
            if links > _MOST_LINKS:
                return None
            found = [self] if child.entry.target.startswith("/") else found
            waiting += reversed(_names(child.entry.target))
        return found[-1]

    def walk(self) -> Iterator[Entry]:
        """It and all below it, sorted by path; links are not followed."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node.entry
            waiting += (node.children[name] for name in sorted(node.children, reverse=True))


def merged(layers: Iterable[Iterable[Entry]]) -> FileTree:
    """Layers, lowest first, as one tree (OCI image specification, "Applying changesets")."""
    root = FileTree(Entry(path="", kind=Kind.FOLDER))
    for layer in layers:
        entries = list(layer)
        for entry in entries:
            _take_out(root, entry.path)
        for entry in entries:
            if not entry.path.rpartition("/")[2].startswith(_WHITEOUT):
                _put(root, entry)
    return root


def _take_out(root: FileTree, path: str) -> None:
    """What a whiteout says: one entry of the lower layers, or all of a folder, is gone."""
    folder, _, name = path.rpartition("/")
    if not name.startswith(_WHITEOUT):
        return
    parent = root.resolve(folder)
    if parent is None:
        return
    if name == _OPAQUE:
        parent.children.clear()
    else:
        parent.children.pop(name.removeprefix(_WHITEOUT), None)


def _put(root: FileTree, entry: Entry) -> None:
    names = _names(entry.path)
    if not names:
        root.entry = replace(entry, path="")
        return
    parent = _folder(root, names[:-1])
    if entry.kind is Kind.HARD_LINK:
        entry = _same_file(root, entry)
    there = parent.children.get(names[-1])
    if there is not None and entry.kind is Kind.FOLDER and there.entry.kind is Kind.FOLDER:
        there.entry = entry
    else:
        parent.children[names[-1]] = FileTree(entry)


def _folder(root: FileTree, names: list[str]) -> FileTree:
    """The folder that an entry is put into. Links on the way are followed inside the image, as runtimes do; what is missing is made."""
    parent = root
    for depth, name in enumerate(names, start=1):
        child = parent.children.get(name)
        if child is not None and child.entry.kind is Kind.LINK:
            child = root.resolve("/".join(names[:depth]))
        if child is None or child.entry.kind is not Kind.FOLDER:
            child = parent.children[name] = FileTree(Entry(path="/".join(names[:depth]), kind=Kind.FOLDER))
        parent = child
    return parent


def _same_file(root: FileTree, entry: Entry) -> Entry:
    other = root.find(entry.target)
    if other is None:
        return replace(entry, kind=Kind.FILE)
    return replace(other.entry, path=entry.path)


def _names(path: str) -> list[str]:
    return [name for name in path.split("/") if name not in {"", "."}]
