"""Programs in downloads: which of them are linked to libraries, and to which."""

from __future__ import annotations

import bz2
import gzip
import lzma
import posixpath
import tarfile
import zipfile
import zlib
from fnmatch import fnmatchcase
from typing import IO, TYPE_CHECKING

from msgspec import Struct, field

from dock2nix.locking.elf import elf_in
from dock2nix.locking.libraries import is_of_c_library, packages_with
from dock2nix.model.downloads import MachineCode, Programs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dock2nix.catalogue.base import Catalogue
    from dock2nix.locking.elf import ElfFile
    from dock2nix.model.downloads import Unpack
    from dock2nix.model.packages import AttributePath

_MAGIC = b"\x7fELF"
_APP_IMAGE = slice(8, 11)
_SMALLEST = 64
_LARGEST = 512 * 2**20
_MOST = 8 * 2**30


class Unreadable(Exception):  # noqa: N818 - an answer, not an error of ours
    """What a download holds cannot be looked at; the text says why."""


class FoundPrograms(Struct, kw_only=True):
    """What was found so far in machine code: `needed` are the libraries that it is linked to, `brought` those that it brings."""

    systems: set[str] = field(default_factory=set)
    linked: set[str] = field(default_factory=set)
    needed: set[str] = field(default_factory=set)
    brought: set[str] = field(default_factory=set)

    def add(self, name: str, elf: ElfFile) -> None:
        self.systems.add(elf.system)
        self.brought.update({posixpath.basename(name), elf.soname} - {""})
        if elf.needed:
            self.linked.add(elf.system)
            self.needed.update(elf.needed)

    def programs(self) -> Programs:
        """All of it, sorted; of the libraries those that it does not bring."""
        return Programs(
            systems=tuple(sorted(self.systems)),
            linked=tuple(sorted(self.linked)),
            libraries=tuple(sorted(self.needed - self.brought)),
        )


def programs_in(path: Path, unpack: Unpack | None) -> Programs:
    """The machine code of a file, or of what is unpacked of it.

    Args:
        path: the file.
        unpack: how it is unpacked; None when it stays as it is.

    Raises:
        Unreadable: it is damaged, of a kind that cannot be read here, or far too large.
    """
    found = FoundPrograms()
    errors = (
        OSError,
        EOFError,
        tarfile.TarError,
        zipfile.BadZipFile,
        lzma.LZMAError,
        zlib.error,
        NotImplementedError,
    )
    try:
        for name, content in _contents(path, unpack):
            elf = elf_in(content) if content.startswith(_MAGIC) and content[_APP_IMAGE] != b"AI\x02" else None
            if elf is not None:
                found.add(name, elf)
    except (*errors, RuntimeError, ValueError) as error:
        raise Unreadable(f"it cannot be unpacked here ({type(error).__name__})") from error
    return found.programs()


def code_of(programs: Programs, systems: tuple[str, ...], catalogue: Catalogue) -> MachineCode | None:
    """What linked programs need; None when there are none for these systems."""
    if set(programs.linked).isdisjoint(systems) or programs.musl:
        return None
    packages: set[tuple[AttributePath, str]] = set()
    missing: list[str] = []
    for library in programs.libraries:
        found = packages_with(library, catalogue, "")
        packages.update(found)
        if not found and not is_of_c_library(library):
            missing.append(library)
    return MachineCode(packages=tuple(sorted(packages)), missing=tuple(missing))


def _contents(path: Path, unpack: Unpack | None) -> Iterator[tuple[str, bytes]]:
    if unpack is None:
        with path.open("rb") as file:
            head = file.read(_SMALLEST)
            if head.startswith(_MAGIC):
                yield path.name, head + file.read(_LARGEST)
    elif unpack.program == "unzip":
        yield from _of_zip(path, unpack)
    elif unpack.program == "tar":
        yield from _of_tar(path, unpack)
    else:
        yield posixpath.basename(unpack.path), _of_compressed(path, unpack.program)


def _of_zip(path: Path, unpack: Unpack) -> Iterator[tuple[str, bytes]]:
    budget = _MOST
    with zipfile.ZipFile(path) as archive:
        for one in archive.infolist():
            if not _SMALLEST <= one.file_size <= _LARGEST or not _is_wanted(one.filename, unpack):
                continue
            budget -= one.file_size
            _within(budget)
            with archive.open(one) as file:
                yield one.filename, _content(file, one.file_size)


def _of_tar(path: Path, unpack: Unpack) -> Iterator[tuple[str, bytes]]:
    budget = _MOST
    with tarfile.open(path, "r:*") as archive:
        for one in archive:
            budget -= one.size
            _within(budget)
            file = archive.extractfile(one) if one.isreg() and _SMALLEST <= one.size <= _LARGEST else None
            if file is not None and _is_wanted(one.name, unpack):
                yield one.name, file.read()


def _content(file: IO[bytes], size: int) -> bytes:
    """The whole content of a program, the beginning of anything else."""
    head = file.read(_SMALLEST)
    return head + file.read(size) if head.startswith(_MAGIC) else head


def _of_compressed(path: Path, program: str) -> bytes:
    openers = {"gzip": gzip.GzipFile, "bzip2": bz2.BZ2File, "xz": lzma.LZMAFile}
    if program not in openers:
        raise Unreadable(f"files of {program} cannot be unpacked here")
    with openers[program](path) as file:
        return bytes(file.read(_LARGEST))


def _within(budget: int) -> None:
    if budget < 0:
        raise Unreadable("it unpacks to more than is looked at")


def _is_wanted(name: str, unpack: Unpack) -> bool:
    """Whether a member is among those that are unpacked."""
    name = posixpath.normpath(name)
    wanted = [posixpath.normpath(one) for one in unpack.members]
    return not wanted or any(
        name == one or name.startswith(f"{one}/") or fnmatchcase(name, one) for one in wanted
    )
