"""`ln -s`: symbolic links."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dock2nix.commands.base import (
    Options,
    Translation,
    absolute,
    is_pattern,
    option_table,
    read_options,
    writes_nowhere,
)
from dock2nix.model.image import Symlink
from dock2nix.parse.copying import STANDARD_DIRECTORIES

if TYPE_CHECKING:
    from dock2nix.model.shell import Invocation, Redirect
    from dock2nix.model.source import Location

PROGRAMS = frozenset({"ln"})
_OPTIONS = option_table(
    "-s --symbolic",
    "-f --force",
    "-n --no-dereference",
    "-T --no-target-directory",
    "-t --target-directory =",
    "-r --relative",
    "-v --verbose",
)


def translate(
    invocation: Invocation, redirects: tuple[Redirect, ...], location: Location, text: str
) -> Translation | None:
    """One `Symlink` for each target; hard links are not translated.

    Whether the last operand is a folder that the link goes into, or the link itself, depends on the image. It is taken for a
    folder if it says so (a slash at the end), is the working directory or one above it, or is one of the folders that every
    distribution has.
    """
    options = read_options(invocation.arguments, _OPTIONS)
    if options is None or not options.has("-s") or not writes_nowhere(redirects):
        return None
    if any(is_pattern(word) for word in options.operands):
        return None
    targets = tuple(word.value or "" for word in options.operands)
    places = _places(options, targets, invocation.directory)
    if not places or not all(target and path for target, path in places):
        return None
    links = [(_written(target, path, options, invocation.directory), path) for target, path in places]
    effects = tuple(
        Symlink(path=path, target=target, location=location, text=text)
        for target, path in links
        if path is not None and target is not None
    )
    return Translation(effects=effects, reason="makes links") if len(effects) == len(links) else None


def _places(
    options: Options, names: tuple[str, ...], directory: str | None
) -> list[tuple[str, str | None]] | None:
    """The targets, each with the path of its link."""
    folder = options.last("-t")
    if folder is not None:
        return [(name, _inside(folder, name, directory)) for name in names]
    if len(names) == 1:
        return [(names[0], _inside(".", names[0], directory))]
    *targets, last = names or ("",)
    if options.has("-T"):
        return [(targets[0], absolute(last, directory))] if len(targets) == 1 else None
    if len(targets) > 1 or _is_folder(last, directory):
        return [(target, _inside(last, target, directory)) for target in targets]
    return [(targets[0], absolute(last, directory))] if targets else None


def _inside(folder: str, name: str, directory: str | None) -> str | None:
    base = posixpath.basename(name.rstrip("/"))
    return absolute(posixpath.join(folder, base), directory) if base not in {"", ".", ".."} else None


def _is_folder(name: str, directory: str | None) -> bool:
    path = absolute(name, directory) or ""
    above_working = directory is not None and f"{directory}/".startswith(f"{path}/")
    return name.rpartition("/")[2] in {"", ".", ".."} or path in STANDARD_DIRECTORIES or above_working


def _written(target: str, path: str | None, options: Options, directory: str | None) -> str | None:
    """The text of the link; `-r` makes it relative to the link's folder."""
    if not options.has("-r"):
        return target
    goal = absolute(target, directory)
    return posixpath.relpath(goal, posixpath.dirname(path)) if goal and path else None
