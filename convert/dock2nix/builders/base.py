"""The shape of a build tool, and what it is told of the stage that it builds in."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from dock2nix.model.builds import Recipe
    from dock2nix.model.image import BaseImage, NodeModules
    from dock2nix.model.shell import Invocation, Word

_VARIABLE = regex(r"\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))")
_TOO_MUCH = regex(r"[`\\']|\$[^{A-Za-z_]|\$\{[A-Za-z_]\w*[^}\w]")
# Programs of sources that configure them; a shell may be given their names.
SCRIPTS = frozenset(
    {
        *("autogen.sh", "bootstrap", "bootstrap.sh", "buildconf", "buildconf.sh"),
        *("Configure", "config", "configure"),
    }
)
MAKERS = frozenset({"gmake", "make", "ninja"})
SHELLS = frozenset({"bash", "sh"})
# Where compilers and loaders look; in a build these are said by its inputs.
SEARCHED = frozenset(
    {
        *("CMAKE_PREFIX_PATH", "CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "LD_LIBRARY_PATH"),
        *("LD_RUN_PATH", "LIBRARY_PATH", "PKG_CONFIG_PATH", "PYTHONPATH"),
    }
)
# A finding yet without a place: (code, message, hint).
Problem = tuple[str, str, str]


class StageFolder(Protocol):
    """The files of a stage that came from the build context."""

    def read(self, path: str) -> str | None:
        """The text of a file by its absolute path, None when it is not known to be there."""
        ...

    def origin(self, path: str) -> str | None:
        """Where in the build context a file is from, None when it is from elsewhere."""
        ...

    def names(self, folder: str) -> tuple[str, ...]:
        """The names of the files in a folder (absolute path), sorted; folders are left out."""
        ...


class Work(Struct, frozen=True, kw_only=True):
    """What happens in a stage, for a build tool to recognise.

    `calls` are the commands that have no translation of their own, in order. `modules` are the node_modules that the stage
    installs. `base` is what is known of its image, `installed` the packages it installs. `platform` is like `linux/amd64`. `unset`
    are build arguments without a value: they expand to nothing. `root` is the folder with the sources that the calls run in, ""
    when that is not known, `made` the folders that commands have made before, and `others` the places of files that are not there.
    """

    calls: tuple[Invocation, ...]
    files: StageFolder
    modules: tuple[NodeModules, ...]
    base: BaseImage | None
    installed: AbstractSet[str]
    platform: str
    unset: AbstractSet[str] = frozenset()
    root: str = ""
    made: AbstractSet[str] = frozenset()
    others: AbstractSet[str] = frozenset()


class Built(Struct, frozen=True, kw_only=True):
    """One derivation of a stage. `directory` is where it builds, absolute in the stage.

    `products` are (absolute path in the stage, path below `$out`) of the files it makes; () when it makes files in its folder that
    nobody can name beforehand. `files` are (absolute path, text) of what the tool writes beside that, as its settings. `environment` are the variables of the build to pass on. `suffix` tells it from others of its
    stage. `state` is the text that asks for what is fetched under one hash, "" when nothing is.
    """

    recipe: Recipe
    directory: str
    products: tuple[tuple[str, str], ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    suffix: str = ""
    state: str = ""
    problems: tuple[Problem, ...] = ()


class Refusal(Struct, frozen=True):
    """Why a stage is left to a human; `call` is the command that speaks against it."""

    reason: str
    call: Invocation | None = None


class Builder(Protocol):
    """A module of this package: one build tool.

    IN_PLACE: what it makes is put where the stage has it, also in a stage that others copy from. BY_TREE: it is asked about one tree
    of sources at a time. BY_FOLDER: what runs in one folder leaves nothing that a run in another may need, as `mvn install` does.
    """

    IN_PLACE: bool
    BY_TREE: bool
    BY_FOLDER: bool
    PROGRAMS: frozenset[str]

    def recognise(self, work: Work) -> tuple[Built, ...] | Refusal:
        """The derivations that do what the calls do.

        Args:
            work: a stage in which at least one call is of `PROGRAMS`, and every other one too.
        """
        ...


def program_of(run: Invocation) -> str:
    """The program's name without its folder."""
    return (run.program or "").rsplit("/", 1)[-1]


def tool_of(run: Invocation) -> str:
    """The program that a command comes to: `sh ./autogen.sh` is the script."""
    name = program_of(run)
    if name in SHELLS and run.arguments:
        script = posixpath.basename(run.arguments[0].value or "")
        return script if script in SCRIPTS else name
    return name


def folder_of(run: Invocation) -> str | None:
    """The folder that a command works in: where it runs, or the one that `-C` names; None when it is not known."""
    values = [word.value for word in run.arguments]
    named = next((values[at + 1] for at, one in enumerate(values[:-1]) if one in {"-C", "--directory"}), "")
    if run.directory is None or named is None:
        return None
    return absolute(named, run) if named and program_of(run) in MAKERS | {"meson"} else run.directory


def texts(words: tuple[Word, ...]) -> list[str] | None:
    """The words as text; None when one cannot be known."""
    values = [word.value for word in words]
    return None if None in values else [value for value in values if value is not None]


def texts_with_unset(run: Invocation, unset: AbstractSet[str]) -> tuple[list[str], tuple[str, ...]] | None:
    """The words of a command in which build arguments without value stand for nothing, and the names of these.

    Args:
        run: the command.
        unset: the build arguments that nobody gave a value.

    Returns:
        None when a word cannot be known.
    """
    used: dict[str, None] = {}
    values: list[str] = []
    for word in run.arguments:
        value = word.value if word.value is not None else _without(word.text, run, unset, used)
        if value is None:
            return None
        values.append(value)
    return values, tuple(used)


def _without(text: str, run: Invocation, unset: AbstractSet[str], used: dict[str, None]) -> str | None:
    if _TOO_MUCH.search(text):
        return None
    names = {found[1] or found[2] for found in _VARIABLE.finditer(text)}
    if any(run.environment.get(name) is None and name not in unset for name in names):
        return None
    used.update(dict.fromkeys(sorted(name for name in names if run.environment.get(name) is None)))
    return _VARIABLE.sub(lambda found: run.environment.get(found[1] or found[2]) or "", text).replace('"', "")


def unset_problems(names: Iterable[str]) -> tuple[Problem, ...]:
    """What is to be said of build arguments without value."""
    return tuple(
        (
            "D2N102",
            f"the build argument {name} has no value: it expands to nothing",
            f"pass --build-arg {name}=VALUE, or give it a default: ARG {name}=VALUE",
        )
        for name in dict.fromkeys(names)
    )


def variable(run: Invocation, name: str) -> str | None:
    """A variable as the command sees it, those set for it alone included; None when it is not set or not known."""
    for own, word in reversed(run.assignments):
        if own == name:
            return word.value
    return run.environment.get(name)


def absolute(path: str, run: Invocation) -> str:
    """A path as the command names it."""
    return posixpath.normpath(posixpath.join(run.directory or "/", path))


def is_inside(path: str, folder: str) -> bool:
    """Whether an absolute path is a folder or below it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def nearest(name: str, folder: str, files: StageFolder) -> str | None:
    """The folder, of this one and those above, that has a file of that name."""
    while files.read(posixpath.join(folder, name)) is None:
        if not folder.strip("/"):
            return None
        folder = posixpath.dirname(folder)
    return folder


class Flags(Struct, frozen=True):
    """A command line taken apart: (option without dashes, value or ""), and the other words."""

    given: tuple[tuple[str, str], ...]
    operands: tuple[str, ...]
    unknown: str = ""

    def values(self, *names: str) -> tuple[str, ...]:
        """All values of an option, in order."""
        return tuple(value for name, value in self.given if name in names)

    def has(self, *names: str) -> bool:
        """Whether one of the options was given."""
        return any(name in names for name, _ in self.given)


def read_flags(words: list[str], options: Mapping[str, bool]) -> Flags:
    """Take apart what a build tool is called with: `-o x`, `-o=x`, `--bin x`; options may follow operands.

    Args:
        words: without the program and its verb.
        options: name without dashes → whether it takes a value.

    Returns:
        `unknown` is the first option that is not in the table.
    """
    given: list[tuple[str, str]] = []
    operands: list[str] = []
    waiting = iter(words)
    for word in waiting:
        if not word.startswith("-") or word == "-":
            operands.append(word)
            continue
        name, equals, value = word.lstrip("-").partition("=")
        if name not in options:
            return Flags((), (), word)
        if options[name] and not equals:
            value = next(waiting, "")
        given.append((name, value))
    return Flags(tuple(given), tuple(operands))


def option_table(switches: str, valued: str) -> dict[str, bool]:
    """A table for `read_flags` from names separated by blanks."""
    return dict.fromkeys(switches.split(), False) | dict.fromkeys(valued.split(), True)
