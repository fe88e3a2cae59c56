"""`dock2nix diff`: two conversions, as a reviewer wants to read it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from dock2nix.cli.documents import deliver
from dock2nix.cli.revisions import compared_flakes
from dock2nix.errors import UsageError
from dock2nix.output import read_earlier
from dock2nix.review.difference import difference
from dock2nix.review.manifest import MANIFEST, NOTHING

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from dock2nix.review.difference import Difference
    from dock2nix.review.manifest import Manifest


def run(options: argparse.Namespace) -> int:
    """Print or write what differs; 0 whether or not anything does."""
    if options.git:
        found = [difference(*one) for one in compared_flakes(options.git, options.folders)]
    else:
        found = [_of_folders(options.folders)]
    deliver(_text(found, options), options.output)
    return 0


def _of_folders(folders: list[Path]) -> Difference:
    if len(folders) != 2:
        raise UsageError("diff: expected two folders, OLD and NEW, or --git BASE..HEAD")
    old, new = map(_read, folders)
    image = new.report.get("image")
    name = image.get("name") if isinstance(image, dict) else None
    return difference(name if isinstance(name, str) and name else folders[1].name or "flake", old, new)


def _read(folder: Path) -> Manifest:
    if folder.is_file() and folder.as_posix().endswith(MANIFEST):
        folder = folder.parent.parent
    found = read_earlier(folder)
    if found is NOTHING:
        raise UsageError(f"{folder / MANIFEST}: is not there, or dock2nix did not write it")
    return found


def _text(found: list[Difference], options: argparse.Namespace) -> str:
    from dock2nix.review import shown  # noqa: PLC0415 - each form when it is asked for

    if options.format == "markdown":
        return shown.differences_markdown(found)
    if options.format == "json":
        return shown.differences_json(found)
    colour = options.output is None and sys.stdout.isatty()
    changed = [one for one in found if not one.is_empty]
    if not changed:
        return "Nothing differs.\n"
    return "\n".join(shown.difference_text(one, colour=colour, everything=options.all) for one in changed)
