"""Which ignore patterns matter below the folders that are copied, as data for `lib.fileset`."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from msgspec import Struct

from dock2nix.model.fileset import ExcludePath, ExcludePattern, IgnoreRule, IgnoreRules, IncludePath
from dock2nix.model.image import ContextSource
from dock2nix.parse.dockerignore import IgnorePattern, is_ignored
from dock2nix.parse.wildcards import PatternError, compile_wildcard, regex_literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.model.fileset import FilesetExclusion
    from dock2nix.parse.context import BuildContext

_EVERYTHING = frozenset({"*", "**", "**/*", "**/**"})


def fileset_exclusions(
    context: BuildContext,
    sources: ContextSource | tuple[ContextSource, ...],
    exclude: tuple[IgnorePattern, ...] = (),
) -> tuple[FilesetExclusion, ...]:
    """What is left out when the sources of one instruction are copied, in the order in which it is to be applied.

    The result does not depend on which files there are now, so it stays true when files are added.

    Args:
        context: where `.dockerignore` was read.
        sources: one or all of those that `resolve_copy` gave; of a file nothing can be left out, only the folders matter.
            Those that are copied together have to be asked for together: an exception for one must not be undone by the next.
        exclude: patterns of `--exclude` (`CopyResolution.exclude`), relative to each folder.

    """
    sources = (sources,) if isinstance(sources, ContextSource) else sources
    folders = tuple(dict.fromkeys(source.path for source in sources if source.directory))
    if not folders:
        return ()
    ignored = _Scope(patterns=context.patterns, base="", folders=folders, name=f"{context.ignore_file}:")
    flags = (_Scope(patterns=exclude, base=folder, folders=("",), name="") for folder in folders)
    found = [exclusion for scope in (ignored, *flags) for exclusion in scope.exclusions()]
    return tuple(found)


class _Scope(Struct, frozen=True, kw_only=True):
    """Patterns, the folder they are relative to (`base`), and the folders below that which are copied.

    `name` is the ignore file's with a colon, "" for flags.
    """

    patterns: tuple[IgnorePattern, ...]
    base: str
    folders: tuple[str, ...]
    name: str

    def exclusions(self) -> tuple[FilesetExclusion, ...]:
        relevant = tuple(p for p in self.patterns if any(_reaches(p, folder) for folder in self.folders))
        has_exceptions = any(pattern.negated for pattern in relevant)
        if has_exceptions and (not self.name or _needs_order(relevant)):
            return (IgnoreRules(rules=tuple(self._rule(pattern) for pattern in relevant)),)
        return tuple(dict.fromkeys(self._in_order(relevant)))

    def _in_order(self, patterns: tuple[IgnorePattern, ...]) -> Iterator[FilesetExclusion]:
        """Exceptions for plain paths: such a pattern counts if it is tried at its own path (see `IgnoreState`)."""
        for at, pattern in enumerate(patterns):
            if pattern.literal is not None and pattern.negated != is_ignored(patterns[:at], pattern.literal):
                continue
            root = _root_of(pattern)
            if pattern.negated and root is not None:
                for path in self._within(root):
                    yield IncludePath(path=path, origin=self._origin(pattern))
            else:
                yield from self._exclusion(pattern)

    def _exclusion(self, pattern: IgnorePattern) -> Iterator[ExcludePath | ExcludePattern]:
        origin = self._origin(pattern)
        if pattern.literal is not None:
            yield from (ExcludePath(path=path, origin=origin) for path in self._within(pattern.literal))
            return
        whole = [folder for folder in self.folders if _takes_all(pattern, folder)]
        yield from (ExcludePath(path=self._join(folder), origin=origin) for folder in whole)
        if any(_reaches(pattern, folder) for folder in self.folders if folder not in whole):
            yield ExcludePattern(regex=self._regex(pattern), origin=origin)

    def _within(self, path: str) -> tuple[str, ...]:
        """A path as parts of the copied folders: itself if it is in one, each folder that is in it."""
        found = (
            folder if _is_in(folder, path) else path
            for folder in self.folders
            if _is_in(folder, path) or _is_in(path, folder)
        )
        return tuple(self._join(part) for part in dict.fromkeys(found))

    def _join(self, path: str) -> str:
        return posixpath.join(self.base, path).rstrip("/")

    def _rule(self, pattern: IgnorePattern) -> IgnoreRule:
        return IgnoreRule(regex=self._regex(pattern), negated=pattern.negated, origin=self._origin(pattern))

    def _regex(self, pattern: IgnorePattern) -> str:
        return regex_literal(f"{self.base}/" if self.base else "") + pattern.regex

    def _origin(self, pattern: IgnorePattern) -> str:
        where = f"{self.name}{pattern.line}: " if self.name else "--exclude="
        return f"{where}{'!' * pattern.negated}{pattern.pattern}"


def _is_in(path: str, folder: str) -> bool:
    """Whether `path` is `folder` or below it."""
    return not folder or f"{path}/".startswith(f"{folder}/")


def _takes_all(pattern: IgnorePattern, folder: str) -> bool:
    """Whether a wildcard matches the folder, one above it, or whatever is in it."""
    inside = pattern.pattern.removeprefix(f"{folder}/" if folder else "")
    above = (*_folders_of(folder), folder) if folder else ()
    return inside in _EVERYTHING or any(pattern.matches(path) for path in above)


def _needs_order(patterns: tuple[IgnorePattern, ...]) -> bool:
    """Whether sets cannot say it: an exception with wildcards, or a later wildcard that may match above an exception."""
    above: list[str] = []
    for pattern in patterns:
        root = _root_of(pattern)
        if root is None and (pattern.negated or any(pattern.matches(folder) for folder in above)):
            return True
        if pattern.negated and root is not None:
            above.extend((*_folders_of(root), *((root,) if pattern.literal is None else ())))
    return False


def _root_of(pattern: IgnorePattern) -> str | None:
    """The plain path of a pattern that means all below it (`path`, `path/**`, `**`), None for other wildcards.

    `path/**` is tried on every file below and so never depends on the order of the walk.
    """
    if pattern.literal is not None:
        return pattern.literal
    if pattern.pattern == "**":
        return ""
    root = pattern.pattern.removesuffix("/**")
    return root if root != pattern.pattern and not any(char in "*?[]\\" for char in root) else None


def _reaches(pattern: IgnorePattern, folder: str) -> bool:
    """Whether the pattern may match `folder`, a folder above it or anything below it."""
    theirs = pattern.pattern.split("/")
    for part, name in zip(theirs, folder.split("/") if folder else (), strict=False):
        if "**" in part or "[" in part:
            return True
        try:
            if not compile_wildcard(part).matches(name):
                return False
        except PatternError:
            return True
    return True


def _folders_of(path: str) -> tuple[str, ...]:
    """The folders above a path, from the top."""
    parts = path.split("/")
    return tuple("/".join(parts[:count]) for count in range(1, len(parts)))
