"""Archives of Debian and Ubuntu: which packages a release has, each step down from the signed Release file compared by hash.

The form is that of Debian's repositories (https://wiki.debian.org/DebianRepository/Format): `dists/SUITE/InRelease` names the hash of each
`Packages` file, and that one the hash of each .deb.
"""

from __future__ import annotations

import base64
import gzip
import lzma
import re
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field

from dock2nix.errors import Dock2nixError, MissingProgramError, NixError, UsageError
from dock2nix.locking.debs.packages import PackagesFile
from dock2nix.managers.arguments import without_password
from dock2nix.nix import run_program
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from dock2nix.locking.fetching import Downloaded, Fetcher

_LARGEST = 1 << 29
_HASH_LINE = regex(r"^ ([0-9a-f]{64}) +\d+ (\S+)$", re.MULTILINE)
_FIELD = regex(r"^(Acquire-By-Hash|Codename|Origin|Suite): *(.+)$", re.MULTILINE)
_OPENERS: Mapping[str, Callable[[Path], lzma.LZMAFile | gzip.GzipFile]] = {
    ".xz": lzma.LZMAFile,
    ".gz": gzip.GzipFile,
}
_COMPONENTS = {
    "debian": ("main", "contrib", "non-free", "non-free-firmware"),
    "ubuntu": ("main", "restricted", "universe", "multiverse"),
}
_SUITES = ("", "-updates", "-security")
_SNAPSHOT = regex(r"/[0-9]{8}T[0-9]{6}Z(?:/|$)")
ARCHITECTURES = {"x86_64-linux": "amd64", "aarch64-linux": "arm64"}


class ArchiveRefused(Exception):  # noqa: N818 - an answer, not an error of ours
    """No archive can be used; the text says why."""


class DebSources(Struct, frozen=True, kw_only=True):
    """Where packages of distributions come from: what downloads, and the addresses of archives, less `/dists`.

    `keyrings` are the files with the keys of each distribution, "" when this machine has none.
    """

    fetcher: Fetcher
    mirrors: tuple[str, ...]
    keyrings: Mapping[str, str] = field(default_factory=dict)


class Suite(Struct, frozen=True, kw_only=True):
    """One suite of an archive, with the SHA-256 of each of its files by name. `signed`: its signature was checked, and is right."""

    mirror: str
    name: str
    hashes: Mapping[str, str]
    by_hash: bool
    signed: bool

    @property
    def stays(self) -> bool:
        """Whether what is at its addresses never changes: it is one day of a snapshot archive."""
        return _SNAPSHOT.search(self.mirror) is not None

    def addresses(self, name: str) -> tuple[str, ...]:
        """Where a file is: by its hash, where mirrors keep it when a newer one has its name, then by its name."""
        folder, _, _ = name.rpartition("/")
        start = f"{self.mirror}/dists/{self.name}"
        hashed = (f"{start}/{folder}/by-hash/SHA256/{self.hashes[name]}",) if self.by_hash else ()
        return (*hashed, f"{start}/{name}")


def open_archive(distribution: str, release: str, architecture: str, sources: DebSources) -> ReleaseFiles:
    """All packages of a release: as published, with its updates and its security fixes.

    Args:
        distribution: debian or ubuntu.
        release: `bookworm`, `jammy` …
        architecture: amd64 or arm64.
        sources: where to ask.

    Raises:
        ArchiveRefused: no archive is known, none has the release, or one is not what it says.
        UsageError: what reads packages is not installed.
    """
    missing = [name for name in ("arpy", "debian_inspector") if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"reading Debian's packages needs {' and '.join(missing)}: install dock2nix with the extra `deb`"
        )
    if not sources.mirrors:
        raise ArchiveRefused("no archive of its packages is known: this machine has none among apt's sources")
    asked = {
        (mirror, f"{release}{end}"): f"{mirror}/dists/{release}{end}/InRelease"
        for mirror in sources.mirrors
        for end in _SUITES
    }
    answers = sources.fetcher.fetch(asked.values())
    found = [
        suite
        for (mirror, name), url in asked.items()
        if not isinstance(answer := answers[url], str)
        and (suite := _suite(mirror, name, answer.path, distribution, sources))
    ]
    if not any(suite.name == release for suite in found):
        reasons = {str(answers[url]) for (_, name), url in asked.items() if name == release}
        raise ArchiveRefused(
            f"no archive has {distribution}'s release {release} ({'; '.join(sorted(reasons))})"
        )
    files = tuple(
        file for suite in found for file in _packages(suite, distribution, architecture, sources.fetcher)
    )
    return ReleaseFiles(suites=tuple(found), files=files)


class ReleaseFiles(Struct, frozen=True, kw_only=True):
    """The suites of a release and their packages."""

    suites: tuple[Suite, ...]
    files: tuple[PackagesFile, ...]

    @property
    def signed(self) -> bool:
        return all(suite.signed for suite in self.suites)

    @property
    def stays(self) -> bool:
        return all(suite.stays for suite in self.suites)


def _suite(mirror: str, name: str, path: Path, distribution: str, sources: DebSources) -> Suite | None:
    """The suite whose InRelease file this is; None for one of another distribution."""
    signed = _signed_text(path, sources.keyrings.get(distribution, ""))
    text = signed if signed is not None else path.read_text("utf-8", "replace")
    fields = dict(_FIELD.findall(text.partition("\nSHA256:")[0]))
    if fields.get("Origin", "").strip().lower() != distribution:
        return None
    if name not in {fields.get("Codename", "").strip(), fields.get("Suite", "").strip()}:
        raise ArchiveRefused(
            f"{without_password(mirror)}: its suite {name} says that it is {fields.get('Codename', 'another')}"
        )
    return Suite(
        mirror=mirror,
        name=name,
        hashes={file: digest for digest, file in _HASH_LINE.findall(text.partition("\nSHA256:")[2])},
        by_hash=fields.get("Acquire-By-Hash", "").strip() == "yes",
        signed=signed is not None,
    )


def _signed_text(path: Path, keyring: str) -> str | None:
    """What is signed of a file (nothing else of it counts); None when there is nothing here to check it with.

    Raises:
        ArchiveRefused: it is not signed by one of these keys, or was changed.
    """
    if not keyring:
        return None
    try:
        return run_program(["gpgv", "--quiet", "--keyring", keyring, "--output", "-", str(path)])
    except MissingProgramError:
        return None
    except NixError as error:
        words = " ".join(str(error).splitlines()[-1:])
        raise ArchiveRefused(f"the signature of its Release file is not right: {words}") from error


def _packages(suite: Suite, distribution: str, architecture: str, fetcher: Fetcher) -> Iterator[PackagesFile]:
    for component in _COMPONENTS[distribution]:
        names = (f"{component}/binary-{architecture}/Packages{end}" for end in _OPENERS)
        name = next((one for one in names if one in suite.hashes), "")
        if name:
            found = fetch_listed(suite, name, fetcher)
            yield PackagesFile(unpacked(found.path), suite.mirror, component)


def fetch_listed(suite: Suite, name: str, fetcher: Fetcher) -> Downloaded:
    """A file that a suite lists, as its Release file says.

    Raises:
        ArchiveRefused: it is not there, or is another one.
    """
    reasons = []
    for url in suite.addresses(name):
        found = fetcher.fetch((url,))[url]
        if isinstance(found, str):
            reasons.append(f"{without_password(url)}: {found}")
        elif found.sha256 == suite.hashes[name]:
            return found
        else:
            reasons.append(
                f"{without_password(url)}: its SHA-256 is {found.sha256}, its Release file says {suite.hashes[name]}"
            )
    raise ArchiveRefused("; ".join(reasons))


def unpacked(path: Path) -> bytes:
    """What a compressed file holds; which kind it is, its first bytes tell.

    Raises:
        ArchiveRefused: it is damaged, or far too large.
    """
    with path.open("rb") as file:
        opener = _OPENERS[".gz" if file.read(2) == b"\x1f\x8b" else ".xz"]
    try:
        with opener(path) as packed:
            content = packed.read(_LARGEST + 1)
    except (OSError, EOFError, lzma.LZMAError) as error:
        raise ArchiveRefused(f"{path.name}: damaged ({type(error).__name__})") from error
    if len(content) > _LARGEST:
        raise ArchiveRefused(f"{path.name}: it unpacks to more than {_LARGEST} bytes")
    return content


def sri(sha256: str) -> str:
    """A SHA-256 in hexadecimal digits as SRI."""
    return f"sha256-{base64.b64encode(bytes.fromhex(sha256)).decode()}"


# --- this machine --------------------------------------------------------------------------------------------------------------


def machine_mirrors() -> tuple[str, ...]:
    """The addresses of the archives that this machine's apt uses, () without apt. Whether one is of a distribution, it says itself."""
    try:
        listed = run_program(
            ["apt-get", "indextargets", "--no-release-info", "--format", "$(CREATED_BY) $(REPO_URI)"]
        )
    except Dock2nixError:
        return ()
    found = (line.split() for line in listed.splitlines())
    uris = (words[1].rstrip("/") for words in found if len(words) == 2 and words[0] == "Packages")
    return tuple(dict.fromkeys(uri for uri in uris if uri.startswith(("http://", "https://"))))


def machine_keyrings() -> Mapping[str, str]:
    """The keys that this machine has of the archives of each distribution, where Debian's packages put them."""
    places = {name: f"/usr/share/keyrings/{name}-archive-keyring.gpg" for name in _COMPONENTS}
    return {name: place for name, place in places.items() if Path(place).exists()}
