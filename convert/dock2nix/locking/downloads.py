"""Downloads by hash: each address is asked once, what it gives is compared with what the Dockerfile says, and looked into."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import replace

from dock2nix.commands.gpg import SIGNATURES
from dock2nix.commands.sha256sum import hashes_in, sri
from dock2nix.locking.kept_base import NoPuller
from dock2nix.model.downloads import FetchFile, FetchTree, Unpack, tree_key
from dock2nix.model.finding import Finding, Outcome, Severity
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from dock2nix.catalogue.base import Catalogue
    from dock2nix.locking.debs.archive import DebSources
    from dock2nix.locking.fetching import Downloaded, Fetcher
    from dock2nix.locking.kept_base import Puller
    from dock2nix.model.downloads import MachineCode, Programs
    from dock2nix.model.image import Effect
    from dock2nix.model.packages import SourceFile
    from dock2nix.model.source import Location
    from dock2nix.model.steps import Step

_OF_NIX = ("sha256", "sha512", "sha1")
_STRONG = ("sha256", "sha512")
_MOVING = regex(r"[/=](?:latest|master|main|HEAD|nightly|current|trunk|develop)(?=[/.\-]|$)")
_LARGEST_LIST = 16 * 2**20
# Who publishes machine code says in the address for which machines it is.
_OF_MACHINES = regex(
    r"(?:^|[^a-z])(?:aarch64|amd64|arm64|armv[678]\w*|linux(?:32|64)?|x64|x86|x86_64)(?![a-z])|\.(?:AppImage|deb|rpm|run|so)$",
    re.IGNORECASE,
)
_AGAIN = "convert again with network: what is pinned is kept"


class Pinned(Struct, frozen=True, kw_only=True):
    """What an earlier conversion wrote of a download: its hash, and what was found in it when somebody looked.

    Of a repository `rev` is the commit, and `submodules` says whether it has some.
    """

    hash: str
    programs: Programs | None = None
    rev: str = ""
    submodules: bool = False


def no_debs() -> DebSources:
    """Stands in where packages of distributions come from nowhere."""
    from dock2nix.locking.debs.archive import DebSources  # noqa: PLC0415 - few Dockerfiles need it
    from dock2nix.locking.fetching import NoFetcher  # noqa: PLC0415

    return DebSources(fetcher=NoFetcher("nothing was downloaded"), mirrors=())


class DownloadSources(Struct, frozen=True, kw_only=True):
    """What downloads, and what an earlier conversion pinned, by address (of a repository, with `#` and what was asked for).

    `debs` gives where packages of distributions come from. `exact` are sources by what was asked for (`apt:nginx=1.22.1-9`).
    `filled` are hashes of what many addresses give, by file of the flake, attribute and what they are of. `puller` asks for base
    images; `bases` is what one said of itself, by its address.
    """

    fetcher: Fetcher
    pinned: Mapping[str, Pinned] = field(default_factory=dict)
    filled: Mapping[tuple[str, str, str], str] = field(default_factory=dict)
    bases: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    puller: Puller = field(default_factory=lambda: NoPuller("no registry was asked"))
    debs: Callable[[], DebSources] = no_debs
    exact: Mapping[str, SourceFile] = field(default_factory=dict)

    def known(self, state: str) -> str:
        """The hash of what is told by a digest of what asks for it; "" when it is not known."""
        return next((found for (_, _, of), found in self.filled.items() if of == state), "") if state else ""


class LockedDownloads(Struct, frozen=True, kw_only=True):
    """The effects with hashes, and those of the builds' sources. `systems` are those that the machine code in them is for, () when it is for any."""

    effects: tuple[Effect, ...]
    origins: tuple[Effect, ...]
    systems: tuple[str, ...] = ()


def lock_downloads(
    effects: tuple[Effect, ...],
    origins: tuple[Effect, ...],
    systems: tuple[str, ...],
    catalogue: Catalogue,
    sources: Callable[[], DownloadSources],
) -> Outcome[LockedDownloads]:
    """The hash of everything that is downloaded.

    The Dockerfile's own hash comes first, then the one that an earlier conversion pinned, then that of what an address gives now.

    Args:
        effects: of the image, in order.
        origins: of the sources that builds take, whose machine code does not run in the image.
        systems: those that the flake is for.
        catalogue: for libraries that downloaded programs are linked to.
        sources: gives what downloads, when there is something to download.
    """
    files = tuple(_files((*effects, *origins)))
    if not files and not any(isinstance(effect, FetchTree) for effect in (*effects, *origins)):
        return Outcome(LockedDownloads(effects=effects, origins=origins))
    door = sources()
    urls = [url for one in files for url in (one.url, *(listing for listing, _ in one.listings))]
    lock = _Lock(door.fetcher, door.pinned, door.fetcher.fetch(urls), systems, catalogue)
    locked = LockedDownloads(
        effects=tuple(lock.effect(effect, in_image=True) for effect in effects),
        origins=tuple(lock.effect(effect, in_image=False) for effect in origins),
        systems=lock.only_for,
    )
    return Outcome(locked, tuple(dict.fromkeys(lock.findings)))


def _files(effects: Iterable[Effect]) -> Iterator[FetchFile]:
    for effect in effects:
        if isinstance(effect, FetchFile):
            yield effect
        elif isinstance(effect, Unpack) and effect.source:
            yield effect.source


def signature_remark(steps: Iterable[Step]) -> tuple[Finding, ...]:
    """One remark for all signatures that the Dockerfile has checked, at the first."""
    for step in steps:
        if step.reason == SIGNATURES:
            text = "dock2nix does not check signatures: the flake pins by its hash what was downloaded when it was converted"
            return (Finding(code="D2N243", message=text, location=step.location),)
    return ()


class _Lock(Struct):
    """What is known of the downloads, and what is to be said of them."""

    fetcher: Fetcher
    pinned: Mapping[str, Pinned]
    results: Mapping[str, Downloaded | str]
    systems: tuple[str, ...]
    catalogue: Catalogue
    findings: list[Finding] = field(default_factory=list)
    only_for: tuple[str, ...] = ()

    def effect(self, effect: Effect, *, in_image: bool) -> Effect:
        """An effect with what is known of its download; one that is not in the image is a build's source."""
        if isinstance(effect, FetchFile):
            return self.file(effect, None, in_image=in_image)
        if isinstance(effect, Unpack) and effect.source:
            return replace(effect, source=self.file(effect.source, effect, in_image=in_image))
        return self.tree(effect) if isinstance(effect, FetchTree) else effect

    def say(
        self, code: str, message: str, location: Location, hint: str = "", severity: Severity | None = None
    ) -> None:
        self.findings.append(
            Finding(code=code, message=message, location=location, hint=hint, severity_override=severity)
        )

    # --- files ---

    def file(self, effect: FetchFile, unpack: Unpack | None, *, in_image: bool) -> FetchFile:
        found = self.results[effect.url]
        if isinstance(found, str):
            return self.trusted(effect, unpack, found, in_image=in_image)
        self.compare(effect, found)
        if not effect.expected and _MOVING.search(effect.url):
            text = f"{effect.url}: what this address gives changes over time; the flake fetches what it gave now, or fails"
            self.say("D2N247", text, effect.location, "name a version in the address")
        programs = self.look_into(effect, unpack, found)
        return replace(
            effect,
            hash=self.chosen(effect, found),
            programs=programs,
            code=programs and self.code(effect, unpack, programs),
        )

    def trusted(self, effect: FetchFile, unpack: Unpack | None, reason: str, *, in_image: bool) -> FetchFile:
        """A file that nobody sees now: what an earlier conversion found in it holds as long as it has the same hash."""
        known = self.unseen(effect, reason)
        earlier = self.pinned.get(effect.url)
        programs = earlier.programs if earlier is not None and earlier.hash == known else None
        if programs is not None:
            return replace(effect, hash=known, programs=programs, code=self.code(effect, unpack, programs))
        if known and in_image and _OF_MACHINES.search(effect.url.partition("?")[0]):
            text = f"{effect.url}: whether it holds programs that need patching to run on Nix' libraries is not known, {reason}"
            self.say("D2N245", text, effect.location, _AGAIN, Severity.WARNING)
        return replace(effect, hash=known)

    def unseen(self, effect: FetchFile, reason: str) -> str:
        """The hash of a file that nobody here has seen."""
        kind = effect.expected.partition("-")[0]
        if kind in _STRONG:
            return effect.expected
        earlier = self.pinned.get(effect.url)
        if earlier is not None:
            return earlier.hash
        if kind in _OF_NIX:
            return effect.expected
        self.say("D2N241", f"{effect.url}: its hash is not known, {reason}", effect.location, _AGAIN)
        return ""

    def compare(self, effect: FetchFile, found: Downloaded) -> None:
        """With the Dockerfile's hash, and with the lists of hashes that were published beside it."""
        kind = effect.expected.partition("-")[0]
        actual = _sri_of(found, kind) if kind else ""
        if actual != effect.expected:
            text = f"{effect.url}: the Dockerfile says {effect.expected}, the address gives {actual}"
            self.say(
                "D2N242",
                text,
                effect.location,
                "nothing builds until the two agree: find out which one is right",
            )
        for url, algorithm in effect.listings:
            self.look_up(effect, found, url, algorithm)

    def look_up(self, effect: FetchFile, found: Downloaded, url: str, algorithm: str) -> None:
        listing = self.results[url]
        name = effect.url.partition("?")[0].rpartition("/")[2]
        listed = _listed(listing, name, algorithm) if not isinstance(listing, str) else None
        if listed is None:
            self.say(
                "D2N244", f"{effect.url}: {url} says nothing of it that could be compared", effect.location
            )
        elif listed != _sri_of(found, algorithm):
            text = f"{effect.url}: {url} says {listed}, the address gives {_sri_of(found, algorithm)}"
            self.say("D2N242", text, effect.location, "find out which one is right")

    def chosen(self, effect: FetchFile, found: Downloaded) -> str:
        """The hash to write: another one than that of what came, where that is what is promised."""
        kind, now = effect.expected.partition("-")[0], _sri_of(found, "sha256")
        differs = bool(kind) and _sri_of(found, kind) != effect.expected
        if kind in _STRONG or (differs and kind in _OF_NIX):
            return effect.expected
        if differs:
            return ""  # Nix knows no such hash; without any it builds nothing
        earlier = self.pinned.get(effect.url)
        if earlier is None or earlier.hash in {now, _sri_of(found, earlier.hash.partition("-")[0])}:
            return now
        text = f"{effect.url}: it gives {now} now, and was pinned as {earlier.hash}, which is kept"
        self.say(
            "D2N246", text, effect.location, "remove nix/report.json and convert again to take the new file"
        )
        return earlier.hash

    def look_into(self, effect: FetchFile, unpack: Unpack | None, found: Downloaded) -> Programs | None:
        """The programs of a download, None when it cannot be read."""
        from dock2nix.locking.machine_code import Unreadable, programs_in  # noqa: PLC0415 - downloads only

        try:
            return programs_in(found.path, unpack)
        except Unreadable as answer:
            text = f"{effect.url}: whether its programs run on Nix' libraries is not known, {answer}"
            self.say("D2N245", text, effect.location)
            return None

    def code(self, effect: FetchFile, unpack: Unpack | None, programs: Programs) -> MachineCode | None:
        """What the programs of a download need."""
        from dock2nix.locking.machine_code import code_of  # noqa: PLC0415 - downloads only

        mine = tuple(system for system in self.systems if system in programs.systems)
        if mine and mine != self.systems:
            self.restrict(effect, mine)
        code = code_of(programs, mine, self.catalogue)
        if programs.musl or (code and unpack and unpack.single):
            what = "is linked with musl's C library" if programs.musl else "is packed by itself"
            text = f"{effect.url}: its program {what} and is not patched, so it does not find its libraries"
            self.say(
                "D2N232", text, effect.location, "look for a static build of it, or for a package of nixpkgs"
            )
            return None
        if code is not None:
            self.tell(effect, code)
        return code

    def restrict(self, effect: FetchFile, systems: tuple[str, ...]) -> None:
        if systems != self.only_for:
            text = f"{effect.url}: its machine code is for {' and '.join(systems)}, so the flake is for that alone"
            self.say("D2N233", text, effect.location)
        self.only_for = tuple(one for one in systems if not self.only_for or one in self.only_for)

    def tell(self, effect: FetchFile, code: MachineCode) -> None:
        text = f"{effect.url}: its programs are patched to find Nix' libraries, which is not what its makers have tested"
        self.say("D2N245", text, effect.location)
        if code.missing:
            text = f"{effect.url}: no package of nixpkgs is known for {', '.join(code.missing)}, which its programs are linked to"
            self.say(
                "D2N232", text, effect.location, "check that it runs; add what is missing to `buildInputs`"
            )

    # --- repositories ---

    def tree(self, effect: FetchTree) -> FetchTree:
        from dock2nix.locking.repositories import Refused, revision  # noqa: PLC0415 - few Dockerfiles clone

        earlier = self.pinned.get(tree_key(effect))
        if earlier is not None and earlier.rev:
            return replace(effect, rev=earlier.rev, hash=earlier.hash, submodules=earlier.submodules)
        try:
            found = revision(effect, self.fetcher)
        except Refused as answer:
            self.say(
                "D2N241",
                f"{tree_key(effect)}: the hash of its files is not known, {answer}",
                effect.location,
                _AGAIN,
            )
            return effect
        return replace(effect, rev=found.rev, hash=found.hash, submodules=found.submodules)


def _sri_of(found: Downloaded, algorithm: str) -> str:
    """The hash of a download, SRI."""
    from dock2nix.locking.cache import digest_of  # noqa: PLC0415 - downloads only

    digest = found.sha256 if algorithm == "sha256" else digest_of(found.path, algorithm)
    return f"{algorithm}-{base64.b64encode(bytes.fromhex(digest)).decode()}"


def _listed(listing: Downloaded, name: str, algorithm: str) -> str | None:
    """The hash that a list gives for a file; one hash without a name is that of the only file beside it."""
    if listing.path.stat().st_size > _LARGEST_LIST:
        return None
    text = listing.path.read_text(encoding="utf-8", errors="replace")
    found = (digest for digest, listed in hashes_in(text) if listed.rpartition("/")[2] == name)
    alone = text.strip() if len(text) < 200 else ""
    digest = next(found, alone)
    return (sri(digest, algorithm) or None) if digest.isalnum() else None
