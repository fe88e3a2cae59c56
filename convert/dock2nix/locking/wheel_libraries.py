"""What the machine code of wheels links to; what was found once is kept, by the hash of the wheel."""

from __future__ import annotations

import base64
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from dock2nix.errors import NetworkError
from dock2nix.locking.base import LinkedLibraries, LockUnavailableError
from dock2nix.locking.cache import cache_folder
from dock2nix.network import Limits

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dock2nix.locking.elf import ElfFile
    from dock2nix.model.python_lock import LockedDistribution, LockedWheel

_AT_ONCE = 4
# The servers are those of the user's own configuration, which may be in a private network.
_LIMITS = Limits(largest=512 * 2**20, longest=600.0, private=True)
_DAMAGED = (OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, ValueError)


class _Kept(Struct, frozen=True, kw_only=True):
    """`LinkedLibraries` as a file holds them."""

    needed: tuple[str, ...]
    brought: tuple[str, ...]


def libraries_of_wheels(
    distributions: Iterable[LockedDistribution], system: str
) -> Mapping[str, LinkedLibraries]:
    """What the wheels of distributions link to, by the distribution's name. Those that cannot be had are left out.

    Args:
        distributions: each with one wheel for the system.
        system: `x86_64-linux`.

    Raises:
        LockUnavailableError: a wheel is not the one that the index promises.
    """
    wheels = {one.name: wheel for one in distributions for wheel in one.wheels if system in wheel.systems}
    found = {name: kept for name, wheel in wheels.items() if (kept := _noted(_note(wheel, system)))}
    return {**found, **_looked_at({name: wheels[name] for name in wheels.keys() - found.keys()}, system)}


def _note(wheel: LockedWheel, system: str) -> Path:
    digest = base64.b64decode(wheel.hash.partition("-")[2]).hex()
    return cache_folder().parent / "wheels" / f"{digest}.{system}.json"


def _noted(note: Path) -> LinkedLibraries | None:
    try:
        kept = msgspec.json.decode(note.read_bytes(), type=_Kept)
    except (OSError, msgspec.DecodeError):
        return None
    return LinkedLibraries(needed=frozenset(kept.needed), brought=frozenset(kept.brought))


def _keep(note: Path, found: LinkedLibraries) -> None:
    """The file gets its name when it is whole; a cache that cannot be written is no reason to fail."""
    kept = _Kept(needed=tuple(sorted(found.needed)), brought=tuple(sorted(found.brought)))
    try:
        note.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=note.parent, prefix=".note-", delete=False) as file:
            file.write(msgspec.json.encode(kept))
        Path(file.name).replace(note)
    except OSError:
        return


def _looked_at(wheels: Mapping[str, LockedWheel], system: str) -> Mapping[str, LinkedLibraries]:
    """What wheels say that nobody has looked into before, the largest first: they take longest."""
    if not wheels:
        return {}
    from dock2nix.locking.remote_wheel import machine_code  # noqa: PLC0415 - new wheels only
    from dock2nix.network.parts import parts  # noqa: PLC0415 - as above

    def one(name: str) -> LinkedLibraries | None:
        try:
            found = _linked(machine_code(wheels[name], system, asked))
        except (NetworkError, *_DAMAGED) as error:
            if isinstance(error, LockUnavailableError):
                raise
            return None
        _keep(_note(wheels[name], system), found)
        return found

    names = sorted(wheels, key=lambda name: (-wheels[name].size, name))
    with parts(_LIMITS) as asked, ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        found = dict(zip(names, pool.map(one, names), strict=True))
    return {name: linked for name, linked in found.items() if linked is not None}


def _linked(files: Mapping[str, ElfFile]) -> LinkedLibraries:
    return LinkedLibraries(
        needed=frozenset(name for elf in files.values() for name in elf.needed),
        brought=frozenset({*files, *(elf.soname for elf in files.values() if elf.soname)}),
    )
