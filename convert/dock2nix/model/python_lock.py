"""A Python environment in which every distribution is a file with a hash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from dock2nix.model.packages import AttributePath, SriHash


class LockedWheel(Struct, frozen=True, kw_only=True):
    """One wheel. `name` is its file name, `systems` those it is for (`x86_64-linux`), `size` in bytes, 0 if not known."""

    name: str
    url: str
    hash: SriHash
    systems: tuple[str, ...]
    size: int = 0

    @property
    def pure(self) -> bool:
        """Whether it holds no machine code."""
        return self.name.endswith("-any.whl")


class LockedSource(Struct, frozen=True, kw_only=True):
    """A source distribution. `builders` are the distributions that build it; `native`: it holds machine code to be."""

    name: str
    url: str
    hash: SriHash
    size: int = 0
    builders: tuple[str, ...] = ()
    native: bool = False


class LockedDistribution(Struct, frozen=True, kw_only=True):
    """One distribution with one wheel for each system that it is for, or its sources where there are no wheels.

    `needs` are the libraries that its ELF files link to and that it does not bring itself (`libz.so.1`), sorted; None when
    nobody has looked. `borrows` are those that another distribution of the environment brings.
    """

    name: str
    version: str
    wheels: tuple[LockedWheel, ...]
    source: LockedSource | None = None
    source_systems: tuple[str, ...] = ()
    needs: tuple[str, ...] | None = None
    borrows: tuple[str, ...] = ()

    @property
    def systems(self) -> tuple[str, ...]:
        return tuple(
            sorted({*self.source_systems, *(system for wheel in self.wheels for system in wheel.systems)})
        )

    @property
    def pure(self) -> bool:
        return all(wheel.pure for wheel in self.wheels)

    @property
    def files(self) -> tuple[LockedWheel | LockedSource, ...]:
        """All that is fetched for it; the last one is for the most common system."""
        wheels = sorted(self.wheels, key=lambda wheel: wheel.systems)
        return (*wheels, *((self.source,) if self.source else ()))


class PythonLock(Struct, frozen=True, kw_only=True):
    """The content of nix/pylock.toml. `python` is a version (`3.12`), `request` the digest of what was asked for."""

    python: str
    request: str
    systems: tuple[str, ...]
    distributions: tuple[LockedDistribution, ...]


class NativeLibraries(Struct, frozen=True, kw_only=True):
    """What the ELF files of one distribution are given.

    `packages` are attribute paths with the output that has the library ("" for the default one); `missing` are libraries that
    no package provides, `borrows` those of other distributions; `measured` is false when the files were not looked into.
    """

    distribution: str
    packages: tuple[tuple[AttributePath, str], ...]
    missing: tuple[str, ...] = ()
    borrows: tuple[str, ...] = ()
    measured: bool = True


class SourceRecipe(Struct, frozen=True, kw_only=True):
    """How a distribution is built from its sources.

    `attribute` is the package of the interpreter's set whose recipe is taken for them, "" for none; then `builders` are packages
    of that set which build it, and `zipped` says that the sources are a zip archive.
    """

    distribution: str
    attribute: str = ""
    builders: tuple[str, ...] = ()
    zipped: bool = False


class LockedEnvironment(Struct, frozen=True, kw_only=True):
    """A locked environment as the plan takes it: `interpreter` is what its distributions are installed for."""

    interpreter: AttributePath
    lock: PythonLock
    libraries: tuple[NativeLibraries, ...]
    recipes: tuple[SourceRecipe, ...] = ()
