"""`rm` of what is not in the image."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.extract.verdicts import Scene
    from dock2nix.model.shell import Invocation, Word

_GLOB = regex(r"[*?\[]")


def removes_nothing(run: Invocation, scene: Scene) -> str | None:
    """`rm` of caches and of what no earlier step put into the image; None when it may remove something that is there."""
    paths = [word for word in run.arguments if not is_option(word)]
    if not paths or not all(_is_absent(word, run.directory, scene) for word in paths):
        return None
    return "what it removes is not in the Nix image"


def _is_absent(word: Word, directory: str | None, scene: Scene) -> bool:
    if is_temporary(word):
        return True
    text = word.value or ""
    if not text or (not text.startswith("/") and directory is None):
        return False
    path = posixpath.normpath(posixpath.join(directory or "/", text))
    if scene.catalogue.no_op_path(path) and not scene.known.below(_fixed_part(path)):
        return True
    if word.quoted or not _GLOB.search(text):
        return not scene.known.holds(path) and not scene.known.below(path)
    return not scene.known.below(_fixed_part(path))


def is_temporary(word: Word) -> bool:
    """Whether a word is a name that mktemp made: nothing that is known is there."""
    return word.value is None and word.unknown.startswith("$(mktemp")


def _fixed_part(path: str) -> str:
    """The folder in front of the first part with a wildcard."""
    found = _GLOB.search(path)
    return path if not found else posixpath.dirname(path[: found.start()] + "x")


def is_option(word: Word) -> bool:
    return word.value is not None and word.value.startswith("-")
