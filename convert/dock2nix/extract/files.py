"""Which text stands at a path of the image while it is being built, as far as it is known."""

from __future__ import annotations

import posixpath
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from msgspec import Struct, field

from dock2nix.extract.paths import is_below
from dock2nix.model.image import CopyFiles, Remove, RunScript, RunTool, ToolPath, WriteFile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dock2nix.model.image import Effect
    from dock2nix.model.packages import MadeNodeLock
    from dock2nix.parse.context import BuildContext

_MODES = frozenset({"chgrp", "chmod", "chown", "touch"})


def _may_change(effect: Effect, path: str) -> bool:
    """Whether a command works on the file at a path, so that its text is not known afterwards."""
    if isinstance(effect, RunScript):
        return effect.may_change(path)
    if isinstance(effect, RunTool):
        edits = effect.reads if not effect.target and effect.program not in _MODES else ()
        return path in edits or (path in effect.reads and effect.moves) or _comes_to(effect, path)
    return isinstance(effect, Remove) and not effect.pattern and is_below(path, effect.path)


def _comes_to(effect: RunTool, path: str) -> bool:
    """Whether cp or mv may put something to a path."""
    if not effect.target or not is_below(path, effect.target):
        return False
    inside = posixpath.relpath(path, effect.target).split("/")[0]
    sources = [word for word in effect.words[:-1] if isinstance(word, ToolPath)]
    return inside == "." or any(fnmatchcase(inside, posixpath.basename(source.path)) for source in sources)


class ImageFiles(Struct, frozen=True):
    """Implements `managers.base.BuildFiles` over what COPY, ADD and constant redirections have put into the image so far.

    `node_locks` are the locks that npm made for projects, by the path of package.json in the build context.
    """

    context: BuildContext
    effects: list[Effect]
    node_locks: Mapping[str, MadeNodeLock] = field(default_factory=dict)

    def read(self, path: str, directory: str | None) -> str | None:
        """The text of a file of the image, or None when it is not known to be there.

        Args:
            path: as a command names it.
            directory: the working directory; None when that is not known (then only absolute paths can be found).
        """
        found = self._find(path, directory)
        return found[0] if found else None

    def last_known(self, path: str, directory: str | None) -> str | None:
        """Like `read`, but of a file that a script may have changed since it is the text before that."""
        found = self._find(path, directory, through_scripts=True)
        return found[0] if found else None

    def origin(self, path: str, directory: str | None) -> str | None:
        """Where in the build context a file of the image is from; None when it is not known to be from there.

        Args:
            path: as a command names it.
            directory: the working directory; None when that is not known (then only absolute paths can be found).

        Returns:
            The path relative to the context, links followed.
        """
        found = self._find(path, directory)
        return found[1] if found else None

    def _find(
        self, path: str, directory: str | None, *, through_scripts: bool = False
    ) -> tuple[str, str | None] | None:
        """The text at a path and the context path it is from (None: it is from a command)."""
        if not path.startswith("/") and directory is None:
            return None
        absolute = posixpath.normpath(posixpath.join(directory or "/", path))
        added: list[str] = []
        for effect in reversed(self.effects):
            if not through_scripts and _may_change(effect, absolute):
                return None
            if isinstance(effect, WriteFile) and effect.append and effect.path == absolute:
                if effect.content:
                    added.insert(0, effect.content)
                continue
            found = self._found_in(effect, absolute)
            if found is not None:
                return ("".join((found[0], *added)), None) if added else found
        return None

    def _found_in(self, effect: Effect, path: str) -> tuple[str, str | None] | None:
        if isinstance(effect, WriteFile):
            return (effect.content, None) if effect.path == path and not effect.append else None
        if not isinstance(effect, CopyFiles):
            return None
        for source in reversed(effect.sources):
            if not source.directory and source.destination == path:
                return self._in_context(source.path)
            folder = source.destination.rstrip("/") + "/"
            if source.directory and f"{path}/".startswith(folder):
                inside = path[len(folder) :]
                found = self._in_context(posixpath.normpath(posixpath.join(source.path, inside)))
                if found is not None:
                    return found
        return None

    def _in_context(self, path: str) -> tuple[str, str | None] | None:
        entry, text = self.context.find(path), self.context.read_context_file(path)
        return (text, entry.path) if entry is not None and text is not None else None
