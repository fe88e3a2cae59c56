"""The index of a channel: the same tables as the bundled ones, of what the channel has now, with its revision as the pin."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dock2nix.catalogue.index import PackageIndex
from dock2nix.catalogue.mappings import Mappings
from dock2nix.catalogue.overrides import TABLES
from dock2nix.folders import data_folder
from dock2nix.indexing.build import IndexReport, Upstream, build_index
from dock2nix.indexing.channel import Pin, fetch_channel, fetch_pin
from dock2nix.indexing.downloads import fetch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    Progress = Callable[[str, int, int], None]

# What rows may name without its being a package.
_OF_STDENV = frozenset({"stdenv.cc", "stdenv.cc.cc"})
_MOST_NAMED = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where things are: channels and archives of revisions without the name, a nix-index file ("" for the pinned one)."""

    channels: str
    archives: str
    nix_index: str = ""
    nix_index_sha256: str = ""


def update_index(
    channel: str,
    *,
    folder: Path,
    cache: Path,
    addresses: Addresses,
    debian_mirror: str | None = None,
    progress: Progress,
) -> IndexReport:
    """Make an index of a channel as it is now. Nothing is written to `folder` before everything has come and is right.

    Args:
        channel: its name, `nixos-25.11`.
        folder: for `index/` and `pins.toml`.
        cache: for downloads.
        addresses: where to download from.
        debian_mirror: the address of a Debian archive; None for the one that apt on this machine uses.
        progress: told (what, done, all) now and then.

    Returns:
        Sizes, counts and remarks, also on rows of ours that name what the channel does not have.

    Raises:
        NetworkError, NixError: something could not be downloaded.
        Dock2nixError: a file is not the one expected.

    """
    cache.mkdir(parents=True, exist_ok=True)
    fetched = fetch_channel(channel, addresses.channels.rstrip("/"), cache, progress)
    pins = _bundled_pins()
    pin = _known(pins, channel, fetched.revision)
    pin = pin or fetch_pin(fetched.revision, addresses.archives.rstrip("/"), cache, progress)
    database = _database(addresses, cache, progress)
    report = build_index(
        cache=cache,
        destination=folder / "index",
        debian_mirror=debian_mirror,
        progress=progress,
        upstream=Upstream(database=database, channel=fetched),
    )
    (folder / "pins.toml").write_text(pins_text(pins, channel, pin), "utf-8")
    notes = () if database else ("which files packages hold is from the pinned nix-index: it may be older",)
    return replace(report, notes=(*report.notes, *notes, *_missing(folder)))


def _database(addresses: Addresses, cache: Path, progress: Progress) -> Path | None:
    if not addresses.nix_index:
        return None
    target = cache / "newer.nix-index"
    fetch(addresses.nix_index, target, progress, sha256=addresses.nix_index_sha256)
    return target


def _bundled_pins() -> dict[str, dict[str, str | int]]:
    with (data_folder("mappings") / "pins.toml").open("rb") as file:
        pins: dict[str, dict[str, str | int]] = tomllib.load(file)["channels"]
    return pins


def _known(pins: Mapping[str, Mapping[str, str | int]], channel: str, revision: str) -> Pin | None:
    """The pin of a channel that does not move any more."""
    row = pins.get(channel, {})
    if row.get("rev") != revision:
        return None
    return Pin(rev=revision, nar_hash=str(row["narHash"]), last_modified=int(row["lastModified"]))


def pins_text(pins: Mapping[str, Mapping[str, str | int]], channel: str, pin: Pin) -> str:
    """A `pins.toml` with `channel` as the one that the index describes.

    Args:
        pins: the rows of other channels.
        channel: its name.
        pin: its row.
    """
    own: dict[str, str | int] = {
        "rev": pin.rev,
        "narHash": pin.nar_hash,
        "lastModified": pin.last_modified,
    }
    lines = ["# Made by `dock2nix index update`.", "", f'index = "{channel}"']
    for name, row in sorted({**pins, channel: own}.items()):
        values = (
            f'{key} = "{value}"' if isinstance(value, str) else f"{key} = {value}"
            for key, value in row.items()
        )
        lines += ["", f'[channels."{name}"]', *values]
    return "\n".join(lines) + "\n"


def _missing(folder: Path) -> Iterator[str]:
    """Rows of ours whose attribute is not in the new index: conversions would name what is not there."""
    index, mappings = PackageIndex.open(folder), Mappings.load()
    for table in TABLES:
        names = [
            name
            for name in mappings.names(table)
            if (row := mappings.curated(table, name)) is not None and not (row.unfree or row.unindexed)
            if any(path not in _OF_STDENV and index.attribute(path) is None for path, _ in row.attributes)
        ]
        if names:
            more = ", …" if len(names) > _MOST_NAMED else ""
            yield f"{table}.toml: {len(names)} rows name what it does not have: {', '.join(names[:_MOST_NAMED])}{more}"
