"""A conversion in memory, for the commands that look at it and write no flake."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from msgspec import Struct

from dock2nix.catalogue.local import LocalCatalogue
from dock2nix.cli.convert import conversion_options, overrides_file
from dock2nix.cli.sources import read_source
from dock2nix.pipeline import convert

if TYPE_CHECKING:
    from pathlib import Path

    from dock2nix.catalogue.base import Catalogue
    from dock2nix.locking.base import Locker
    from dock2nix.locking.node_locks import NodeLocker
    from dock2nix.pipeline import Conversion, Options, Source


class Converted(Struct, frozen=True, kw_only=True):
    """A Dockerfile, what it was converted with, and the result."""

    source: Source
    options: Options
    catalogue: Catalogue
    conversion: Conversion


def converted(options: argparse.Namespace) -> Converted:
    """Convert as `dock2nix convert` would with the same options beside the Dockerfile, and write nothing.

    Raises:
        Dock2nixError: as for `convert`.
    """
    # `--output` is the file of the report here; locks of an earlier conversion are looked for in the build context.
    beside = argparse.Namespace(**{**vars(options), "output": None})
    source = read_source(options.dockerfile, options.context)
    catalogue = LocalCatalogue(overrides=overrides_file(options.config, source.context))
    settings = conversion_options(beside, source, catalogue)
    conversion = convert(
        source,
        settings,
        catalogue,
        lambda: _locker(offline=options.offline),
        lambda: _node_locker(source.context, offline=options.offline),
    )
    return Converted(source=source, options=settings, catalogue=catalogue, conversion=conversion)


def _locker(*, offline: bool) -> Locker:
    from dock2nix.locking.uv import find_locker  # noqa: PLC0415 - few conversions need it

    return find_locker(offline=offline)


def _node_locker(folder: Path, *, offline: bool) -> NodeLocker | None:
    from dock2nix.locking.npm import find_node_locker  # noqa: PLC0415 - few conversions need it

    return find_node_locker(offline=offline, folder=folder)
