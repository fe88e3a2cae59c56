"""`dock2nix lock --update NAME` for a distribution of nix/pylock.toml: the newest version that fits, the others as they are."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from dock2nix.catalogue.local import LocalCatalogue
from dock2nix.cli.convert import conversion_options, older_lock, overrides_file
from dock2nix.cli.downloads import find_downloads
from dock2nix.cli.recorded import as_recorded
from dock2nix.cli.sources import read_source
from dock2nix.errors import UsageError
from dock2nix.locking.npm import find_node_locker
from dock2nix.locking.pylock import read_lock, write_lock
from dock2nix.locking.uv import find_locker
from dock2nix.output import write_files
from dock2nix.parse.requirements import normalized_name
from dock2nix.pipeline import convert

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from dock2nix.model.python_lock import PythonLock
    from dock2nix.pipeline import Conversion

_AGAIN = "convert it again, which makes a new lock"


def locked_names(folder: Path, names: Iterable[str]) -> tuple[str, ...]:
    """Those of some names that are distributions of the flake's lock."""
    lock = read_lock(older_lock(folder))
    known = {one.name for one in lock.distributions} if lock else set()
    return tuple(name for name in names if normalized_name(name) in known)


def renew(options: Namespace, names: tuple[str, ...], report: dict[str, Any]) -> tuple[str, ...]:
    """Lock anew, and write what that changes.

    The index is asked for these distributions as if nothing had been known of them; every other one keeps its version unless the
    new ones ask for another.

    Args:
        options: the arguments of `lock`.
        names: distributions of the lock.
        report: nix/report.json, for the way in which was converted.

    Returns:
        What has changed, in words.

    Raises:
        UsageError: the Dockerfile or what it asks for has changed since, or there is no lock now.
        NetworkError: the index could not be asked.
    """
    before = read_lock(older_lock(options.folder))
    if before is None:
        raise UsageError(f"{options.folder}/nix/pylock.toml: it cannot be read; {_AGAIN}")
    chosen = {normalized_name(name) for name in names}
    kept = tuple(one for one in before.distributions if one.name not in chosen)
    conversion = _converted(options, report, write_lock(replace(before, distributions=kept, request="")))
    after = conversion.report.plan.python.lock if conversion.report.plan.python else None
    if after is None:
        told = (one.message for one in conversion.report.findings if one.code == "D2N231")
        raise UsageError(next(told, "no lock is needed any more"))
    if after.request != before.request:
        raise UsageError(f"{options.folder}: what the Dockerfile asks for has changed since; {_AGAIN}")
    written = write_files(options.folder, conversion.files, force=False)
    if written.conflicts:
        raise UsageError(f"{options.folder}: files that were edited by hand have conflicts now")
    return tuple(_changes(before, after, chosen))


def _converted(options: Namespace, report: dict[str, Any], previous: str) -> Conversion:
    folder = options.folder
    asked = Namespace(dockerfile=None, context=None, config=None, build_arg=[], offline=options.offline)
    given = as_recorded(report, folder, asked)
    source = read_source(given.dockerfile, given.context)
    catalogue = LocalCatalogue(overrides=overrides_file(given.config, source.context))
    settings = conversion_options(given, source, catalogue)
    return convert(
        source,
        replace(settings, python_lock=previous),
        catalogue,
        lambda: find_locker(offline=options.offline),
        lambda: find_node_locker(offline=options.offline, folder=folder),
        lambda: find_downloads(
            folder, offline=options.offline, private=options.allow_private_addresses, quiet=options.quiet
        ),
    )


def _changes(before: PythonLock, after: PythonLock, chosen: set[str]) -> Iterator[str]:
    old = {one.name: one.version for one in before.distributions}
    new = {one.name: one.version for one in after.distributions}
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            yield f"{name}: {old.get(name, 'new')} -> {new.get(name, 'gone')}"
        elif name in chosen:
            yield f"{name}: {old[name]} is the newest that fits"
