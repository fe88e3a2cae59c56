"""What is known of a stage, and what builds are found to make of it."""

from __future__ import annotations

import posixpath
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from msgspec import Struct

from dock2nix.builders.base import is_inside
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.model.builds import StageBuild
    from dock2nix.model.dockerfile import Stage
    from dock2nix.model.finding import Finding
    from dock2nix.model.image import BaseImage, Effect
    from dock2nix.model.shell import ShellItem
    from dock2nix.model.steps import Step
    from dock2nix.parse.context import BuildContext

# So many groups of commands of a stage are looked at as builds; one that installs a dozen tools has twelve.
MOST_GROUPS = 20
_WILDCARD = regex(r"[*?\[]")
_EXTENSION = regex(r"[^.].*\.[A-Za-z][A-Za-z0-9]{0,5}")


class Doing(Struct, frozen=True, kw_only=True):
    """A step of a stage, and the command that it is of (None for COPY and its like). It alone sees the files that are `mounted`."""

    stage: int
    step: Step
    item: ShellItem | None
    mounted: tuple[Effect, ...] = ()


class Product(Struct, frozen=True, kw_only=True):
    """Something of a build: `place` below its `$out`, `path` where the stage has it. `folder` tells what it is taken for."""

    build: StageBuild
    place: str
    path: str
    folder: bool
    pattern: bool = False


class StageProducts(Struct, frozen=True, kw_only=True):
    """What the builds of a stage make. `aliases` are (new path, old path) of what is copied or moved afterwards.

    `files` are (path in the stage, build, place below `$out`); a path that ends with `/` stands for all that is in it. `trees` are
    builds that leave files in their folder which nobody can name beforehand. `covered` are the positions of the steps, in the
    stage and those it stands on, that the builds stand for.
    """

    files: tuple[tuple[str, StageBuild, str], ...] = ()
    trees: tuple[StageBuild, ...] = ()
    aliases: tuple[tuple[str, str], ...] = ()
    covered: frozenset[int] = frozenset()
    findings: tuple[Finding, ...] = ()

    @property
    def builds(self) -> tuple[StageBuild, ...]:
        """Each build once."""
        return tuple(dict.fromkeys((*(build for _, build, _ in self.files), *self.trees)))

    def of(self, path: str) -> tuple[Product, ...]:
        """What a COPY of an absolute path, or of a pattern, gets of the builds."""
        old = self._before_aliases(path)
        pattern = _WILDCARD.search(path) is not None
        for build in self.trees:
            if is_inside(old, build.directory) and build.directory != "/":
                return (
                    Product(
                        build=build,
                        place=old.lstrip("/"),
                        path=path,
                        folder=is_folder_name(old),
                        pattern=pattern,
                    ),
                )
        return tuple(self._files(old, path, pattern=pattern))

    def _files(self, old: str, path: str, *, pattern: bool) -> Iterator[Product]:
        for place, build, inside in self.files:
            if place.endswith("/"):
                if posixpath.dirname(old) == place.rstrip("/") and not any(
                    one[0] == old for one in self.files
                ):
                    name = inside + posixpath.basename(old)
                    yield Product(build=build, place=name, path=path, folder=False, pattern=pattern)
            elif is_inside(place, old) or (pattern and fnmatchcase(place, old)):
                new = path if place == old or pattern else path + place[len(old.rstrip("/")) :]
                yield Product(build=build, place=inside, path=place if pattern else new, folder=False)

    def _before_aliases(self, path: str) -> str:
        for new, old in reversed(self.aliases):
            if is_inside(path, new):
                path = old + path[len(new) :]
        return path


class StageScene(Struct, frozen=True, kw_only=True):
    """What is known of a stage: its chain of stages, root first, what happens in them, their files and their image.

    `of_image` are positions of stages that the image itself consists of. `below`: another stage stands on this one.
    """

    chain: tuple[Stage, ...]
    doings: tuple[Doing, ...]
    context: BuildContext
    base: BaseImage | None
    of_image: frozenset[int]
    below: bool = False


def is_folder_name(path: str) -> bool:
    """What a path that a build makes is taken for: a folder, unless its name has an extension."""
    return _EXTENSION.fullmatch(posixpath.basename(path)) is None
