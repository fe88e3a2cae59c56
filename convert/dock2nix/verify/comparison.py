"""Whether two images are the same to who runs them, whatever their dates, their layers and the hashes of their store paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.verify.accounts import compare_accounts
from dock2nix.verify.configuration import compare_config
from dock2nix.verify.difference import Difference
from dock2nix.verify.files import compare_commands, compare_files, files_below

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dock2nix.verify.image import Image


def compare(ours: Image, theirs: Image, paths: Iterable[str] = ()) -> tuple[Difference, ...]:
    """All differences of two images, in a fixed order; none when they are the same.

    Compared are the architecture, the configuration, users and groups, the commands on PATH by name, and the files below the
    working directories and at further paths: kind, content, mode, owner.

    Args:
        ours: an image.
        theirs: the one that it is held against.
        paths: absolute paths of files and folders to compare besides.
    """
    roots = comparable_paths((ours, theirs), paths)
    mine, others = files_below(ours, roots), files_below(theirs, roots)
    owners = frozenset(
        number for entry in (*mine.values(), *others.values()) for number in (entry.uid, entry.gid)
    )
    found = [*_architecture(ours, theirs), *compare_config(ours.config, theirs.config)]
    found += compare_accounts(ours, theirs, owners)
    found += compare_commands(ours, theirs)
    found += compare_files(mine, others)
    return tuple(found)


def comparable_paths(images: Iterable[Image], paths: Iterable[str]) -> tuple[str, ...]:
    """The working directories of images (but not the root) and further paths, sorted, none below another."""
    working = (str(image.config.get("WorkingDir") or "/") for image in images)
    wanted = sorted({path.rstrip("/") for path in (*working, *paths) if path.startswith("/")} - {""})
    kept: list[str] = []
    for path in wanted:
        if not any(path.startswith(f"{other}/") for other in kept):
            kept.append(path)
    return tuple(kept)


def _architecture(ours: Image, theirs: Image) -> tuple[Difference, ...]:
    if ours.architecture == theirs.architecture:
        return ()
    return (
        Difference(aspect="architecture", subject="", ours=ours.architecture, theirs=theirs.architecture),
    )
