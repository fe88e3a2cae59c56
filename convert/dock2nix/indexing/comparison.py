"""In what form the features of a Debian package and of an attribute are compared."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dock2nix.indexing.features import Feature

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

# So many features tell enough; some packages have a hundred thousand headers.
_SAMPLE = 600

_SONAME = re.compile(r"(.+?)(?:-?(?<!\d)\d{1,2}(?:\.\d+)*)?\.so((?:\.\d+)*)")
_CROSS = re.compile(r"x86_64-linux-gnu-")
_MAGICK = re.compile(r"[.-]im[67]\.q16(?:hdri)?$")
_PROGRAM_VERSION = re.compile(r"-?\d+(?:\.\d+)*$")
_ALTERNATIVE = re.compile(
    r"[.-](?:traditional|openbsd|basic|tiny|nox|gtk3|gnu|debian|distrib|real|mawk|ssh|classic|db|heimdal|mit|ucb)$"
)


def _program_keys(name: str) -> Iterator[str]:
    yield name
    plainer = _MAGICK.sub("", _CROSS.sub("", name))
    yield plainer
    yield _ALTERNATIVE.sub("", plainer)
    if not plainer.startswith(("python", "perl")):
        yield _PROGRAM_VERSION.sub("", plainer)


def match_keys(feature: Feature) -> Iterator[Feature]:
    """What two packages compare: a library by name and by name with the first number of its version, other features as is."""
    if feature.kind == "soname":
        found = _SONAME.fullmatch(feature.name)
        if found is not None:
            yield Feature("library", found[1])
            numbers = found[2].split(".")[1:]
            if numbers:
                yield Feature("soname", f"{feature.name.partition('.so')[0]}.so.{numbers[0]}")
    elif feature.kind == "archive":
        yield Feature("library", feature.name)
    else:
        yield feature


def asked_forms(feature: Feature) -> list[Feature]:
    """The comparable forms of a Debian feature; programs also without what Debian's alternatives add to their names."""
    if feature.kind == "command":
        return [Feature("command", name) for name in _program_keys(feature.name) if name]
    return list(match_keys(feature))


def debian_keys(features: Iterable[Feature], known: Container[Feature]) -> set[Feature]:
    """What a Debian package is compared by.

    Args:
        features: its features.
        known: those that nixpkgs has.

    Returns:
        Of every feature the forms that are known, or one that is not.

    """
    keys: set[Feature] = set()
    for feature in features:
        if feature.kind == "private":
            continue
        forms = asked_forms(feature)
        keys.update([form for form in forms if form in known] or forms[:1])
    if len(keys) <= _SAMPLE:
        return keys
    ordered = sorted(keys)
    return set(ordered[:: len(ordered) // _SAMPLE + 1])
