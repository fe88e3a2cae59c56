"""`dock2nix [convert] Dockerfile`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from dock2nix.catalogue.local import LocalCatalogue
from dock2nix.cli.recorded import recorded_options
from dock2nix.cli.sources import build_arguments, image_name, read_source, shown_name
from dock2nix.errors import UsageError
from dock2nix.locking.base import OFFLINE
from dock2nix.output import write_files
from dock2nix.pipeline import Options, convert
from dock2nix.plan import SYSTEMS, ImageSettings
from dock2nix.regex import regex
from dock2nix.report.data import report_text
from dock2nix.report.terminal import summary

if TYPE_CHECKING:
    import argparse
    import re
    from pathlib import Path

    from dock2nix.catalogue.base import Catalogue
    from dock2nix.locking.base import Locker
    from dock2nix.locking.downloads import DownloadSources
    from dock2nix.locking.node_locks import NodeLocker
    from dock2nix.output import Written
    from dock2nix.pipeline import Conversion, Source

_LARGEST_LOCK = 16 * 2**20
_NAME = regex(r"[a-z0-9]+(?:[._/:-]+[a-z0-9]+)*")
_TAG = regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")


def run(options: argparse.Namespace) -> int:
    """Convert, write, sum up; 1 when something needs a human."""
    source = read_source(options.dockerfile, options.context)
    catalogue = LocalCatalogue(overrides=overrides_file(options.config, source.context))
    settings = conversion_options(options, source, catalogue)
    conversion = convert(
        source,
        settings,
        catalogue,
        lambda: _locker(offline=options.offline),
        lambda: _node_locker(options.output or source.context, offline=options.offline),
        lambda: _downloads(options, options.output or source.context),
    )
    folder = options.output or source.context
    written = write_files(folder, conversion.files, force=options.force)
    _tell(options, conversion)
    tell_hand_edits(folder, written, quiet=options.quiet)
    return int(conversion.report.needs_review or bool(written.conflicts))


def overrides_file(given: Path | None, context: Path) -> Path | None:
    """The user's own mappings: the file given, else dock2nix.toml in the context when there is one."""
    if given is not None:
        if not given.is_file():
            raise UsageError(f"{given}: no such file")
        return given
    beside = context / "dock2nix.toml"
    return beside if beside.is_file() else None


def conversion_options(options: argparse.Namespace, source: Source, catalogue: Catalogue) -> Options:
    """The arguments as options of the pipeline.

    Raises:
        UsageError: a name, tag, platform or channel that cannot be used.
    """
    name = options.name or image_name(source.context)
    _check(name, _NAME, "--name", "lower-case letters and digits, with . _ - / between them")
    _check(options.tag, _TAG, "--tag", "letters, digits, . _ and -")
    if options.keep_base and options.image_builder == "buildImage":
        raise UsageError(
            "--keep-base: buildImage cannot express it: the base's files have owners of their own"
        )
    if options.platform and options.platform not in SYSTEMS:
        raise UsageError(f"--platform {options.platform}: expected one of {', '.join(sorted(SYSTEMS))}")
    debs = older_lock(options.output or source.context, "nix/debs.json")
    # Commands that only look at a conversion have no such option: they go by the lock that is there.
    fallback = getattr(options, "fallback", "deb" if debs else "none")
    return Options(
        target=options.target,
        build_arguments=build_arguments(options.build_arg),
        platform=options.platform,
        image=ImageSettings(
            name=name,
            tag=options.tag,
            builder=options.image_builder,
            platform=options.platform,
            channel=_channel(options, catalogue),
            dockerfile=shown_name(source),
            keep_base=options.keep_base,
        ),
        strict=options.strict,
        python=options.python,
        python_lock=older_lock(options.output or source.context),
        pin="exact" if getattr(options, "pin", "index") == "exact" else "",
        fallback="deb" if fallback == "deb" else "",
        deb_lock=debs,
        recorded=recorded_options(options, source),
        page=getattr(options, "html", False),
    )


def _locker(*, offline: bool) -> Locker:
    if offline:
        return OFFLINE
    from dock2nix.locking.uv import find_locker  # noqa: PLC0415 - few conversions need it

    return find_locker(offline=offline)


def _node_locker(folder: Path, *, offline: bool) -> NodeLocker | None:
    from dock2nix.locking.npm import find_node_locker  # noqa: PLC0415 - few conversions need it

    return find_node_locker(offline=offline, folder=folder)


def _downloads(options: argparse.Namespace, folder: Path) -> DownloadSources:
    from dock2nix.cli.downloads import find_downloads  # noqa: PLC0415 - few conversions need it

    return find_downloads(
        folder,
        offline=options.offline,
        private=options.allow_private_addresses,
        mirrors=tuple(options.debian_mirror),
        quiet=options.quiet or options.json,
    )


def older_lock(folder: Path, name: str = "nix/pylock.toml") -> str:
    """The text of a lock of an earlier conversion; "" when there is none that can be read."""
    path = folder / name
    try:
        return path.read_text(encoding="utf-8") if path.stat().st_size <= _LARGEST_LOCK else ""
    except (OSError, ValueError):
        return ""


def _check(value: str, pattern: re.Pattern[str], option: str, expected: str) -> None:
    if not pattern.fullmatch(value):
        raise UsageError(f"{option} {value}: expected {expected}")


def _channel(options: argparse.Namespace, catalogue: Catalogue) -> str:
    if not options.nixpkgs:
        return str(options.channel)
    for channel in ("", *catalogue.channels()):
        if catalogue.pin(channel).rev == options.nixpkgs:
            return channel
    raise UsageError(
        f"--nixpkgs {options.nixpkgs}: not among the pinned revisions (see `dock2nix index info`)"
    )


def tell_hand_edits(folder: Path, written: Written, *, quiet: bool) -> None:
    """Say on standard error which files keep hand edits, and where two versions of the same lines await a decision."""
    for path, line in written.conflicts:
        print(f"{folder / path}:{line}: error: conflict: your edit and the new conversion", file=sys.stderr)  # noqa: T201
    if quiet:
        return
    for path in written.edited:
        print(f"{folder / path}: your edits are kept", file=sys.stderr)  # noqa: T201 - this is the command line
    for path in written.left:
        print(f"{folder / path}: no longer needed; stays, since you have edited it", file=sys.stderr)  # noqa: T201


def _tell(options: argparse.Namespace, conversion: Conversion) -> None:
    if options.json:
        sys.stdout.write(report_text(conversion.report))
    elif not options.quiet:
        colour = sys.stderr.isatty()
        sys.stderr.write(summary(conversion.report, colour=colour, verbose=options.verbose))
