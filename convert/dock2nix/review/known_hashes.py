"""Hashes of what many addresses give, kept from one conversion to the next while what they are of is the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dock2nix.report.model import HashRow
from dock2nix.verify.hashes import fill_in, hash_places

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from dock2nix.model.finding import Finding

# What `lib.fakeHash` and the comments that say what a hash is for look like.
_SIGNS = ("lib.fake", " # for ")
_UNKNOWN = "D2N310"


class Kept(Struct, frozen=True, kw_only=True):
    """Files with the hashes that are known, all such hashes for the report, and the findings that are still true."""

    files: Mapping[str, str]
    hashes: tuple[HashRow, ...]
    findings: tuple[Finding, ...]


def keep_hashes(
    files: Mapping[str, str],
    findings: tuple[Finding, ...],
    known: Callable[[], Mapping[tuple[str, str, str], str]],
) -> Kept:
    """Fill in what an earlier conversion, or `dock2nix lock` after it, knew.

    Args:
        files: as generated, relative path → text.
        findings: what there is to say so far.
        known: gives the hashes by file, attribute and what they are of; asked only when there is one to fill in.
    """
    if not any(
        path.endswith(".nix") and any(sign in text for sign in _SIGNS) for path, text in files.items()
    ):
        return Kept(files=files, hashes=(), findings=findings)
    done = fill_in(files, known())
    places = [one for one in hash_places(done) if not one.single]
    still = {one.path for one in places if not one.hash}
    return Kept(
        files=done,
        hashes=tuple(
            HashRow(file=one.path, line=one.line, attribute=one.attribute, of=one.of, hash=one.hash)
            for one in places
        ),
        findings=tuple(_true(findings, still)),
    )


def _true(findings: Iterable[Finding], still: set[str]) -> Iterable[Finding]:
    return (one for one in findings if one.code != _UNKNOWN or one.message.partition(": ")[0] in still)
