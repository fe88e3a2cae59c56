"""How distributions that come as sources are built: with the packages they name, or by nixpkgs' own recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.locking.base import LockRefused
from dock2nix.model.python_lock import SourceRecipe
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.catalogue.base import Catalogue
    from dock2nix.model.python_lock import LockedDistribution, PythonLock

_SET = regex(r"python3[0-9]*Packages\.([A-Za-z_][A-Za-z0-9_'-]*)")
# Only pip needs it, as a way to build wheels.
_IDLE = frozenset({"wheel"})


def source_recipes(lock: PythonLock, catalogue: Catalogue, channel: str) -> tuple[SourceRecipe, ...]:
    """A recipe for each distribution of the lock that comes as sources.

    Args:
        lock: the distributions.
        catalogue: for the packages that build them.
        channel: the old release that the interpreter comes from, "" for the indexed nixpkgs.

    Raises:
        LockRefused: one cannot be built: nixpkgs has no recipe for its machine code, or not what it is built with.
    """
    return tuple(_recipe(one, catalogue, channel) for one in lock.distributions if one.source is not None)


def _recipe(one: LockedDistribution, catalogue: Catalogue, channel: str) -> SourceRecipe:
    shown = f"{one.name} {one.version}: there is no wheel of it, and"
    source = one.source
    if source is None or channel:
        raise LockRefused(f"{shown} sources are not built for the Python of {channel}")
    zipped = source.name.endswith(".zip")
    if source.native and zipped:
        raise LockRefused(f"{shown} nixpkgs' recipes do not unpack {source.name}")
    if source.native:
        attribute = _attribute(one.name, catalogue)
        if not attribute:
            raise LockRefused(f"{shown} its sources hold machine code that nixpkgs has no recipe for")
        return SourceRecipe(distribution=one.name, attribute=attribute)
    builders = {name: _attribute(name, catalogue) for name in source.builders if name not in _IDLE}
    unknown = ", ".join(name for name, attribute in builders.items() if not attribute)
    if unknown:
        raise LockRefused(f"{shown} nixpkgs lacks what builds it: {unknown}")
    return SourceRecipe(distribution=one.name, builders=tuple(sorted(builders.values())), zipped=zipped)


def _attribute(name: str, catalogue: Catalogue) -> str:
    """The name in an interpreter's set of the package that is a distribution, "" when there is none."""
    found = (_SET.fullmatch(provider.path) for provider in catalogue.providers("python", name))
    return next((match[1] for match in found if match), "")
