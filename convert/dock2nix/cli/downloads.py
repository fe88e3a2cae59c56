"""What `dock2nix convert` downloads with, and what an earlier run has pinned."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from msgspec import ValidationError, convert

from dock2nix.cli.progress import progress_bar
from dock2nix.locking.cache import DownloadCache, cache_folder
from dock2nix.locking.downloads import DownloadSources, Pinned
from dock2nix.locking.fetching import CachedFetcher, HttpFetcher
from dock2nix.locking.skopeo import find_puller
from dock2nix.model.downloads import Programs
from dock2nix.model.packages import SourceFile, SriHash
from dock2nix.network import Limits

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dock2nix.locking.debs.archive import DebSources
    from dock2nix.locking.fetching import Fetcher

_LARGEST_REPORT = 64 * 2**20
_HASH = re.compile(r"sha(?:1|256|512)-[A-Za-z0-9+/]+={0,2}")
_REV = re.compile(r"[0-9a-f]{40}")


def find_downloads(
    folder: Path, *, offline: bool, private: bool, quiet: bool, mirrors: tuple[str, ...] = ()
) -> DownloadSources:
    """Downloads over the network, or out of the cache alone, and what was pinned.

    Args:
        folder: where the files of an earlier conversion are.
        offline: open no connection.
        private: addresses of this machine and of private networks may be asked.
        quiet: no progress bar.
        mirrors: archives of Debian and Ubuntu; () for those that apt uses on this machine.
    """
    cache = DownloadCache(cache_folder())
    fetcher: Fetcher = HttpFetcher(
        cache=cache, limits=Limits(private=private), watch=lambda: progress_bar(quiet=quiet)
    )
    if offline:
        fetcher = CachedFetcher(cache, "--offline was given and it was not downloaded before")
    report = _older_report(folder)
    return DownloadSources(
        fetcher=fetcher,
        pinned=_pins(report),
        filled=_filled(report),
        bases=_bases(report),
        puller=find_puller(offline=offline),
        exact=_exact(report),
        debs=lambda: find_debs(mirrors, offline=offline, quiet=quiet),
    )


def find_debs(mirrors: tuple[str, ...], *, offline: bool, quiet: bool) -> DebSources:
    """Where packages of Debian and Ubuntu come from: the archives that are named, else those that apt uses on this machine.

    Args:
        mirrors: the addresses of archives.
        offline: open no connection.
        quiet: no progress bar.
    """
    from dock2nix.locking.debs.archive import (  # noqa: PLC0415 - few conversions need it
        DebSources,
        machine_keyrings,
        machine_mirrors,
    )

    cache = DownloadCache(cache_folder())
    fetcher: Fetcher = HttpFetcher(
        cache=cache, limits=Limits(private=True), watch=lambda: progress_bar(quiet=quiet)
    )
    if offline:
        fetcher = CachedFetcher(cache, "--offline was given and it was not downloaded before")
    named = tuple(dict.fromkeys(mirror.rstrip("/") for mirror in mirrors))
    return DebSources(fetcher=fetcher, mirrors=named or machine_mirrors(), keyrings=machine_keyrings())


def _older_report(folder: Path) -> Mapping[str, Any]:
    """The nix/report.json of an earlier conversion; empty when it cannot be read."""
    path = folder / "nix/report.json"
    try:
        text = path.read_text(encoding="utf-8") if path.stat().st_size <= _LARGEST_REPORT else ""
        data = json.loads(text) if text else {}
    except (OSError, ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _rows(report: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = report.get(name)
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def _pins(report: Mapping[str, Any]) -> Mapping[str, Pinned]:
    """What it says of downloads, by address."""
    return {str(row["url"]): _pinned(row) for row in _rows(report, "fetched") if _is_row(row)}


def _filled(report: Mapping[str, Any]) -> Mapping[tuple[str, str, str], str]:
    """What it says of the hashes of what many addresses give."""
    return {
        (str(row.get("file")), str(row.get("attribute")), str(row.get("of"))): str(row["hash"])
        for row in _rows(report, "hashes")
        if _HASH.fullmatch(str(row.get("hash")))
    }


def _bases(report: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """What it says of the base image that was kept, by its address."""
    found = report.get("base")
    return {str(found.get("url")): found} if isinstance(found, dict) else {}


def _exact(report: Mapping[str, Any]) -> Mapping[str, SourceFile]:
    """What it says of the sources of versions that were asked for."""
    found: dict[str, SourceFile] = {}
    for row in _rows(report, "requirements"):
        url, sri, version = row.get("source"), row.get("hash"), row.get("version")
        key = f"{row.get('manager')}:{row.get('name')}{row.get('specifier')}"
        if isinstance(url, str) and isinstance(sri, str) and isinstance(version, str) and url:
            with suppress(ValueError):
                found[key] = SourceFile(version=version, url=url, hash=SriHash(sri))
    return found


def _is_row(row: Mapping[str, Any]) -> bool:
    if not isinstance(row.get("url"), str):
        return False
    known = isinstance(row.get("hash"), str) and _HASH.fullmatch(row["hash"]) is not None
    return known and (not row.get("rev") or _REV.fullmatch(str(row["rev"])) is not None)


def _pinned(row: Mapping[str, Any]) -> Pinned:
    return Pinned(
        hash=str(row["hash"]),
        rev=str(row.get("rev", "")),
        submodules=row.get("submodules") is True,
        programs=_programs(row.get("programs")),
    )


def _programs(row: object) -> Programs | None:
    """What it says of machine code; nothing of it becomes Nix, but by way of the catalogue."""
    try:
        return convert(row, Programs) if isinstance(row, dict) else None
    except ValidationError:
        return None
