"""Which part of the build context a build in a stage works on, and what is changed in it before."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dock2nix.builders.base import Refusal, is_inside
from dock2nix.extract.files import ImageFiles
from dock2nix.extract.folding import folded
from dock2nix.model.downloads import ChangeTree, CheckFile, FetchTree, Unpack
from dock2nix.model.image import (
    AddGroup,
    AddUser,
    CopyFiles,
    CopyOutput,
    LeftOut,
    MakeDirectory,
    NodeModules,
    Remove,
    RunScript,
    RunTool,
    SetMode,
    SetOwner,
    Symlink,
    WriteFile,
)
from dock2nix.parse.exclusions import fileset_exclusions
from dock2nix.paths import normal_path
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.model.fileset import FilesetExclusion
    from dock2nix.model.image import ContextSource, Effect
    from dock2nix.parse.context import BuildContext

_NO_MATTER = (AddGroup, AddUser, ChangeTree, CheckFile, LeftOut, MakeDirectory, SetMode, SetOwner)
_CHANGES = (CopyOutput, Remove, RunTool, Symlink, WriteFile)

# A word for the image's root, or for all in a folder.
_WORD_ENDS = regex(r"[\s/'\";|&()]+")
_ALL_OF_IT = regex(r"(?:^|\s)(?:/|\*|\./?|/\*)(?:\s|$)|\s-\w*[rR]\b|\bfind\b")


class StageSources:
    """The files of a stage that came from the build context: implements `builders.base.StageFolder`.

    Args:
        context: the build context.
        effects: what happens before the build, in order.
    """

    def __init__(self, context: BuildContext, effects: tuple[Effect, ...]) -> None:
        self.context = context
        self.effects = folded(effects)
        self._files = ImageFiles(context, list(effects))

    def read(self, path: str) -> str | None:
        """The text of a file by its absolute path."""
        return self._files.read(path, None)

    def origin(self, path: str) -> str | None:
        """Where in the build context a file is from."""
        return self._files.origin(path, None)

    def names(self, folder: str) -> tuple[str, ...]:
        """The names of the files in a folder, sorted."""
        found: set[str] = set()
        for source in (source for effect in self.effects for source in _sources(effect)):
            if not source.directory:
                if posixpath.dirname(source.destination) == folder:
                    found.add(posixpath.basename(source.destination))
            elif is_inside(folder, source.destination):
                inside = posixpath.join(source.path, posixpath.relpath(folder, source.destination))
                found.update(self._listed(normal_path(inside).removeprefix(".")))
        return tuple(sorted(found))

    def _listed(self, folder: str) -> list[str]:
        names = (name for name, is_folder in self.context.entries(folder) if not is_folder)
        return [name for name in names if self.context.exists(posixpath.join(folder, name))]


class TakenSources(Struct, frozen=True, kw_only=True):
    """What a build works on: `folder` of the build context is the one that it runs in; or of the download `origin`."""

    folder: str
    origin: FetchTree | Unpack | None = None
    sources: tuple[ContextSource, ...]
    exclusions: tuple[FilesetExclusion, ...]
    changes: tuple[Effect, ...]


def _sources(effect: Effect) -> tuple[ContextSource, ...]:
    return effect.sources if isinstance(effect, CopyFiles) else ()


def stage_sources(directory: str, stage: StageSources) -> TakenSources | Refusal:
    """The files that a build in a folder of the stage works on.

    Files that keep their places to each other are taken as they are in the context; what is put elsewhere in the folder, or
    changed there, is done again before the build.

    Args:
        directory: where the build runs, absolute.
        stage: what is in the stage before it.
    """
    downloaded = _download(directory, stage.effects)
    if downloaded is not None:
        return _downloaded_sources(directory, downloaded, stage)
    overlapping = [
        source
        for effect in stage.effects
        for source in _sources(effect)
        if is_inside(source.destination, directory)
        or (source.directory and is_inside(directory, source.destination))
    ]
    folder = _folder(directory, overlapping)
    if folder is None:
        return Refusal("which files of the build context it works on is not known")
    kept = tuple(dict.fromkeys(one for one in overlapping if _keeps_its_place(one, directory, folder)))
    changes = _changes(directory, kept, stage)
    if isinstance(changes, Refusal):
        return changes
    exclusions = fileset_exclusions(stage.context, kept)
    if any(
        _has_flags(effect, stage.context) for effect in stage.effects if set(_sources(effect)) & set(kept)
    ):
        return Refusal("files are left out by COPY --exclude, which is not translated for builds yet")
    return TakenSources(folder=folder, sources=_minimal(kept), exclusions=exclusions, changes=changes)


def source_root(directory: str, effects: tuple[Effect, ...]) -> str:
    """The folder of a stage at whose top the sources stand that a command works on; "" when that is not known.

    Args:
        directory: where the command runs.
        effects: what happens before it, in order.
    """
    found = ""
    for effect in effects:
        for folder in _tops(effect, directory):
            if folder != "/" and is_inside(directory, folder) and len(folder) >= len(found):
                found = folder
    if found or not any(
        is_inside(one.destination, directory) for effect in effects for one in _sources(effect)
    ):
        return found
    return directory if directory != "/" else ""


def other_trees(root: str, effects: tuple[Effect, ...]) -> frozenset[str]:
    """The folders that hold files of a stage beside those of one tree of sources: a build does not have them."""
    found = {top for effect in effects for top in _tops(effect, root)}
    files = {one.destination for effect in effects for one in _sources(effect) if not one.directory}
    return frozenset(
        top for top in found | files if top != "/" and not is_inside(root, top) and not is_inside(top, root)
    )


def _tops(effect: Effect, directory: str) -> tuple[str, ...]:
    match effect:
        case FetchTree():
            return (effect.path,)
        case Unpack():
            return (_top_of_archive(effect, directory),) if not effect.single else ()
        case CopyFiles():
            return tuple(source.destination for source in effect.sources if source.directory)
        case CopyOutput() if effect.folder:
            return (effect.path,)
        case _:
            return ()


def _top_of_archive(effect: Unpack, directory: str) -> str:
    """An archive holds one folder, unless its top is cut off."""
    inside = posixpath.relpath(directory, effect.path)
    if _is_stripped(effect) or inside == "." or inside.startswith(".."):
        return effect.path
    return posixpath.join(effect.path, inside.split("/")[0])


def _is_stripped(effect: Unpack) -> bool:
    return any(option.startswith("--strip") for option in effect.options)


def _download(directory: str, effects: tuple[Effect, ...]) -> int | None:
    """The position of the download that is the whole of a folder's sources, or holds it; None when it is from the context."""
    found: tuple[int, int] | None = None
    for position, effect in enumerate(effects):
        if isinstance(effect, (FetchTree, Unpack)):
            tops = [top for top in _tops(effect, directory) if top != "/" and is_inside(directory, top)]
        else:
            tops = [
                one.destination
                for one in _sources(effect)
                if one.directory and is_inside(directory, one.destination)
            ]
        for top in tops:
            if found is None or len(top) >= found[0]:
                found = (len(top), position)
    if found is None or not isinstance(effects[found[1]], (FetchTree, Unpack)):
        return None
    return found[1]


def _downloaded_sources(directory: str, position: int, stage: StageSources) -> TakenSources | Refusal:
    """A repository or an archive as the sources, and what is done to its files before the build."""
    origin = stage.effects[position]
    assert isinstance(origin, (FetchTree, Unpack))  # noqa: S101 - for the type checker: `_download` finds no other
    if isinstance(origin, Unpack) and (refusal := _unfit(origin)):
        return Refusal(refusal)
    (top,) = _tops(origin, directory)
    inside = posixpath.relpath(directory, top)
    name = posixpath.basename(top) if isinstance(origin, Unpack) and not _is_stripped(origin) else ""
    folder = normal_path(posixpath.join(name, inside))
    later = StageSources(stage.context, stage.effects[position + 1 :])
    changes = _changes(directory, (), later)
    if isinstance(changes, Refusal):
        return changes
    return TakenSources(
        folder="" if folder == "." else folder, origin=origin, sources=(), exclusions=(), changes=changes
    )


def _unfit(origin: Unpack) -> str:
    """Why an archive cannot be what a derivation unpacks by itself."""
    if origin.source is None and not origin.context:
        return f"what line {origin.location.first_line} unpacks is not known to be a download"
    plain = set(origin.options) <= {"--strip-components=1", "--strip=1", "-k", "--skip-old-files"}
    if (
        len(origin.members) > 1
        or "/" in "".join(origin.members).rstrip("/")
        or not plain
        or origin.program not in {"tar", "unzip"}
    ):
        return f"line {origin.location.first_line} unpacks only a part of the sources"
    return ""


def _folder(directory: str, sources: list[ContextSource]) -> str | None:
    """The folder of the context that stands at the build's own: most of what is copied there says so."""
    votes: dict[str, int] = {}
    for source in sources:
        relative = posixpath.relpath(directory, source.destination)
        folder: str | None
        if source.directory and not relative.startswith(".."):
            folder = normal_path(posixpath.join(source.path or ".", relative))
        else:
            folder = _above(source.path, posixpath.relpath(source.destination, directory))
        if folder is not None:
            folder = "" if folder == "." else folder
            votes[folder] = votes.get(folder, 0) + 1
    return max(votes, key=lambda folder: votes[folder]) if votes else None


def _above(path: str, inside: str) -> str | None:
    """`src/go.mod` less `go.mod`: `src`; None when the path does not end so."""
    if path == inside:
        return ""
    return path[: -len(inside) - 1] if path.endswith(f"/{inside}") else None


def _keeps_its_place(source: ContextSource, directory: str, folder: str) -> bool:
    """Whether a file stands in the stage, seen from the build's folder, where it stands in the context."""
    in_stage = posixpath.relpath(source.destination, directory)
    in_context = posixpath.relpath(posixpath.join("/", source.path), posixpath.join("/", folder))
    return in_stage == in_context


def _minimal(sources: tuple[ContextSource, ...]) -> tuple[ContextSource, ...]:
    """Without files and folders that are in another folder that is copied."""
    folders = [one for one in sources if one.directory]
    return tuple(
        sorted(
            (
                one
                for one in sources
                if not any(other is not one and _is_in(one.path, other.path) for other in folders)
            ),
            key=lambda one: one.path,
        )
    )


def _is_in(path: str, folder: str) -> bool:
    return not folder or path == folder or path.startswith(f"{folder}/")


def _has_flags(effect: Effect, context: BuildContext) -> bool:
    return isinstance(effect, CopyFiles) and effect.exclusions != fileset_exclusions(context, effect.sources)


def _changes(
    directory: str, kept: tuple[ContextSource, ...], stage: StageSources
) -> tuple[Effect, ...] | Refusal:
    """What is done in the folder besides copying files to their places."""
    changes: list[Effect] = []
    for position, effect in enumerate(stage.effects):
        if isinstance(effect, (*_NO_MATTER, NodeModules)):
            continue
        if isinstance(effect, CopyFiles):
            moved = tuple(
                one for one in effect.sources if one not in kept and is_inside(one.destination, directory)
            )
            changes += [replace(effect, sources=moved, owner="")] if moved else []
        elif _touches(effect, directory):
            if _is_undone(effect, stage, position, kept):
                continue
            if not isinstance(effect, _CHANGES) or _is_overwritten(effect, stage, position):
                return Refusal(
                    f"what line {effect.location.first_line} does to its files is not translated for builds yet"
                )
            changes.append(effect)
    return tuple(changes)


def _paths(effect: Effect) -> tuple[str, ...]:
    if isinstance(effect, RunTool):
        return (*effect.reads, *((effect.target,) if effect.target else ()))
    if isinstance(effect, (AddGroup, AddUser, LeftOut)):
        return ()
    path = getattr(effect, "path", "")
    return (path,) if path else ()


def changed_paths(effect: Effect) -> tuple[str, ...]:
    """The paths that an effect changes or makes."""
    if isinstance(effect, CopyFiles):
        return tuple(source.destination for source in effect.sources)
    if isinstance(effect, RunTool):
        return (effect.target,) if effect.target else effect.reads
    return _paths(effect)


def _script_touches(script: RunScript, directory: str) -> bool:
    """Whether a script may change a folder. One that works in the image's root has named nothing more exact: its text decides."""
    named = [folder for folder in script.folders if folder != "/"]
    if any(is_inside(place, directory) or is_inside(directory, place) for place in named):
        return True
    words = _WORD_ENDS.split(script.script)
    if is_inside(script.directory, directory) or posixpath.basename(directory) in words:
        return True
    return "/" in script.folders and _ALL_OF_IT.search(script.script) is not None


def _touches(effect: Effect, directory: str) -> bool:
    if isinstance(effect, RunScript):
        return _script_touches(effect, directory)
    return any(is_inside(path, directory) for path in _paths(effect))


def _is_undone(effect: Effect, stage: StageSources, position: int, kept: tuple[ContextSource, ...]) -> bool:
    """Whether nothing of it is left for the build: a file that is written and then removed or replaced, or only touched."""
    if isinstance(effect, Remove):
        return not any(_copies(one, effect.path) for one in kept) or _is_overwritten(effect, stage, position)
    if not isinstance(effect, WriteFile):
        return False
    if effect.append and not effect.content and stage.origin(effect.path) is not None:
        return True
    removed = any(
        isinstance(later, Remove) and is_inside(effect.path, later.path)
        for later in stage.effects[position + 1 :]
    )
    return removed or _is_overwritten(effect, stage, position)


def _copies(source: ContextSource, path: str) -> bool:
    return is_inside(path, source.destination) or is_inside(source.destination, path)


def _is_overwritten(effect: Effect, stage: StageSources, position: int) -> bool:
    """Whether files of the context take the place of what it made, later."""
    later = [source for one in stage.effects[position + 1 :] for source in _sources(one)]
    return any(_brings(source, path, stage.context) for source in later for path in _paths(effect))


def _brings(source: ContextSource, path: str, context: BuildContext) -> bool:
    if not source.directory:
        return source.destination == path or is_inside(source.destination, path)
    if is_inside(source.destination, path):
        return True
    relative = posixpath.relpath(path, source.destination)
    return not relative.startswith("..") and context.exists(
        normal_path(posixpath.join(source.path, relative))
    )
