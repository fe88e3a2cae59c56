"""`dock2nix check`: has the Dockerfile moved away from its flake?"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dock2nix.catalogue.local import LocalCatalogue
from dock2nix.cli.convert import conversion_options, overrides_file
from dock2nix.cli.documents import deliver
from dock2nix.cli.recorded import as_recorded
from dock2nix.cli.sources import read_source
from dock2nix.errors import UsageError
from dock2nix.output import read_earlier
from dock2nix.pipeline import convert
from dock2nix.report.data import report_object
from dock2nix.review.drift import Committed, Names, find_drift
from dock2nix.review.manifest import LARGEST, MANIFEST

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable

    from dock2nix.locking.downloads import DownloadSources
    from dock2nix.locking.node_locks import NodeLocker
    from dock2nix.pipeline import Conversion
    from dock2nix.review.manifest import Manifest


def run(options: argparse.Namespace) -> int:
    """Convert in memory, compare, print; 1 when Dockerfile and flake have moved apart. Nothing else is written."""
    folder = options.folder
    manifest = _manifest(folder)
    given = as_recorded(manifest.report, folder, options)
    conversion, dockerfile = _convert(given, folder)
    paths = {*manifest.digests, *conversion.files} - {MANIFEST}
    verdict = find_drift(
        Committed(manifest=manifest, files=_texts(folder, paths)),
        report_object(conversion.report),
        conversion.files,
        Names(dockerfile=dockerfile, context=_shown(given.context), flake=_shown(folder)),
    )
    colour = options.format == "text" and options.output is None and sys.stdout.isatty()
    form = _form(options.format)
    deliver(form(verdict, colour=True) if colour else form(verdict), options.output)
    return int(bool(verdict.drifts))


def _manifest(folder: Path) -> Manifest:
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder")
    manifest = read_earlier(folder)
    if not manifest.report:
        raise UsageError(f"{folder / MANIFEST}: is not there, or dock2nix did not write it: convert first")
    return manifest


def _convert(given: argparse.Namespace, folder: Path) -> tuple[Conversion, str]:
    """What a conversion would write now, and what to call the Dockerfile.

    Locks that are still right are kept, and none is made: what a new one would hold is not the question here.
    """
    given.python = "auto" if given.python == "lock" else given.python
    source = read_source(given.dockerfile, given.context)
    catalogue = LocalCatalogue(overrides=overrides_file(given.config, source.context))
    settings = conversion_options(given, source, catalogue)
    conversion = convert(
        source,
        settings,
        catalogue,
        node_locker=lambda: _node_locker(folder),
        downloads=lambda: _downloads(folder),
    )
    return conversion, _shown(source.file) if source.file else "Dockerfile"


def _node_locker(folder: Path) -> NodeLocker | None:
    from dock2nix.locking.npm import find_node_locker  # noqa: PLC0415 - few conversions need it

    return find_node_locker(offline=True, folder=folder)


def _downloads(folder: Path) -> DownloadSources:
    from dock2nix.cli.downloads import find_downloads  # noqa: PLC0415 - few Dockerfiles download

    return find_downloads(folder, offline=True, private=False, quiet=True)


def _texts(folder: Path, paths: Iterable[str]) -> dict[str, str | None]:
    return {path: _text(folder / path) for path in sorted(paths)}


def _text(path: Path) -> str | None:
    """A file's text; None when there is none, or when it leads elsewhere."""
    try:
        if path.is_symlink() or path.stat().st_size > LARGEST:
            return None
        return path.read_bytes().decode(errors="replace").replace("\r\n", "\n")
    except OSError:
        return None


def _shown(path: Path) -> str:
    """A path relative to the current folder, as annotations name it; "" is that folder itself."""
    relative = Path(os.path.relpath(path)).as_posix()
    return "" if relative == "." else relative


def _form(name: str) -> Callable[..., str]:
    from dock2nix.review import verdicts  # noqa: PLC0415

    forms: dict[str, Callable[..., str]] = {
        "text": verdicts.verdict_text,
        "github": verdicts.verdict_github,
        "json": verdicts.verdict_json,
        "sarif": verdicts.verdict_sarif,
    }
    return forms[name]
