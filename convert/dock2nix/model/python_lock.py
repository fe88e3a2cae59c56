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


class LockedDistribution(Struct, frozen=True, kw_only=True):
    """One distribution with one wheel for each system that it is for.

    `needs` are the libraries that its ELF files link to and that it does not bring itself (`libz.so.1`), sorted; None when
    nobody has looked. `borrows` are those that another distribution of the environment brings.
    """

    name: str
    version: str
    wheels: tuple[LockedWheel, ...]
    needs: tuple[str, ...] | None = None
    borrows: tuple[str, ...] = ()

    @property
    def systems(self) -> tuple[str, ...]:
        return tuple(sorted({system for wheel in self.wheels for system in wheel.systems}))

    @property
    def pure(self) -> bool:
        return all(wheel.pure for wheel in self.wheels)


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


class LockedEnvironment(Struct, frozen=True, kw_only=True):
    """A locked environment as the plan takes it: `interpreter` is what its distributions are installed for."""

    interpreter: AttributePath
    lock: PythonLock
    libraries: tuple[NativeLibraries, ...]
