"""Reads the tag of a base image: `3.12-slim-bookworm` is version 3.12, variant slim, release bookworm of Debian."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dock2nix.catalogue.image_rows import Companion, Distribution, Row, Version, Versions

# A number, with what may hang on it: 8u222, 17.0.9_9, 3.14.0rc1. Something else behind a number is no version.
_VERSION = regex(r"v?(\d+(?:\.\d+)*)(?:(?:[_+u]|a|b|rc|p|\.v)[0-9a-zA-Z._+]*)?")
_NUMBER = regex(r"\d+(?:\.\d+)*")
_DATE = regex(r"-20\d\d-\d\d-\d\d(?=-|$)")
# Says nothing of what is inside: architectures, dates, build numbers and the marks of pre-releases.
_NEUTRAL = regex(
    r"(?:amd64|x86_64|arm64(?:v8)?|arm32v[567]|i386|ppc64le|s390x|riscv64|20\d{6}(?:\.\d+)*|[br]\d+"
    r"|(?:rc|alpha|beta|preview|ea)(?:[.]?\d)*)"
)
# `debian-12` is one word.
_SEPARATE_RELEASE = regex(r"(?<![a-z0-9])(debian|ubuntu)-(\d\d(?:\.\d\d)?)(?=-|$)")
_GENERAL = frozenset({"", "latest", "slim"})


class TagReading:
    """What a tag says. `number` is the version as written, `name` the version that a word (`lts`) stands for."""

    def __init__(self) -> None:
        self.number = ""
        self.name = ""
        self.distribution = ""
        self.release = ""
        self.words: set[str] = set()
        self.companions: dict[str, str] = {}


class Selection(NamedTuple):
    """A version of a table; not `exact` when it is only the nearest one to what was asked for."""

    key: str
    version: Version
    exact: bool


def read_tag(tag: str, row: Row, distributions: Mapping[str, Distribution]) -> TagReading | None:
    """What `tag` says of an image of that repository.

    Args:
        tag: without the colon; "" is as good as `latest`.
        row: the repository's row, for the words it knows.
        distributions: by name, for the words that name a release.

    Returns:
        The reading; None when a word of the tag is not known, for then nobody knows what the image holds.

    """
    reading = TagReading()
    rest = _stripped(tag, row.strip)
    for companion in row.companions:
        rest = _cut(rest, companion, reading)
    reading.words.update(rest.split("-"))
    understood = all(_take(word, reading, row, distributions) for word in rest.split("-"))
    return reading if understood else None


def select(versions: Versions, asked: str) -> Selection | None:
    """The version of a table that is meant by a number.

    The longest key that `asked` begins with (3.12 for 3.12.4); else the newest that begins with it (3.14 for 3; those of a
    current nixpkgs first); else, if the table allows it, the nearest of the same major version: the next newer one, or the
    newest. `asked` "" is the default.
    """
    asked = asked or versions.default
    parts = asked.split(".")
    prefixes = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    exact = next((key for key in prefixes if key in versions.entries), None)
    if exact is None and asked:
        below = [key for key in versions.entries if key.startswith(f"{asked}.")]
        exact = max(below, key=lambda key: (not versions.entries[key].channel, _order(key)), default=None)
    if exact is not None:
        return Selection(key=exact, version=versions.entries[exact], exact=True)
    near = _nearest(versions, asked) if asked and versions.nearest else None
    return Selection(key=near, version=versions.entries[near], exact=False) if near else None


def release_name(distribution: Distribution, text: str) -> str:
    """The release that a number or word stands for: `12.5` is bookworm; what the distribution does not list is itself."""
    parts = text.split(".")
    keys = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((distribution.releases[key] for key in keys if key in distribution.releases), text)


def version_words(key: str) -> frozenset[str]:
    """A version and what it is a version of: 3.12.4 to 3, 3.12, 3.12.4."""
    parts = key.split(".")
    return frozenset(".".join(parts[:length]) for length in range(1, len(parts) + 1))


def _order(key: str) -> tuple[int, ...]:
    return tuple(int(part) for part in key.split("."))


def _nearest(versions: Versions, asked: str) -> str | None:
    """Of the current versions with the same major number the next newer one, else the newest."""
    major = asked.partition(".")[0]
    current = [
        key
        for key, version in versions.entries.items()
        if not version.channel and key.partition(".")[0] == major
    ]
    newer = [key for key in current if _order(key) > _order(asked)]
    return min(newer, key=_order) if newer else max(current, key=_order, default=None)


def _stripped(tag: str, beginnings: tuple[str, ...]) -> str:
    """The tag without a date and without a beginning that says nothing; the name and number of a release are one word in it."""
    tag = _SEPARATE_RELEASE.sub(r"\1\2", _DATE.sub("", tag))
    found = next((beginning for beginning in beginnings if tag.startswith(beginning)), "")
    return tag.removeprefix(found)


def _cut(tag: str, companion: Companion, reading: TagReading) -> str:
    """The tag without the companion's words; its number goes into the reading."""
    for prefix in sorted(companion.prefixes, key=len, reverse=True):
        found = re.search(rf"(?:^|-){re.escape(prefix)}(\d+(?:\.\d+)*)([^-]*)(?=-|$)", tag)
        if found and _VERSION.fullmatch(found[1] + found[2]):
            reading.companions[companion.name] = found[1]
            return (tag[: found.start()] + tag[found.end() :]).strip("-")
    return tag


def _overlay_words(row: Row) -> frozenset[str]:
    """Words that overlays ask for. The versions among them must stand where a version stands."""
    asked = frozenset[str]().union(*(overlay.any_of | overlay.none_of for overlay in row.overlays))
    return frozenset(word for word in asked if not _NUMBER.fullmatch(word))


def _take(word: str, reading: TagReading, row: Row, distributions: Mapping[str, Distribution]) -> bool:
    """Put one word of the tag into the reading; false when it means nothing to us."""
    if word in row.names:
        reading.name = row.names[word]
        return True
    if word in row.words or word in _GENERAL:
        return True
    release = _release(word, distributions)
    if release:
        reading.distribution, reading.release = release
        return True
    return (
        word in _overlay_words(row)
        or _take_number(word, reading, row)
        or _NEUTRAL.fullmatch(word) is not None
    )


def _take_number(word: str, reading: TagReading, row: Row) -> bool:
    """The first number is the version, or the release of an operating system; a second one is not understood."""
    found = None if _NEUTRAL.fullmatch(word) else _VERSION.fullmatch(word)
    if not found:
        return False
    if row.release_tags:
        reading.release = reading.release or found[1]
        return True
    if reading.number or not row.versions.entries:
        return False
    reading.number = found[1]
    return True


def _release(word: str, distributions: Mapping[str, Distribution]) -> tuple[str, str] | None:
    """(distribution, release) that a word like bookworm, alpine, alpine3.20 or ubi9 names."""
    for name, distribution in distributions.items():
        if word in distribution.releases and not _NUMBER.fullmatch(word):
            return name, distribution.releases[word]
        if word in distribution.releases.values() and not _NUMBER.fullmatch(word):
            return name, word
        for prefix in distribution.prefixes:
            number = word.removeprefix(prefix)
            if word == prefix or (number != word and _NUMBER.fullmatch(number)):
                return name, release_name(distribution, number) if number else ""
    return None
