"""`dock2nix lock [DIR]`: fills in hashes that a conversion left open, and renews them on request."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from dock2nix.cli.downloads import find_downloads
from dock2nix.emit.expression import nix_comment
from dock2nix.errors import UsageError
from dock2nix.output import read_earlier, replace_files
from dock2nix.report import PAGE
from dock2nix.review.fixed_outputs import ask_nix, nix_is_there
from dock2nix.review.refetch import Unfetched, address_of, fetch_again, names_of
from dock2nix.review.refill import Filled, refilled
from dock2nix.verify.hashes import HashPlace, hash_places, with_hashes
from dock2nix.verify.static import read_flake

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping


class _Open(Struct, frozen=True, kw_only=True):
    """A place whose hash stays unknown, and why."""

    place: HashPlace
    reason: str


def run(options: argparse.Namespace) -> int:
    """Fill in what can be known, say what it was; 1 when something stays open.

    Raises:
        UsageError: there is no conversion, or nothing in it has a name that is to be renewed.
    """
    earlier = read_earlier(options.folder)
    if not earlier.report:
        raise UsageError(
            f"{options.folder}: no nix/report.json of a conversion there; convert a Dockerfile first"
        )
    renewed = _renewed(options, earlier.report)
    if renewed and len(renewed) == len(options.update):
        return 0
    earlier = read_earlier(options.folder) if renewed else earlier
    before = {path: text for path, text in read_flake(options.folder).items() if path in earlier.digests}
    names = [name for name in options.update if name not in renewed]
    wanted = _wanted(hash_places(before), names, earlier.report)
    filled, left = _found(options, before, wanted, earlier.report)
    if filled:
        files = {
            path: with_hashes(
                text,
                [(one.place, f"{one.hash} {one.rev}".strip()) for one in filled if one.place.path == path],
            )
            for path, text in before.items()
            if any(one.place.path == path for one in filled)
        }
        replace_files(options.folder, refilled(files, before, earlier.report, filled))
        if PAGE in earlier.digests and not options.quiet:
            _say(f"{options.folder / PAGE}: shows the conversion as it was before; convert again to renew it")
    _tell(options, filled, left)
    return int(bool(left))


def _renewed(options: argparse.Namespace, report: dict[str, Any]) -> tuple[str, ...]:
    """Those of the names to be renewed that are Python distributions; they are locked anew."""
    if not options.update:
        return ()
    from dock2nix.cli.renewal import locked_names, renew  # noqa: PLC0415 - asked for seldom

    names = locked_names(options.folder, options.update)
    for text in renew(options, names, report) if names else ():
        if not options.quiet:
            _say(text)
    return names


def _wanted(
    places: tuple[HashPlace, ...], names: list[str], report: Mapping[str, Any]
) -> tuple[HashPlace, ...]:
    """The places without a hash, and those that are to be renewed."""
    known = {at: names_of(one, report) for at, one in enumerate(places)}
    strange = [name for name in names if not any(name in found for found in known.values())]
    if strange:
        shown = sorted({min(found, key=len) for found in known.values() if found})
        raise UsageError(
            f"--update {strange[0]}: nothing here is called so; there is {', '.join(shown) or 'nothing'}"
        )
    return tuple(one for at, one in enumerate(places) if not one.hash or not known[at].isdisjoint(names))


def _found(
    options: argparse.Namespace,
    files: Mapping[str, str],
    wanted: tuple[HashPlace, ...],
    report: Mapping[str, Any],
) -> tuple[list[Filled], list[_Open]]:
    """What is known by now: downloaded by ourselves where that is all it takes, else said by Nix."""
    fetcher = find_downloads(
        options.folder,
        offline=options.offline,
        private=options.allow_private_addresses,
        quiet=options.quiet,
    ).fetcher
    answers = [(one, fetch_again(one, fetcher, report)) for one in wanted]
    filled = [answer for _, answer in answers if isinstance(answer, Filled)]
    failed = [(one, answer) for one, answer in answers if isinstance(answer, Unfetched)]
    left = [_Open(place=one, reason=answer.reason) for one, answer in failed if answer.final]
    rest = [(one, answer.reason) for one, answer in failed if not answer.final]
    why_not = "--offline was given" if options.offline else "" if nix_is_there() else "Nix is not installed"
    if why_not:
        left += [
            _Open(place=one, reason=reason or f"only Nix can tell, and {why_not}") for one, reason in rest
        ]
        return filled, left
    for asked, (_, reason) in zip(
        ask_nix(options.folder, files, [one for one, _ in rest]), rest, strict=True
    ):
        if asked.hash:
            filled.append(Filled(place=asked.place, hash=asked.hash, address=address_of(asked.place, report)))
        else:
            left.append(_Open(place=asked.place, reason=" / ".join(filter(None, (reason, asked.problem)))))
    return filled, left


def _tell(options: argparse.Namespace, filled: list[Filled], left: list[_Open]) -> None:
    for failed in sorted(left, key=lambda one: (one.place.path, one.place.line)):
        where = f"{options.folder / failed.place.path}:{failed.place.line}"
        _say(f"{where}: error: {failed.place.attribute}: {failed.reason}")
    if options.quiet:
        return
    for one in sorted(filled, key=lambda one: (one.place.path, one.place.line)):
        _say(f"{options.folder / one.place.path}:{one.place.line}: {one.place.attribute} = {one.hash}")
    if not (filled or left):
        _say("every hash is filled in")


def _say(text: str) -> None:
    print(nix_comment(text), file=sys.stderr)  # noqa: T201 - this is the command line
