"""Whether an attribute with the files of a package's dependency is an answer for the package that leads to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.indexing.comparison import asked_forms
from dock2nix.indexing.debian_names import name_forms
from dock2nix.indexing.features import Feature

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from dock2nix.indexing.debian import DebianPackage

# What a package is there for. Manuals, menu entries and data come along with it.
_TELLING = frozenset(
    {
        "command",
        "soname",
        "archive",
        "pkgconfig",
        "python",
        "module",
        "perl",
        "ruby",
        "node",
        "php",
        "font",
        "typelib",
        "gstreamer",
        "dri",
        "rlibrary",
        "apache",
        "pgextension",
        "hunspell",
        "tessdata",
        "jar",
        "private",
    }
)


def _forms(feature: Feature) -> Iterator[Feature]:
    """The forms in which an attribute may have a feature: a program may be for users, or in a private folder."""
    yield from asked_forms(feature)
    if feature.kind in {"command", "private"}:
        yield Feature("private" if feature.kind == "command" else "command", feature.name)


def telling_forms(features: Iterable[Feature]) -> tuple[tuple[Feature, ...], ...]:
    """What a Debian package is there for: of each feature the forms in which an attribute may have it.

    Headers are that only where there is nothing else; a package of data and manuals alone has none.
    """
    known = sorted(features)
    telling = [feature for feature in known if feature.kind in _TELLING]
    if not telling:
        telling = [feature for feature in known if feature.kind == "header"]
    return tuple(tuple(_forms(feature)) for feature in telling)


def held_of(telling: Iterable[tuple[Feature, ...]], held: Callable[[Feature], bool]) -> list[Feature]:
    """Those that an attribute has, in its form.

    Args:
        telling: as `telling_forms` gives them.
        held: whether the attribute has a feature.

    """
    found = (next((form for form in forms if held(form)), None) for forms in telling)
    return [form for form in found if form is not None]


def only_leads_to(package: DebianPackage, other: DebianPackage, *, empty: bool) -> bool:
    """Is a package without files that tell anything just another name of one that it depends on?

    It is when their names are alike, when it is kept for those who know an old name, or when it is `empty` and depends on
    nothing else.
    """
    if name_forms(package.name) & name_forms(other.name) or package.section.endswith("oldlibs"):
        return True
    return empty and package.depends == (other.name,)
