"""Which text stands at a path of the image while it is being built, as far as it is known."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from msgspec import Struct

from dock2nix.model.image import CopyFiles, WriteFile

if TYPE_CHECKING:
    from dock2nix.model.image import Effect
    from dock2nix.parse.context import BuildContext


class ImageFiles(Struct, frozen=True):
    """Implements `managers.base.BuildFiles` over what COPY, ADD and constant redirections have put into the image so far."""

    context: BuildContext
    effects: tuple[Effect, ...]

    def read(self, path: str, directory: str | None) -> str | None:
        """The text of a file of the image, or None when it is not known to be there.

        Args:
            path: as a command names it.
            directory: the working directory; None when that is not known (then only absolute paths can be found).
        """
        if not path.startswith("/") and directory is None:
            return None
        absolute = posixpath.normpath(posixpath.join(directory or "/", path))
        for effect in reversed(self.effects):
            text = self._text_of(effect, absolute)
            if text is not None:
                return text
        return None

    def _text_of(self, effect: Effect, path: str) -> str | None:
        if isinstance(effect, WriteFile):
            return effect.content if effect.path == path and not effect.append else None
        if not isinstance(effect, CopyFiles):
            return None
        for source in reversed(effect.sources):
            if not source.directory and source.destination == path:
                return self.context.read_context_file(source.path)
            inside = posixpath.relpath(path, source.destination)
            if source.directory and not inside.startswith(".."):
                text = self.context.read_context_file(posixpath.normpath(posixpath.join(source.path, inside)))
                if text is not None:
                    return text
        return None
