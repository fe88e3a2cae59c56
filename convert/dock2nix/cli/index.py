"""`dock2nix index build`, `update` and `info`."""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dock2nix.catalogue.index import PackageIndex
from dock2nix.folders import data_folder

if TYPE_CHECKING:
    import argparse

    from dock2nix.indexing.build import IndexReport


def info(options: argparse.Namespace) -> int:
    """Print what the index is made of."""
    data = PackageIndex.open().info()
    if options.json:
        sys.stdout.write(json.dumps(data, indent=2, sort_keys=True) + "\n")
        return 0
    for key, value in sorted(data.items()):
        sys.stdout.write(f"{key}: {json.dumps(value) if isinstance(value, (dict, list)) else value}\n")
    return 0


def build(options: argparse.Namespace) -> int:
    """Build the index anew, with a progress bar."""
    from dock2nix.cli.progress import progress_bar  # noqa: PLC0415 - rich is slow to import
    from dock2nix.indexing.build import build_index  # noqa: PLC0415 - needs the extra `index`

    pins = {} if options.renew else PackageIndex.open().info()["sources"]["debian"]
    with progress_bar() as progress:
        report = build_index(
            cache=options.cache,
            destination=options.destination or data_folder("mappings") / "index",
            debian_mirror=options.debian_mirror,
            progress=progress,
            pins=pins,
        )
    _tell(report)
    return 0


def update(options: argparse.Namespace) -> int:
    """Make an index of a channel in a folder of the user's, and say how it is put to use."""
    from dock2nix.cli.progress import progress_bar  # noqa: PLC0415 - rich is slow to import
    from dock2nix.indexing.update import Addresses, update_index  # noqa: PLC0415 - needs the extra `index`

    folder = options.output or _own_folder() / options.channel
    addresses = Addresses(
        channels=options.channels,
        archives=options.archives,
        nix_index=options.nix_index,
        nix_index_sha256=options.nix_index_sha256,
    )
    with progress_bar() as progress:
        report = update_index(
            options.channel,
            folder=folder,
            cache=options.cache,
            addresses=addresses,
            debian_mirror=options.debian_mirror,
            progress=progress,
        )
    _tell(report)
    sys.stdout.write(f"to use it: export DOCK2NIX_INDEX={shlex.quote(str(folder))}\n")
    return 0


def _own_folder() -> Path:
    """Where the user's data of this program are (XDG Base Directory Specification)."""
    data = os.environ.get("XDG_DATA_HOME", "")
    return (Path(data) if data.startswith("/") else Path.home() / ".local" / "share") / "dock2nix"


def _tell(report: IndexReport) -> None:
    for name, count in sorted(report.counts.items()):
        sys.stdout.write(f"{name}: {count} records, {report.sizes[name]} bytes\n")
    for note in report.notes:
        sys.stderr.write(f"note: {note}\n")
