"""`dock2nix sbom Dockerfile`: the bill of materials of the image, from plan and locks, before any build."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dock2nix.cli.conversions import converted
from dock2nix.cli.documents import deliver
from dock2nix.errors import UsageError
from dock2nix.parse.context import BuildContext
from dock2nix.sbom.inventory import take_inventory

if TYPE_CHECKING:
    import argparse

    from dock2nix.sbom.model import Inventory

_LATEST = 253_402_300_799  # the last second of the year 9999


def run(options: argparse.Namespace) -> int:
    """Print or write the bill of materials; 1 when something that is asked for is not in it, since it is unresolved."""
    epoch = source_date_epoch()
    done = converted(options)
    context = BuildContext.read(done.source.context, done.source.file)
    files = done.conversion.files

    def read(path: str) -> str | None:
        return files.get(path) or context.read_context_file(path)

    inventory = take_inventory(done.conversion.report, done.catalogue, read)
    deliver(_text(inventory, options.format, epoch), options.output)
    return int(bool(inventory.unresolved))


def source_date_epoch() -> int | None:
    """The time that reproducible builds name (reproducible-builds.org), None when there is none.

    Raises:
        UsageError: it is no number of seconds.
    """
    text = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or int(text) > _LATEST:
        raise UsageError(f"SOURCE_DATE_EPOCH={text}: expected seconds since 1970")
    return int(text)


def _text(inventory: Inventory, form: str, epoch: int | None) -> str:
    # The libraries take longer to load than all else takes to run.
    try:
        if form == "spdx":
            from dock2nix.sbom.spdx import spdx_json  # noqa: PLC0415

            return spdx_json(inventory, epoch)
        from dock2nix.sbom.cyclonedx import cyclonedx_json  # noqa: PLC0415

        return cyclonedx_json(inventory, epoch)
    except ImportError as error:
        message = f"`dock2nix sbom` needs {error.name}: install it by `pip install 'dock2nix[sbom]'`"
        raise UsageError(message) from error
