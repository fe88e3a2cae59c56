"""The commands on PATH and the files at given places of two images."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dock2nix.errors import UsageError
from dock2nix.paths import normal_path
from dock2nix.verify.configuration import environment
from dock2nix.verify.difference import Difference
from dock2nix.verify.tree import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dock2nix.verify.image import Image
    from dock2nix.verify.tree import Entry, FileTree

_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_EXECUTABLE = 0o111
_STORE = "/nix/store/"
_MOST_FILES = 4_000_000  # links into the store can make a small image look endless


def compare_commands(ours: Image, theirs: Image) -> Iterator[Difference]:
    """Programs that can be called by name in one of the images only. What they are is not compared: they are other builds."""
    mine, others = commands(ours), commands(theirs)
    for name in sorted(mine.keys() ^ others.keys()):
        yield Difference(aspect="command", subject=name, ours=mine.get(name, ""), theirs=others.get(name, ""))


def commands(image: Image) -> Mapping[str, str]:
    """The programs on an image's PATH by name, each with the path that is found first; links are followed."""
    found: dict[str, str] = {}
    folders = environment(image.config).get("PATH", _DEFAULT_PATH).split(":")
    for folder in dict.fromkeys(path for path in folders if path.startswith("/")):
        node = image.tree.resolve(folder)
        for name in node.children if node and node.entry.kind is Kind.FOLDER else ():
            path = posixpath.join(folder, name)
            program = image.tree.resolve(path)
            if program and program.entry.kind is Kind.FILE and program.entry.mode & _EXECUTABLE:
                found.setdefault(name, path)
    return found


def files_below(image: Image, roots: tuple[str, ...]) -> Mapping[str, Entry]:
    """What stands at and below the paths, by absolute path. A link into the store is what it leads to.

    Args:
        image: the image.
        roots: absolute paths; links on the way to them are followed.
    """
    nodes = ((root, image.tree.resolve(root)) for root in roots)
    return {
        path: entry
        for root, node in nodes
        if node
        for path, entry in _below(image.tree, normal_path(root), node)
    }


def _below(tree: FileTree, path: str, node: FileTree) -> Iterator[tuple[str, Entry]]:
    waiting: list[tuple[str, FileTree, tuple[int, ...]]] = [(path, node, ())]
    for _ in range(_MOST_FILES):
        if not waiting:
            return
        at, one, above = waiting.pop()
        if one.entry.kind is Kind.LINK and one.entry.target.startswith(_STORE):
            one = tree.resolve(one.entry.target) or one
            if id(one) in above:  # a link in the store to a folder around it
                continue
            above = (*above, id(one))
        yield at, one.entry
        waiting += ((posixpath.join(at, name), child, above) for name, child in one.children.items())
    raise UsageError(f"{path}: more than {_MOST_FILES} files")


def compare_files(ours: Mapping[str, Entry], theirs: Mapping[str, Entry]) -> Iterator[Difference]:
    """Files that are in one image only, or differ in kind, content, mode or owner. Of a missing folder, its content is not named."""
    for path in sorted({*ours, *theirs}):
        mine, other = ours.get(path), theirs.get(path)
        above = posixpath.dirname(path)
        if mine is None or other is None:
            side = ours if mine is None else theirs
            there = theirs if mine is None else ours
            if above == path or above in side or above not in there:
                yield Difference(aspect="file", subject=path, ours=_what(mine), theirs=_what(other))
        else:
            yield from _changed(path, mine, other)


def _what(entry: Entry | None) -> str:
    return f"a {entry.kind}" if entry else ""


def _content(entry: Entry) -> str:
    return f"sha256:{entry.digest} ({entry.size} bytes)"


def _changed(path: str, ours: Entry, theirs: Entry) -> Iterator[Difference]:
    if ours.kind is not theirs.kind:
        yield Difference(aspect="file", subject=path, ours=_what(ours), theirs=_what(theirs))
        return
    if ours.kind is Kind.FILE and ours.digest != theirs.digest:
        yield Difference(aspect="content", subject=path, ours=_content(ours), theirs=_content(theirs))
    if ours.target != theirs.target:
        yield Difference(aspect="link", subject=path, ours=ours.target, theirs=theirs.target)
    if ours.kind is Kind.LINK:
        return  # its mode means nothing, and nobody asks who owns it
    if _mode(ours, theirs) != _mode(theirs, ours):
        yield Difference(aspect="mode", subject=path, ours=f"{ours.mode:04o}", theirs=f"{theirs.mode:04o}")
    if (ours.uid, ours.gid) != (theirs.uid, theirs.gid):
        yield Difference(
            aspect="owner", subject=path, ours=f"{ours.uid}:{ours.gid}", theirs=f"{theirs.uid}:{theirs.gid}"
        )


def _mode(entry: Entry, other: Entry) -> int:
    """The mode; of what is in the store, where nothing can be written, only whether it can be run."""
    stored = f"/{entry.path}".startswith(_STORE) or f"/{other.path}".startswith(_STORE)
    return entry.mode & (_EXECUTABLE if stored else 0o7777)
