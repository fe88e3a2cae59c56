"""A channel of nixpkgs: which packages it has, in which versions, and the revision that it stands for."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec

from dock2nix.errors import Dock2nixError
from dock2nix.indexing.downloads import fetch, sha256_of
from dock2nix.indexing.nar import unpacked_hash
from dock2nix.indexing.packages import INTERNAL, Package, mark_defaults, spelled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from dock2nix.indexing.packages import Spelling

    Progress = Callable[[str, int, int], None]

# The file has 6 MB, and 150 MB when it is unpacked; a revision is 40 digits; an archive of nixpkgs has 50 MB.
_LARGEST_PACKAGES = 1 << 26
_LARGEST_UNPACKED = 1 << 30
_LARGEST_REVISION = 1000
_LARGEST_ARCHIVE = 1 << 28
_PIECE = 1 << 10
_REVISION = re.compile(r"[0-9a-f]{40}")
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")


class _Meta(msgspec.Struct, frozen=True, rename="camel"):
    main_program: Any = None


class ChannelPackage(msgspec.Struct, frozen=True, kw_only=True):
    """One attribute as `packages.json` has it; what plays no part here is left out. The values of `outputs` are null."""

    pname: str = ""
    version: str = ""
    system: str = ""
    outputs: dict[str, Any] = msgspec.field(default_factory=dict)
    meta: _Meta = _Meta()

    @property
    def main_program(self) -> str:
        program = self.meta.main_program
        return program if isinstance(program, str) else ""


class _Packages(msgspec.Struct, frozen=True):
    version: int
    packages: dict[str, ChannelPackage]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A revision of nixpkgs as flake.lock names it."""

    rev: str
    nar_hash: str
    last_modified: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """What was fetched of a channel; `sha256` is of `packages.json.br` as it came."""

    name: str
    revision: str
    packages: Mapping[str, ChannelPackage]
    sha256: str


def fetch_channel(name: str, address: str, cache: Path, progress: Progress) -> Channel:
    """The packages of a channel, and its revision.

    Args:
        name: `nixos-25.11`, `nixpkgs-unstable` …
        address: where the channels are, without the name.
        cache: a folder for downloads. What a channel has changes: it is always asked for.
        progress: told (file, bytes, bytes in all).

    Raises:
        NetworkError: a file could not be downloaded.
        Dock2nixError: a file is not what a channel has, or it cannot be read here.

    """
    if not _NAME.fullmatch(name):
        raise Dock2nixError(f"{name}: not the name of a channel")
    found = cache / f"{name}-git-revision"
    fetch(f"{address}/{name}/git-revision", found, progress, largest=_LARGEST_REVISION)
    revision = found.read_text("utf-8", "replace").strip()
    if not _REVISION.fullmatch(revision):
        raise Dock2nixError(f"{address}/{name}/git-revision: not a revision of nixpkgs")
    described = cache / f"{name}-packages.json.br"
    fetch(f"{address}/{name}/packages.json.br", described, progress, largest=_LARGEST_PACKAGES)
    return Channel(
        name=name, revision=revision, packages=read_packages(described), sha256=sha256_of(described)
    )


def read_packages(path: Path) -> Mapping[str, ChannelPackage]:
    """The content of a `packages.json.br`: attributes by path, as nixpkgs spells them.

    Raises:
        Dock2nixError: it is not such a file, or the package `brotli` (the extra `index`) is not installed.

    """
    try:
        content = msgspec.json.decode(b"".join(_unpacked(path)), type=_Packages)
    except msgspec.DecodeError as error:
        raise Dock2nixError(f"{path.name}: not the packages of a channel: {error}") from error
    if content.version != 2:
        raise Dock2nixError(f"{path.name}: packages in form {content.version}, which is not known here")
    return content.packages


def _unpacked(path: Path) -> Iterator[bytes]:
    try:
        import brotli  # noqa: PLC0415 - only `index update` needs it
    except ModuleNotFoundError as error:
        raise Dock2nixError(
            "reading a channel needs brotli: install dock2nix with the extra `index`"
        ) from error
    decompressor, size = brotli.Decompressor(), 0
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                plain = decompressor.process(piece)
                size += len(plain)
                if size > _LARGEST_UNPACKED:
                    raise Dock2nixError(
                        f"{path.name}: refused, it unpacks to more than {_LARGEST_UNPACKED} bytes"
                    )
                yield plain
    except brotli.error as error:
        raise Dock2nixError(f"{path.name}: damaged: {error}") from error
    if not decompressor.is_finished():
        raise Dock2nixError(f"{path.name}: it ends too early")


def fetch_pin(revision: str, address: str, cache: Path, progress: Progress) -> Pin:
    """The hash and the date of a revision, which take all of its files.

    Args:
        revision: 40 hexadecimal digits.
        address: where archives of revisions are, without `/REVISION.tar.gz`.
        cache: a folder for downloads.
        progress: told (file, bytes, bytes in all).

    Raises:
        NetworkError: it could not be downloaded.
        Dock2nixError: it is not an archive of source files.

    """
    archive = cache / f"nixpkgs-{revision}.tar.gz"
    if not archive.exists():
        fetch(f"{address}/{revision}.tar.gz", archive, progress, largest=_LARGEST_ARCHIVE)
    try:
        nar_hash, last_modified = unpacked_hash(archive)
    except Dock2nixError:
        archive.unlink()
        raise
    return Pin(rev=revision, nar_hash=nar_hash, last_modified=last_modified)


def brought_up_to(
    packages: Mapping[str, Package], channel: Mapping[str, ChannelPackage], spelling: Spelling
) -> dict[str, Package]:
    """The packages of a nix-index file as a channel has them.

    Versions, outputs and main programs are the channel's; what files packages hold stays nix-index's. A package that only the
    channel has is added, without files. One that the channel does not have is left out, unless the channel says nothing of
    its whole set (`rPackages`).

    Args:
        packages: by canonical path.
        channel: by the path in nixpkgs.
        spelling: how attributes are called.
    """
    described = {
        path: package
        for attribute, package in channel.items()
        if package.system in {"", "x86_64-linux"}
        and not INTERNAL.match(attribute)
        and (path := spelled(spelling.canonical(attribute))) is not None
    }
    scopes = {path.rpartition(".")[0] for path in described}
    kept = {
        path: package
        for path, package in packages.items()
        if path in described or path.rpartition(".")[0] not in scopes or path in spelling.outputs
    }
    for path, package in described.items():
        kept[path] = _as_described(kept.get(path) or Package(path), package)
    mark_defaults(kept, spelling)
    return kept


def _as_described(package: Package, described: ChannelPackage) -> Package:
    return replace(
        package,
        pname=described.pname or package.pname,
        version=described.version,
        outputs=set(described.outputs) or package.outputs or {"out"},
        named_program=described.main_program,
    )
