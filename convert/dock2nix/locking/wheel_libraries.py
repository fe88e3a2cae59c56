"""What the machine code of wheels links to; what was found once is kept, by the hash of the wheel."""

from __future__ import annotations

import base64
import hashlib
import posixpath
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryFile
from typing import IO, TYPE_CHECKING

import msgspec
from msgspec import Struct

from dock2nix.errors import NetworkError
from dock2nix.locking.base import LinkedLibraries, LockUnavailableError
from dock2nix.locking.cache import cache_folder
from dock2nix.locking.elf import elf_from
from dock2nix.network import Limits, download_to

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dock2nix.locking.elf import ElfFile
    from dock2nix.model.python_lock import LockedDistribution, LockedWheel

_AT_ONCE = 6
# The servers are those of the user's own configuration, which may be in a private network.
_LIMITS = Limits(largest=512 * 2**20, longest=300.0, private=True)
_SMALLEST, _LARGEST = 64, 2**30
# Members that are no machine code, by their names; the others are looked at.
_TEXTS = (
    ".py",
    ".pyi",
    ".pyx",
    ".pxd",
    ".txt",
    ".h",
    ".hpp",
    ".json",
    ".js",
    ".css",
    ".html",
    ".svg",
    ".png",
    ".md",
)
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
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        found = dict(
            zip(wheels, pool.map(lambda wheel: _libraries(wheel, system), wheels.values()), strict=True)
        )
    return {name: linked for name, linked in found.items() if linked is not None}


def _libraries(wheel: LockedWheel, system: str) -> LinkedLibraries | None:
    note = cache_folder().parent / "wheels" / f"{_hexadecimal(wheel)}.{system}.json"
    try:
        kept = msgspec.json.decode(note.read_bytes(), type=_Kept)
        return LinkedLibraries(needed=frozenset(kept.needed), brought=frozenset(kept.brought))
    except (OSError, msgspec.DecodeError):
        found = _looked_at(wheel, system)
    if found is not None:
        _keep(note, found)
    return found


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


def _looked_at(wheel: LockedWheel, system: str) -> LinkedLibraries | None:
    with TemporaryFile(prefix="dock2nix-wheel-") as file:
        try:
            download_to(wheel.url, file, _LIMITS)
        except NetworkError:
            return None
        if _digest(file) != _hexadecimal(wheel):
            reason = f"a wheel is not the one that the index promises: {wheel.name}"
            raise LockUnavailableError(reason, "nothing was written; ask whoever runs the index")
        try:
            files = dict(_machine_code(file, system))
        except _DAMAGED:
            return None
    return LinkedLibraries(
        needed=frozenset(name for elf in files.values() for name in elf.needed),
        brought=frozenset({*files, *(elf.soname for elf in files.values() if elf.soname)}),
    )


def _machine_code(file: IO[bytes], system: str) -> Iterator[tuple[str, ElfFile]]:
    """The ELF files of a wheel for a system, by their names."""
    with zipfile.ZipFile(file) as archive:
        for one in archive.infolist():
            if not _SMALLEST <= one.file_size <= _LARGEST or one.filename.endswith(_TEXTS):
                continue
            with archive.open(one) as member:
                elf = elf_from(member)
            if elf is not None and elf.system == system:
                yield posixpath.basename(one.filename), elf


def _digest(file: IO[bytes]) -> str:
    file.seek(0)
    digest = hashlib.sha256()
    while chunk := file.read(2**20):
        digest.update(chunk)
    return digest.hexdigest()


def _hexadecimal(wheel: LockedWheel) -> str:
    return base64.b64decode(wheel.hash.partition("-")[2]).hex()
