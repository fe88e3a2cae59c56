"""Which of several packages that have the same thing is the one that people mean."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dock2nix.indexing.debian import DebianRelease
    from dock2nix.indexing.features import Feature
    from dock2nix.indexing.packages import Package

_VARIANT = re.compile(
    r"[-_]?(?:unwrapped|wrapped|minimal|static|headless|full|light|small|big|debug|git|unstable|nightly|beta|rc|cross|nox|"
    r"no-?gui|legacy|compat|bootstrap|multi|hpn|kerberos|gssapi|with-?\w+|without-?\w+|prefixed|unfree|free-?threading|"
    r"interactive|embedded|experimental|lts|esr|bin|gtk\d?|qt\d?|wayland|x11|no-?libc|arm-\w+|NG\w*|full-?\w*)$",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"[a-zA-Z]_?-?\d+(?:[._-]\d+)*$")
# They hold the programs of many others, in versions of their own.
_IMITATIONS = re.compile(
    r"(?:busybox|toybox|uutils-.*|u-root|sbase|ubase|9base|plan9port|heirloom.*|unixtools\..*|coreutils-.*|"
    r"gccNGPackages.*|beamMinimal\d+Packages\..*|.*-cross.*|libtinfo|libudev-zero|eudev|mingw.*|win.*-mingw.*|"
    r"tetex|miktex|ihaskell|jupyter-all|jupyter|om4|perl5Packages\.Perl.*)"
)
_LANGUAGE_SETS = {
    "python": "python313Packages.",
    "perl": "perlPackages.",
    "ruby": "rubyPackages.",
    "php": "php84Extensions.",
}
_PLAIN = re.compile(r"[^a-z0-9+]")
_TAIL_NUMBER = re.compile(r"[0-9.]+$")
_ROLE = re.compile(r"-(?:bin|utils|tools|common|client|server|core|runtime|cli|base|headless|dev|minimal)$")
# What many packages have (`libfoo.so` in compatibility packages, `README` …) says nothing about where to take it from.
_MANY = 6


def plain(name: str) -> str:
    """A name without case and punctuation, for comparing."""
    return _PLAIN.sub("", name.lower())


def burden(package: Package) -> float:
    """How unlikely it is that someone means this package, whatever it is asked for; 0 is an ordinary one."""
    weight = 0.0
    if "." in package.path:
        weight += 2.0
    if _VARIANT.search(package.leaf):
        weight += 2.0
    if _NUMBERED.search(package.leaf) and not package.default:
        weight += 1.5
    if package.default:
        weight -= 1.0
    if _IMITATIONS.fullmatch(package.path):
        weight += 6.0
    return weight + 0.02 * len(package.path)


def _stem(feature: Feature) -> str:
    name = feature.name
    match feature.kind:
        case "soname":
            return plain(name.partition(".so")[0].removeprefix("lib"))
        case "header":
            return plain(name.partition("/")[0].removesuffix(".h"))
        case "font":
            return plain(name.partition(".")[0].partition("-")[0])
        case "perl":
            return plain(name)
    return plain(name.removeprefix("lib"))


def _likeness(stem: str, package: Package) -> float:
    leaf, pname = plain(package.leaf).removeprefix("lib"), plain(package.pname).removeprefix("lib")
    if stem == leaf:
        return 5.0
    if stem == pname:
        return 3.0
    if len(stem) > 2 and (leaf.startswith(stem) or (len(leaf) > 2 and stem.startswith(leaf))):
        return 1.5
    return 0.0


def distance(feature: Feature, package: Package, conventional: frozenset[str] = frozenset()) -> float:
    """How far a package is from being the one meant when a feature is asked for; the smallest is the best.

    Args:
        feature: what was asked for.
        package: one that has it.
        conventional: names (without punctuation) of the packages that other distributions take it from.

    Returns:
        A number for sorting.

    """
    _, foreign = package.features[feature]
    far = burden(package) - _likeness(_stem(feature), package) + (3.0 if foreign else 0.0)
    if package.path.startswith(_LANGUAGE_SETS.get(feature.kind, "\0")):
        far -= 4.0
    if conventional & {plain(package.leaf), plain(package.pname)}:
        far -= 5.0
    return far + 0.3 * math.log10(1 + len(package.features))


def _known_as(name: str) -> set[str]:
    """The forms of a Debian name under which nixpkgs may have it."""
    stem = _ROLE.sub("", _ROLE.sub("", name))
    return {plain(form) for form in (name, stem, _TAIL_NUMBER.sub("", stem), stem.removeprefix("lib"))} - {""}


def conventions(releases: Iterable[DebianRelease]) -> Mapping[Feature, frozenset[str]]:
    """Where Debian takes things from.

    Args:
        releases: what was read of Debian.

    Returns:
        For every feature of few packages the names of these packages and of their sources, as `plain` gives them.

    """
    names: dict[Feature, set[str]] = {}
    owners: dict[Feature, int] = {}
    for release in releases:
        for package in sorted(release.features.keys() & release.packages.keys()):
            known = _known_as(package) | _known_as(release.packages[package].source)
            for feature in release.features[package]:
                if feature.kind in {"command", "soname", "pkgconfig", "header", "font"}:
                    names.setdefault(feature, set()).update(known)
                    owners[feature] = owners.get(feature, 0) + 1
    return {feature: frozenset(known) for feature, known in names.items() if owners[feature] <= 3 * _MANY}
