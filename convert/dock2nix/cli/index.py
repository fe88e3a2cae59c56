"""`dock2nix index build` and `dock2nix index info`."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from dock2nix.catalogue.index import PackageIndex
from dock2nix.folders import data_folder

if TYPE_CHECKING:
    import argparse


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

    with progress_bar() as progress:
        build_index(
            cache=options.cache,
            destination=options.destination or data_folder("mappings") / "index",
            debian_mirror=options.debian_mirror,
            progress=progress,
        )
    return info(options) if hasattr(options, "json") else 0
