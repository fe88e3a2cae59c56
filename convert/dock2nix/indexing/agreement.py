"""Whether a Debian package and an attribute agree on the versions that names and libraries carry."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from dock2nix.indexing.ranking import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dock2nix.indexing.debian import DebianPackage
    from dock2nix.indexing.features import Feature
    from dock2nix.indexing.packages import Package

# The numbers in these names belong to a language or a scheme of names, not to the package.
_OF_A_LANGUAGE = re.compile(
    r"python3?-|ruby-|node-|golang-.+-dev$|r-(?:cran|bioc)-|lib.+-perl$|gir1\.2-|librust-|libghc-|elpa-|fonts-|ttf-|libapache2-"
)
_RUNTIME_LIBRARY = re.compile(r"lib(?!.*-(?:dev|perl|java|ruby|bin|utils|tools|data|common)$)")
_NUMBER = re.compile(r"\d+(?:\.\d+)*")
_VERSION_AT_END = re.compile(r"-(\d+\.\d+)$")
_NUMBER_IN_ATTRIBUTE = re.compile(r"\d+(?:[._]\d+)*")
# The families whose package sets exist once a version: (how Debian names what is in them, the set).
_FAMILIES = (
    (re.compile(r"postgresql(?:-[a-z]+)?-(\d+)(?:-|$)"), re.compile(r"postgresql(\d+)Packages")),
    (re.compile(r"php(\d\.\d)-"), re.compile(r"php(\d+)(?:Extensions|Packages)")),
    (re.compile(r"(?:lib)?python(3\.\d+)-"), re.compile(r"python(\d+)Packages")),
    (re.compile(r"ruby(\d\.\d)-"), re.compile(r"rubyPackages_(\d_\d)")),
)
_SONAME = re.compile(r"(?P<stem>.+?)(?:-?(?<!\d)\d{1,2}(?:\.\d+)*)?\.so\.(?P<version>\d+(?:\.\d+)*)")
_ABI_MARK = re.compile(r"(?:t64|v5|debian\d|gf|c2a?|ldbl|g)$")
_MOST_SHOWN = 2


def disagreement(
    debian: DebianPackage, asked: DebianPackage, features: Iterable[Feature], package: Package
) -> str:
    """In what the versions of the two differ, in words for a reader; "" when nothing speaks against the attribute.

    Args:
        debian: the package whose files were compared.
        asked: the package that led to it; only a version in its name is one that was asked for.
        features: those of `debian`.
        package: the attribute.
    """
    own = debian.name == asked.name
    libraries = _libraries(features)
    if libraries and is_runtime_library(debian.name):
        other = _other_libraries(libraries, debian, package)
        if other or own:
            return other
    number = named_version(asked.name, asked.version)
    if number and not _is_of_version(package, number):
        return f"{package.path} is version {package.version or 'unknown'}, not {number}"
    if not _in_the_same_set(asked.name, package.path):
        return f"{package.path} is of another version's set"
    return _other_headers(features, package) if own and asked.name.endswith("-dev") else ""


def is_runtime_library(name: str) -> bool:
    """Whether a Debian package is a library that programs load, by its name."""
    return bool(_RUNTIME_LIBRARY.match(name))


def named_version(name: str, version: str) -> str:
    """The number in a Debian package's name with which its version begins: `7.4` for php7.4 of version 7.4.33, else "".

    A number like `-10.5` at the end is a version in any case: later releases keep such names for packages of a newer one.
    """
    if _OF_A_LANGUAGE.match(name):
        return ""
    found = [number for number in _NUMBER.findall(name) if _begins_with(version, number)]
    ending = None if is_runtime_library(name) else _VERSION_AT_END.search(name)
    return max(found, key=len, default=ending[1] if ending else "")


def _begins_with(version: str, number: str) -> bool:
    return version.startswith(number) and not version[len(number) : len(number) + 1].isdigit()


def _is_of_version(package: Package, number: str) -> bool:
    """The attribute has that version, or the number in its own name."""
    if _begins_with(package.version, number):
        return True
    names = f"{package.leaf} {package.pname}"
    numbers = {re.sub(r"[._]", "", found) for found in _NUMBER_IN_ATTRIBUTE.findall(names)}
    return number.replace(".", "") in numbers


def _in_the_same_set(name: str, path: str) -> bool:
    scope = path.rpartition(".")[0]
    for debian, nixpkgs in _FAMILIES:
        asked, given = debian.match(name), nixpkgs.fullmatch(scope)
        if asked and given and asked[1].replace(".", "") != given[1].replace("_", ""):
            return False
    return True


def _libraries(features: Iterable[Feature]) -> Mapping[str, set[str]]:
    """The versioned names of libraries by what is left of them without any version."""
    found: dict[str, set[str]] = defaultdict(set)
    for feature in features:
        match = _SONAME.fullmatch(feature.name) if feature.kind == "soname" else None
        if match is not None:
            found[match["stem"]].add(feature.name)
    return found


def _other_libraries(asked: Mapping[str, set[str]], debian: DebianPackage, package: Package) -> str:
    """Programs find a library by its soname: without one that both have, it is not the same library.

    The one that the package is called after counts alone. Some are built without a version in nixpkgs; then the versions of
    the packages decide.
    """
    given = _libraries(package.features)
    own = {stem for stem, names in asked.items() if any(_named_after(debian.name, name) for name in names)}
    common = sorted((own & given.keys()) or (asked.keys() & given.keys()))
    if any(asked[stem] & given[stem] for stem in common):
        return ""
    if not common:
        if _numbers(debian.version) == _numbers(package.version):
            return ""
        return f"{package.path} does not have {_shown(name for names in asked.values() for name in names)}"
    theirs = _shown(name for stem in common for name in given[stem])
    return f"{package.path} has {theirs}, not {_shown(name for stem in common for name in asked[stem])}"


def _named_after(name: str, library: str) -> bool:
    """Whether a package is called after a library: libtbb2 after libtbb.so.2."""
    return plain(_ABI_MARK.sub("", name)) == plain(library.replace(".so", ""))


def _other_headers(features: Iterable[Feature], package: Package) -> str:
    """What is built finds a library by its .pc file and its headers: without any that both have, it is not the same library."""
    own = tuple(features)
    for kind, suffix in (("pkgconfig", ".pc"), ("header", "")):
        asked = {feature.name.rpartition("/")[2] for feature in own if feature.kind == kind}
        given = {feature.name.rpartition("/")[2] for feature in package.features if feature.kind == kind}
        if asked and given and not asked & given:
            theirs, ours = (_shown(f"{name}{suffix}" for name in names) for names in (given, asked))
            return f"{package.path} has {theirs}, not {ours}"
    return ""


def _numbers(version: str) -> str:
    """The numbers that a version begins with."""
    found = _NUMBER.match(version)
    return found[0] if found else version


def _shown(names: Iterable[str]) -> str:
    shortest = sorted(names, key=lambda name: (len(name), name))
    return ", ".join(sorted(shortest[:_MOST_SHOWN]))
