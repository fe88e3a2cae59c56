"""`rm` and `find` of what is not in the image, and what only makes files smaller."""

from __future__ import annotations

import posixpath
from itertools import pairwise
from typing import TYPE_CHECKING

from dock2nix.commands.base import is_temporary
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.extract.verdicts import Scene
    from dock2nix.model.shell import Invocation, Word

_GLOB = regex(r"[*?\[]")
_OTHER_ACTIONS = frozenset({"-delete", "-fls", "-fprint", "-fprint0", "-fprintf", "-ok", "-okdir"})
_STRIP_IN_SHELL = regex(r"\s*strip(?:\s+--?[a-z-]+)*\s+\"\$@\"\s*(?:\|\|\s*(?::|true)\s*)?;?\s*")


def removes_nothing(run: Invocation, scene: Scene) -> str | None:
    """`rm` of caches and of what no earlier step put into the image; None when it may remove something that is there."""
    paths = [word for word in run.arguments if not is_option(word)]
    if not paths or not all(_is_absent(word, run.directory, scene) for word in paths):
        return None
    return "what it removes is not in the Nix image"


def finds_nothing(run: Invocation, scene: Scene) -> str | None:
    """`find … -delete` and its like in folders that no earlier step put anything into; None when it may find something."""
    words = [word.value for word in run.arguments]
    start = next(
        (at for at, word in enumerate(words) if word is None or word[:1] in {"-", "(", "!"}), len(words)
    )
    folders, tests = run.arguments[:start], words[start:]
    runs = [tests[at + 1] for at, word in enumerate(tests[:-1]) if word in {"-exec", "-execdir"}]
    harmless = all((program or "").rpartition("/")[2] in {"rm", "rmdir", "strip"} for program in runs)
    removes = bool(runs) or "-delete" in tests
    if not (folders and removes and harmless) or {"-fprint", "-fprintf", "-ok", "-okdir"} & set(tests):
        return None
    if not all(_is_absent(word, run.directory, scene) for word in folders):
        return None
    return "what it looks for is not in the Nix image"


def only_strips(run: Invocation) -> str | None:
    """`find … -exec strip {} +`, also by a shell that lets it fail; None when it does anything else to what it finds."""
    words = [word.value for word in run.arguments]
    calls = [words[at + 1 :] for at, word in enumerate(words[:-1]) if word in {"-exec", "-execdir"}]
    if not calls or _OTHER_ACTIONS & set(words) or not all(_calls_strip(call) for call in calls):
        return None
    return "strips what it finds of symbols; Nix strips what it builds, and the rest works as it is"


def _calls_strip(words: list[str | None]) -> bool:
    """Whether the words behind `-exec` begin with strip, or with a shell whose text is nothing but a call of strip."""
    end = next((at for at, word in enumerate(words) if word in {";", "+"}), len(words))
    program, *rest = (word or "" for word in words[:end])
    if program.rpartition("/")[2] in {"bash", "sh"}:
        text = next((after for word, after in pairwise(rest) if word[:1] == "-" and word.endswith("c")), "")
        return _STRIP_IN_SHELL.fullmatch(text) is not None
    return program.rpartition("/")[2] == "strip" and not {"-o", "--output-file"} & set(rest)


def _is_absent(word: Word, directory: str | None, scene: Scene) -> bool:
    if is_temporary(word):
        return True
    text = word.value or ""
    if not text or (not text.startswith("/") and directory is None):
        return False
    path = posixpath.normpath(posixpath.join(directory or "/", text))
    if scene.catalogue.no_op_path(path) and not scene.known.below(_fixed_part(path)):
        return True
    if scene.known.anywhere:
        return False
    if word.quoted or not _GLOB.search(text):
        return not scene.known.holds(path) and not scene.known.below(path)
    return not scene.known.below(_fixed_part(path))


def _fixed_part(path: str) -> str:
    """The folder in front of the first part with a wildcard."""
    found = _GLOB.search(path)
    return path if not found else posixpath.dirname(path[: found.start()] + "x")


def is_option(word: Word) -> bool:
    return word.value is not None and word.value.startswith("-")
