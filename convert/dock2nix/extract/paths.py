"""What is known to stand in the image, and what that means for commands that change it."""

from __future__ import annotations

import posixpath
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from msgspec import Struct

from dock2nix.commands.base import folder_of
from dock2nix.model.downloads import ChangeTree, FetchFile, FetchTree, Unpack
from dock2nix.model.image import (
    AddUser,
    CopyFiles,
    CopyOutput,
    LinkProgram,
    MakeDirectory,
    NodeModules,
    Remove,
    RunScript,
    RunTool,
    SetMode,
    SetOwner,
    StoreFiles,
    Symlink,
    ToolPath,
    WriteFile,
)
from dock2nix.parse.copying import STANDARD_DIRECTORIES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from dock2nix.model.image import ContextSource, Effect
    from dock2nix.parse.context import BuildContext


# Folders of every distribution in which its packages have no files.
_FREE = frozenset({"/home", "/mnt", "/opt", "/srv", "/tmp"})  # noqa: S108 - paths of the image
# Folders that hold far more than what an archive puts into them.
_SHARED = frozenset({"/", "/etc", "/usr", "/var"})


class KnownPaths:
    """The paths that the effects so far have made; it grows with them, since a stage may have thousands.

    `anywhere`: a script names a place that is not known, so that something may be where nothing is known to be.
    At and below a path that archives and repositories brought there may be anything: a command that works on what is not there
    fails when the image is built.

    Args:
        context: where copied files are from.
        effects: what has happened already.
        anything: there may be anything anywhere, for the image stands on one that nobody looked into.
    """

    def __init__(
        self, context: BuildContext, effects: Iterable[Effect] = (), *, anything: bool = False
    ) -> None:
        self.context = context
        self.anything = anything
        self.reset(effects)

    def reset(self, effects: Iterable[Effect]) -> None:
        """Know only what these effects have made."""
        self._directories: set[str] = set(STANDARD_DIRECTORIES)
        self._files: set[str] = set()
        self._copied: dict[tuple[str, str], None] = {}
        self._written: dict[str, None] = {}
        self._open: dict[str, None] = {"/": None} if self.anything else {}
        self._trees: set[str] = set()
        self.anywhere = False
        self.downloads: dict[str, FetchFile] = {}
        for effect in effects:
            self.add(effect)

    def add(self, effect: Effect) -> None:
        """Take one more effect into account."""
        match effect:
            case MakeDirectory():
                self._folder(effect.path)
            case WriteFile() | Symlink() | LinkProgram():
                self._file(effect.path)
            case StoreFiles():
                (self._folder if effect.copied == "folder" else self._file)(effect.path)
                if effect.copied != "file":
                    self._open[effect.path] = None
            case CopyFiles():
                for source in effect.sources:
                    self._copy(source)
            case NodeModules():
                self._folder(effect.path)
            case CopyOutput():
                self._output(effect)
            case AddUser() if effect.create_home:
                self._folder(effect.home or f"/home/{effect.name}")
            case RunTool():
                self._tool(effect)
            case RunScript():
                self._script(effect)
            case Remove():
                self._remove(effect)
            case FetchFile() | FetchTree() | Unpack():
                self._download(effect)
            case _:
                pass

    def _output(self, effect: CopyOutput) -> None:
        """What a build made; what is in a folder of it is not known, so there may be anything."""
        if not (effect.folder or effect.into):
            self._file(effect.path)
            return
        self._folder(effect.path)
        self._open.update(dict.fromkeys(effect.reach or (effect.path,)))

    def _script(self, effect: RunScript) -> None:
        named = [folder for folder in effect.folders if folder != "/"]
        self.anywhere = self.anywhere or len(named) < len(effect.folders)
        self._open.update(dict.fromkeys(named))
        self._written.update(dict.fromkeys(named))
        self._trees = {tree for tree in self._trees if not effect.may_change(tree)}
        for path in [path for path in self.downloads if effect.may_change(path)]:
            del self.downloads[path]

    def _download(self, effect: FetchFile | FetchTree | Unpack) -> None:
        if isinstance(effect, FetchFile):
            self._file(effect.path)
            self.downloads[effect.path] = effect
            return
        if isinstance(effect, Unpack) and effect.single:
            self._file(effect.path)
        else:
            self._folder(effect.path)
            self._open[effect.path] = None
        if isinstance(effect, FetchTree):
            self._trees.add(effect.path)

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
        self._trees = {tree for tree in self._trees if not any(is_below(path, tree) for path in effect.reads)}
        if effect.target and any(isinstance(word, ToolPath) and word.pattern for word in effect.words):
            self._folder(effect.target)
            self._open[effect.target] = None
            return
        for source in effect.reads if effect.target else ():
            into = self.is_directory(effect.target)
            made = posixpath.join(effect.target, posixpath.basename(source)) if into else effect.target
            if self.is_directory(source):
                self._folder(made)
            else:
                self._file(made)
            if self.is_open(source) or any(is_below(one, source) for one in self._open):
                self._open[made] = None
            if source in self.downloads:
                self.downloads[made] = self.downloads[source]
            if effect.moves:
                self._forget(source)

    def _forget(self, path: str) -> None:
        """What is removed and what was in it; a folder of the context that it was part of still counts as copied."""
        gone = [one for one in self._written if one == path or one.startswith(path.rstrip("/") + "/")]
        for one in gone:
            del self._written[one]
            self._files.discard(one)
            self._open.pop(one, None)
            self._trees.discard(one)
            self.downloads.pop(one, None)
            if one not in STANDARD_DIRECTORIES:
                self._directories.discard(one)
        for source, destination in [one for one in self._copied if is_below(one[1], path)]:
            del self._copied[source, destination]

    def _remove(self, effect: Remove) -> None:
        if not effect.pattern:
            self._forget(effect.path)
            return
        for one in {match for path in self._written if (match := matched(effect.path, path))}:
            self._forget(one)

    def directories(self) -> frozenset[str]:
        """Every path known to be a folder, those of any distribution included."""
        return frozenset(self._directories)

    def is_directory(self, path: str) -> bool:
        """Whether a path is known to be a folder."""
        return path in self._directories or self._in_context(path, self.context.is_directory)

    def holds(self, path: str) -> bool:
        """Whether something is known to stand at an absolute path, or a script may have put it there."""
        return (
            path in self._directories
            or path in self._files
            or self.is_open(path)
            or self._in_context(path, self.context.exists)
        )

    def below(self, folder: str) -> bool:
        """Whether anything is known to have been put at or below a path."""
        prefix = folder.rstrip("/") + "/"
        return self.is_open(folder) or any(
            path.startswith(prefix) or path == folder for path in self._written
        )

    def written(self) -> Collection[str]:
        """Every path that an effect has made, in order; it goes on with what comes."""
        return self._written.keys()

    def is_open(self, path: str) -> bool:
        """Whether a script, an archive or a repository may have put something there."""
        return any(is_below(path, folder) for folder in self._open)

    def is_tree(self, path: str) -> bool:
        """Whether a repository was cloned to a path, and nothing in it was changed since."""
        return path in self._trees

    def _in_context(self, path: str, asks: Callable[[str], bool]) -> bool:
        for folder, destination in self._copied:
            inside = posixpath.relpath(path, destination)
            if not inside.startswith("..") and asks(posixpath.normpath(posixpath.join(folder, inside))):
                return True
        return False


def is_below(path: str, folder: str) -> bool:
    """Whether a path is a folder or in it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _is_own(path: str, folder: str) -> bool:
    """Whether what stands at a path is the archive's that was unpacked into a folder, and not a package's."""
    if folder not in _SHARED:
        return True
    first = path.removeprefix(folder).strip("/").partition("/")[0]
    return bool(first) and posixpath.join(folder, first) not in STANDARD_DIRECTORIES


def matched(pattern: str, path: str) -> str:
    """The part of a path that a pattern of the shell names, "" when it names nothing of it (`/tmp/*` in `/tmp/a/b`: `/tmp/a`)."""
    parts = pattern.split("/")
    found = path.split("/")[: len(parts)]
    fits = len(found) == len(parts) and all(
        fnmatchcase(name, part) and (part[:1] == "." or name[:1] != ".")
        for name, part in zip(found, parts, strict=True)
    )
    return "/".join(found) if fits else ""


def _with_parents(path: str) -> set[str]:
    found = set()
    while path.strip("/"):
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
            if not _removes(effect, known):
                continue
        elif isinstance(effect, (Unpack, ChangeTree)):
            problem = _download_problem(effect, known)
            if problem:
                return Settled(problem=problem)
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


def _removes(effect: Remove, known: KnownPaths) -> bool:
    if known.anywhere:
        return True
    if not effect.pattern:
        return known.holds(effect.path) or known.below(effect.path)
    return known.is_open(folder_of(ToolPath(effect.path, pattern=True))) or any(
        matched(effect.path, path) for path in known.written()
    )


def _download_problem(effect: Unpack | ChangeTree, known: KnownPaths) -> str:
    if isinstance(effect, ChangeTree):
        if known.is_tree(effect.path):
            return ""
        return f"which repository stands at {effect.path} is not known"
    if effect.archive and not known.holds(effect.archive):
        return f"what stands at {effect.archive} in the image is not known"
    folder = posixpath.dirname(effect.path) if effect.single else effect.path
    made = effect.program == "unzip" or known.is_directory(folder) or known.is_open(folder)
    return "" if made else f"whether there is a folder {folder} in the image is not known"


def _tool_problem(effect: RunTool, known: KnownPaths) -> str:
    for word in effect.words if effect.target else ():
        if isinstance(word, ToolPath) and word.pattern and is_of_distribution(folder_of(word)):
            return f"what {word.path} names is not known: the image's packages may have such files"
        if isinstance(word, ToolPath) and word.pattern and not _is_folder(effect.target, known):
            return f"whether there is a folder {effect.target} in the image is not known"
    for path in effect.reads:
        if not known.holds(path) or (path in STANDARD_DIRECTORIES and not known.below(path)):
            return f"what stands at {path} in the image is not known"
    if not effect.target:
        return ""
    parent = posixpath.dirname(effect.target)
    there = known.is_directory(effect.target) or known.is_directory(parent) or known.is_open(parent)
    return "" if there else f"whether there is a folder {parent} in the image is not known"


def _is_folder(path: str, known: KnownPaths) -> bool:
    return known.is_directory(path) or known.is_open(path)


def is_of_distribution(folder: str) -> bool:
    """Whether a distribution's packages put files into a folder."""
    return folder in STANDARD_DIRECTORIES and not is_below(folder, "/usr/local") and folder not in _FREE


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
