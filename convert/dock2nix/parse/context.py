"""The build context: which files COPY and ADD see, after `.dockerignore` and without leaving the folder."""

from __future__ import annotations

import os
import posixpath
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Self

from msgspec import Struct, field

from dock2nix.parse.copying import CopyRequest, CopyResolution, is_remote, local_path, resolve_copy
from dock2nix.parse.dockerignore import (
    IgnorePattern,
    IgnoreState,
    descend,
    malformed_patterns,
    read_patterns,
    top_state,
)
from dock2nix.parse.wildcards import PatternError, compile_wildcard, has_wildcard
from dock2nix.paths import normal_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LARGEST_TEXT = 4 * 2**20
_LONGEST_PATH = 4096
_MOST_LINKS = 255
_MOST_LEVELS = 8
_MOST_ENTRIES = 20_000


class ContextEntry(Struct, frozen=True, kw_only=True):
    """Something in the context.

    `path` is where it really stands (links followed, within the context), `name` what it was asked for as, both relative to
    the context, "" for the context itself. `ignored`: `.dockerignore` keeps it out, with all that is in it.
    """

    path: str
    name: str
    directory: bool
    ignored: bool


class BuildContext(Struct, frozen=True, kw_only=True):
    """A folder as the build sees it; read when asked, never outside `root`.

    `patterns` are those of the ignore file, `ignore_file` its name ("" when there is none), `problems` are `(line, text)` of
    patterns that cannot be used.
    """

    root: Path
    patterns: tuple[IgnorePattern, ...] = ()
    ignore_file: str = ""
    problems: tuple[tuple[int, str], ...] = ()
    _states: dict[str, IgnoreState] = field(default_factory=dict)

    @classmethod
    def read(cls, root: Path, dockerfile: Path | None = None) -> Self:
        """The context in `root`.

        Args:
            root: the folder.
            dockerfile: the Dockerfile's path, whose own `<name>.dockerignore` wins over the context's `.dockerignore`.

        """
        for path in _ignore_files(root, dockerfile):
            if (text := _read_text(path)) is not None:
                return cls(
                    root=root,
                    patterns=read_patterns(text),
                    ignore_file=path.name,
                    problems=malformed_patterns(text),
                )
        return cls(root=root)

    def resolve_copy(  # noqa: PLR0913 - the parts of one instruction
        self,
        sources: tuple[str, ...],
        destination: str,
        workdir: str,
        *,
        is_add: bool,
        exclude: tuple[str, ...] = (),
        parents: bool = False,
        directories: frozenset[str] | None = None,
    ) -> CopyResolution:
        """What a COPY or ADD from the context copies; see `dock2nix.parse.copying.resolve_copy`."""
        request = CopyRequest(
            sources=sources,
            destination=destination,
            workdir=workdir,
            is_add=is_add,
            exclude=exclude,
            parents=parents,
        )
        return resolve_copy(self, request, directories)

    def find(self, path: str) -> ContextEntry | None:
        """What is at `path` (relative to the context), links followed within the context; None when there is nothing."""
        name = local_path(path)
        if name is None or len(name) > _LONGEST_PATH:
            return None
        followed = _follow(self.root, name)
        if followed is None:
            return None
        real, links, directory = followed
        ignored = any(self.is_ignored(link) for link in links) or self._excluded(real, directory=directory)
        return ContextEntry(path=real, name=name, directory=directory, ignored=ignored)

    def expand(self, pattern: str) -> tuple[ContextEntry, ...]:
        """The entries that a source with wildcards names, sorted as BuildKit walks them; `*` never crosses a slash."""
        parts = pattern.split("/")
        fixed = next((at for at, part in enumerate(parts) if has_wildcard(part)), len(parts))
        names = self._expand("/".join(parts[:fixed]), tuple(parts[fixed:]))
        return tuple(entry for name in names if (entry := self.find(name)) is not None)

    def walk(self, folder: str) -> Iterator[tuple[str, bool]]:
        """`(path, is a folder)` of all that is below `folder`, parents first, sorted; links are not followed."""
        todo = [(folder, True)]
        while todo:
            path, directory = todo.pop()
            if path != folder:
                yield path, directory
            if directory:
                below = self.entries(path)
                todo.extend((posixpath.join(path, name), is_folder) for name, is_folder in reversed(below))

    def entries(self, folder: str) -> list[tuple[str, bool]]:
        """`(name, is a folder)` of what is in `folder`, sorted; nothing when it cannot be read."""
        try:
            with os.scandir(self.root / folder) as found:
                return sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in found)
        except OSError:
            return []

    def exists(self, path: str) -> bool:
        """Whether the build sees something at `path`, relative to the context."""
        entry = self.find(path)
        return entry is not None and not entry.ignored

    def is_directory(self, path: str) -> bool:
        """Whether the build sees a folder at `path`, relative to the context."""
        entry = self.find(path)
        return entry is not None and entry.directory and not entry.ignored

    def read_context_file(self, path: str) -> str | None:
        """The text of a file that the build sees; None for anything else, and for a file over 4 MiB."""
        entry = self.find(path)
        if entry is None or entry.directory or entry.ignored:
            return None
        return _read_text(self.root / entry.path)

    def is_ignored(self, path: str) -> bool:
        """Whether the patterns exclude this very path (what is in an excluded folder may still be excepted)."""
        return self.state(path).ignored

    def state(self, path: str) -> IgnoreState:
        """What the patterns say of a path, after its folders."""
        state = self._states.setdefault("", top_state(self.patterns))
        names = path.split("/") if path else []
        for count in range(1, len(names) + 1):
            here = "/".join(names[:count])
            state = self._states.get(here) or descend(self.patterns, here, state)
            self._states[here] = state
        return state

    def _excluded(self, path: str, *, directory: bool) -> bool:
        return self.is_ignored(path) and not (directory and self._has_exception(path))

    def _has_exception(self, folder: str) -> bool:
        """Whether anything in an excluded folder is excepted; a folder too large to look through counts as such."""
        if not any(pattern.negated for pattern in self.patterns):
            return False
        for count, (path, _) in enumerate(self.walk(folder)):
            if count > _MOST_ENTRIES or not self.is_ignored(path):
                return True
        return False

    def _expand(self, folder: str, parts: tuple[str, ...]) -> Iterator[str]:
        if not parts:
            yield folder
            return
        entry = self.find(folder)
        if entry is None or not entry.directory:
            return
        try:
            wildcard = compile_wildcard(parts[0], double_star=False)
        except PatternError:
            return
        for name, directory in self.entries(entry.path):
            if wildcard.matches(name) and (directory or len(parts) == 1):
                yield from self._expand(posixpath.join(folder, name), parts[1:])


def nearest_context(dockerfile: Path, copy_sources: Iterable[str]) -> Path:
    """The folder that was most likely the build context.

    Args:
        dockerfile: path of the Dockerfile.
        copy_sources: sources of its COPY and ADD instructions that come from the context; addresses are passed over.

    Returns:
        The nearest of the Dockerfile's folder and those above it, up to the root of the repository, at most eight levels and
        never `/`, in which all sources exist; the Dockerfile's own folder if there is none.

    """
    own = dockerfile.parent
    sources = tuple(dict.fromkeys(source for source in copy_sources if not is_remote(source)))
    for folder in _ancestors(own):
        context = BuildContext(root=folder)
        if all(_is_there(context, source) for source in sources):
            return folder
    return own


def _is_there(context: BuildContext, source: str) -> bool:
    path = normal_path("/" + source).lstrip("/")
    return context.find(path) is not None or bool(has_wildcard(path) and context.expand(path))


def _ancestors(folder: Path) -> Iterator[Path]:
    """`folder` and the folders above it, to the root of the repository."""
    absolute = Path(os.path.abspath(folder))  # noqa: PTH100 - resolve() would follow links to somewhere else
    for count, ancestor in enumerate((absolute, *absolute.parents)):
        if count > _MOST_LEVELS or (count and ancestor == ancestor.parent):
            return
        yield ancestor if count else folder
        if (ancestor / ".git").exists():
            return


def _ignore_files(root: Path, dockerfile: Path | None) -> Iterator[Path]:
    if dockerfile is not None:
        yield dockerfile.with_name(dockerfile.name + ".dockerignore")
    yield root / ".dockerignore"


def _read_text(path: Path) -> str | None:
    """The text of a regular file of moderate size, None for anything else."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST_TEXT:
            return None
        return file.read(LARGEST_TEXT).decode("utf-8", "replace")


def _follow(root: Path, path: str) -> tuple[str, tuple[str, ...], bool] | None:
    """Where `path` leads when links are followed with `root` as the root of all, as in a chroot.

    Returns:
        The path without links, the links passed, and whether it is a folder; None when there is nothing, or too many links.

    """
    todo = list(reversed(path.split("/")))
    done: list[str] = []
    links: list[str] = []
    mode = stat.S_IFDIR
    while todo:
        name = todo.pop()
        if name in {"", ".", ".."}:
            mode = stat.S_IFDIR if name == ".." else mode
            del done[len(done) - (name == "..") :]
            continue
        here = "/".join([*done, name])
        try:
            mode = os.lstat(root / here).st_mode
            target = str((root / here).readlink()) if stat.S_ISLNK(mode) else None
        except (OSError, ValueError):
            return None
        if target is None:
            done.append(name)
            continue
        links.append(here)
        done = [] if target.startswith("/") else done
        todo.extend(reversed(target.split("/")))
        if len(links) > _MOST_LINKS:
            return None
    directory = not done or stat.S_ISDIR(mode)
    return "/".join(done), tuple(links), directory
