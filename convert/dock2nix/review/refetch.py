"""Downloads of a flake that has been written, made once more: what a call of a fetcher gives."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from dock2nix.emit.image import NO_DIGEST
from dock2nix.locking.repositories import Refused, revision
from dock2nix.model.downloads import FetchTree, tree_key
from dock2nix.model.source import Location
from dock2nix.review.refill import Filled

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dock2nix.locking.fetching import Fetcher
    from dock2nix.verify.hashes import HashPlace

_NOWHERE = Location(path="", first_line=1, last_line=1, first_column=1, last_column=1)
_OF_FILE = frozenset({"url", "hash", "name", "pname", "version", "hash?"})
_OF_TREE = frozenset({"url", "owner", "repo", "rev", "tag", "name", "hash", "hash?", "fetchSubmodules"})


class Unfetched(Struct, frozen=True):
    """Why there is no hash; `final`: Nix must not be asked either."""

    reason: str = ""
    final: bool = False


def fetch_again(place: HashPlace, fetcher: Fetcher, report: Mapping[str, Any]) -> Filled | Unfetched:
    """The hash of what one address gives now.

    Args:
        place: where it is to stand.
        fetcher: what downloads.
        report: nix/report.json as data: it knows which branch or tag a commit is of, and which downloads are not what they should be.
    """
    if "\\" in "".join(place.arguments.values()):
        return Unfetched()
    if place.function == "pullImage" and place.arguments.get("imageDigest") == NO_DIGEST:
        return Unfetched("its digest is not known: convert again where skopeo is installed", final=True)
    if place.function == "fetchurl" and set(place.arguments) <= _OF_FILE:
        return _file(place, fetcher, report)
    tree = _tree(place, report)
    return _revision(place, tree, fetcher) if tree else Unfetched()


def names_of(place: HashPlace, report: Mapping[str, Any]) -> frozenset[str]:
    """What a place may be called by on the command line: address, file, repository, package, the file of a stage."""
    tree = _tree(place, report)
    found = {place.arguments.get(name, "") for name in ("url", "repo", "pname", "name")}
    if place.arguments.get("owner"):
        found.add(f"{place.arguments['owner']}/{place.arguments.get('repo', '')}")
    if tree is not None:
        found |= {tree.url, tree_key(tree)}
    found |= {url.partition("?")[0].rstrip("/").rpartition("/")[2] for url in found if "://" in url}
    if not place.single:
        stem = place.path.rpartition("/")[2].removesuffix(".nix")
        last = (
            place.attribute.rpartition(".")[2]
            if '"' not in place.attribute
            else place.attribute.split('"')[-2]
        )
        found |= {stem, f"{stem}.{last}", *((last,) if '"' in place.attribute else ())}
    return frozenset(found - {"", "source"})


def address_of(place: HashPlace, report: Mapping[str, Any]) -> str:
    """The address of what a place is the hash of, as the report has it; "" for what many addresses give."""
    tree = _tree(place, report)
    if tree is not None:
        return tree_key(tree)
    return place.arguments.get("url", "") if place.function == "fetchurl" else ""


def _file(place: HashPlace, fetcher: Fetcher, report: Mapping[str, Any]) -> Filled | Unfetched:
    url = place.arguments.get("url", "")
    wrong = next((row for row in _rows(report, "findings") if _is_wrong(row, url)), None)
    if wrong is not None:
        return Unfetched(
            f"{url}: it is not what the Dockerfile says; find out which one is right", final=True
        )
    found = fetcher.fetch((url,))[url]
    if isinstance(found, str):
        return Unfetched(f"{url}: {found}")
    sri = f"sha256-{base64.b64encode(bytes.fromhex(found.sha256)).decode()}"
    return Filled(place=place, hash=sri, address=url)


def _is_wrong(row: Mapping[str, Any], url: str) -> bool:
    return row.get("code") == "D2N242" and str(row.get("message")).startswith(f"{url}: ")


def _tree(place: HashPlace, report: Mapping[str, Any]) -> FetchTree | None:
    """The repository that a call fetches, at the branch or tag that was asked for if the report tells."""
    given = place.arguments
    if not set(given) <= _OF_TREE or not (given.get("rev") or given.get("tag")):
        return None
    if place.function == "fetchFromGitHub" and given.get("owner") and given.get("repo"):
        url, submodules = f"https://github.com/{given['owner']}/{given['repo']}", False
    elif place.function == "fetchgit" and given.get("url"):
        url, submodules = given["url"], True
    else:
        return None
    submodules = given["fetchSubmodules"] == "true" if "fetchSubmodules" in given else submodules
    rev = given.get("tag") or given["rev"]
    asked = dict(_asked(report)).get((_plain(url), rev)) or f"{url}#{rev}"
    address, _, ref = asked.partition("#")
    return FetchTree(path="/", url=address, ref=ref, submodules=submodules, location=_NOWHERE, text="")


def _asked(report: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], str]]:
    """What was asked for, by repository and by the commit, branch or tag that stands in the flake."""
    for row in _rows(report, "fetched"):
        address, _, ref = str(row.get("url")).partition("#")
        yield (_plain(address), str(row.get("rev") or ref)), str(row.get("url"))
    for row in _rows(report, "findings"):
        if row.get("code") == "D2N241":
            key = str(row.get("message")).partition(": ")[0]
            address, _, ref = key.partition("#")
            yield (_plain(address), ref or "HEAD"), key


def _plain(url: str) -> str:
    return url.rstrip("/").removesuffix(".git").replace("://www.", "://", 1)


def _revision(place: HashPlace, tree: FetchTree, fetcher: Fetcher) -> Filled | Unfetched:
    try:
        found = revision(tree, fetcher)
    except Refused as answer:
        return Unfetched(f"{tree_key(tree)}: {answer}")
    return Filled(place=place, hash=found.hash, address=tree_key(tree), rev=found.rev)


def _rows(report: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = report.get(name)
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
