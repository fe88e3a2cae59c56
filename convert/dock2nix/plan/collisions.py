"""Packages of the image that have files of the same names: buildEnv refuses such a pair unless it is told to ignore it."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from msgspec import Struct

from dock2nix.model.finding import Finding, Outcome
from dock2nix.model.plan import Collision, LanguageEnvironment, PackageEntry
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.catalogue.base import Attribute, Catalogue
    from dock2nix.model.plan import PackageSection
    from dock2nix.model.source import Location

_DEFAULT_PRIORITY = 5
# nixpkgs' `meta.priority`, where it is not the default: a lower number wins, so these give way without a word.
_PRIORITIES = {
    "binutils": 10,
    "busybox": 15,
    "clang": 10,
    "gcc": 10,
    "inetutils": 7,
    "procps": 11,
    "toybox": 10,
    "util-linux": 6,
}
# Their wrappers link to the same programs.
_WRAPPERS = frozenset({"binutils", "clang", "gcc"})
_OUTPUTS = frozenset({"bin", "dev", "lib", "man", "out"})
_VERSION = regex(r"[-_]?\d[\d_]*(?:_?x)?$")
_SHOWN = 4


class _Item(Struct, frozen=True, kw_only=True):
    """One package of the image: as it is printed, what the index knows of it, and which output it is.

    `plain`: it is what the index describes, and no other version of it and no environment made with it.
    """

    text: str
    known: Attribute
    plain: bool
    output: str

    @property
    def priority(self) -> int:
        return _PRIORITIES.get(_family(self.known.path), _DEFAULT_PRIORITY)

    @property
    def programs(self) -> frozenset[str]:
        """What it puts into /bin; libraries and headers do not."""
        return frozenset(self.known.programs) if self.output in {"", "bin", "out"} else frozenset()


def collisions(
    sections: tuple[PackageSection, ...], catalogue: Catalogue, location: Location
) -> Outcome[tuple[Collision, ...]]:
    """The pairs of packages that have programs of the same name, or are two versions of one package.

    nixpkgs settles some of these by itself, by the packages' priorities; identical files are no collision. Where that is not
    known, a pair counts: the list is what buildEnv may stumble over.

    Args:
        sections: the lists of packages.
        catalogue: for the programs.
        location: the place of the finding.
    """
    items = tuple(item for section in sections for item in _items(section, catalogue))
    found = tuple(one for pair in combinations(items, 2) if (one := _collision(*pair)))
    findings = tuple(
        Finding(code="D2N222", message=_message(one), location=location) for one in found if one.programs
    )
    return Outcome(found, findings)


def programs_of(sections: tuple[PackageSection, ...], catalogue: Catalogue) -> frozenset[str]:
    """The programs that packages are known to put into /bin."""
    items = (item for section in sections for item in _items(section, catalogue))
    return frozenset(program for item in items for program in item.programs)


def _items(section: PackageSection, catalogue: Catalogue) -> Iterator[_Item]:
    for entry in section.entries:
        match entry:
            case PackageEntry():
                path, _, last = str(entry.attribute_path).rpartition(".")
                path, output = (path, last) if last in _OUTPUTS else (str(entry.attribute_path), entry.output)
                text = ".".join(filter(None, (entry.source or "pkgs", path, output)))
            case LanguageEnvironment():
                path, output = str(entry.interpreter), ""
                text = f"{entry.source or 'pkgs'}.{path}.{entry.function}"
            case _:
                continue
        known = catalogue.attribute(path)
        plain = (
            isinstance(entry, PackageEntry) and known is not None and not (entry.source or entry.arguments)
        )
        if nearest := known or catalogue.attribute(_family(path)):
            yield _Item(text=text, known=nearest, plain=plain, output=output)


def _family(path: str) -> str:
    """What all versions of a package have in common: `python39` to `python3`, `nodejs_18` to `nodejs`."""
    stem = _VERSION.sub("", path)
    return "python3" if stem == "python" and path != stem else stem


def _collision(one: _Item, other: _Item) -> Collision | None:
    families = {_family(one.known.path), _family(other.known.path)}
    identical = one.known.path == other.known.path and one.plain and other.plain
    wrappers = "binutils" in families and families <= _WRAPPERS
    if identical or wrappers or one.text == other.text or one.priority != other.priority:
        return None
    shared = tuple(sorted(one.programs & other.programs))
    versions = one.output == other.output and _are_versions(one.known, other.known)
    return Collision(packages=(one.text, other.text), programs=shared) if shared or versions else None


def _are_versions(one: Attribute, other: Attribute) -> bool:
    return one.pname == other.pname and one.version != other.version


def _message(one: Collision) -> str:
    first, second = one.packages
    return f"{first} and {second} both have {shown(one.programs)}: those of {first} are taken"


def shown(programs: tuple[str, ...]) -> str:
    """The names in words, the first few of many."""
    if len(programs) <= _SHOWN:
        return " and ".join(filter(None, (", ".join(programs[:-1]), programs[-1])))
    return f"{', '.join(programs[: _SHOWN - 1])} and {len(programs) - _SHOWN + 1} more"
