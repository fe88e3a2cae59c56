"""Another attribute of the same package, where it has the version that is asked for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dock2nix.managers.resolution import existing_outputs
from dock2nix.managers.versions import asked_version
from dock2nix.model.packages import NixpkgsPackage, Origin
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.catalogue.base import Attribute, Catalogue
    from dock2nix.managers.base import Setting
    from dock2nix.model.packages import Resolution
    from dock2nix.model.steps import ResolvedRequirement

_VERSION_IN_NAME = regex(r"_?[0-9][0-9_]*$")
_PACKAGE_SET = regex(r"(?:lua|perl|php|python|ruby)[0-9_]*$")


def in_versions_asked_for(
    resolutions: tuple[Resolution, ...],
    catalogue: Catalogue,
    setting: Setting,
    before: list[ResolvedRequirement],
) -> tuple[Resolution, ...]:
    """The resolutions, each by the attribute whose version is nearest to the one asked for (`nodejs=20.*` is `nodejs_20`).

    A stream (`dnf module enable php:8.2`) asks for all packages of its name and of its set. Without one, interpreters that have
    a set of packages stay: what was installed for one of them is in no set of another. What a user's own row says stays too.

    Args:
        resolutions: of one requirement.
        catalogue: which attributes there are.
        setting: where it is asked for.
        before: what the stage asked for before: a difference from a stream is told once.
    """
    return tuple(
        _nearest(_of_stream(one, catalogue, setting, before), catalogue)
        if isinstance(one, NixpkgsPackage) and _may_change(one, setting)
        else one
        for one in resolutions
    )


def _of_stream(
    package: NixpkgsPackage, catalogue: Catalogue, setting: Setting, before: list[ResolvedRequirement]
) -> NixpkgsPackage:
    """The package of the stream that was chosen for it."""
    root, dot, member = package.attribute_path.partition(".")
    for name, version in reversed(setting.streams):
        if root not in {name, f"{name}Extensions", f"{name}Packages"}:
            continue
        versioned = _closest(name, version, catalogue)
        path = f"{versioned}{root[len(name) :]}{dot}{member}" if versioned else ""
        found = catalogue.attribute(path) if path else None
        if found is not None:
            evidence = f"{package.evidence}; {versioned} is nixpkgs' for the stream {name}:{version}"
            return replace(package, attribute_path=found.path, version=found.version, evidence=evidence)
        text = f"{version} was chosen for {name}, nixpkgs has {package.version} ({package.attribute_path})"
        return package if dot or _is_told(text, before) else replace(package, differs=text)
    return package


def _is_told(text: str, before: list[ResolvedRequirement]) -> bool:
    found = (one for result in before for one in result.resolutions)
    return any(isinstance(one, NixpkgsPackage) and one.differs == text for one in found)


def _closest(name: str, version: str, catalogue: Catalogue) -> str:
    """The attribute of a package in a version, all of whose numbers it shares; "" for none."""
    wanted = len(_numbers(version))
    current = catalogue.attribute(name)
    if current is not None and _in_common(version, current.version) == wanted:
        return name
    found = _siblings(name, version, catalogue)
    return next((one.path for one in found if _in_common(version, one.version) == wanted), "")


def _may_change(package: NixpkgsPackage, setting: Setting) -> bool:
    return not (
        package.part
        or package.source
        or not package.version
        or package.origin is Origin.OVERRIDE
        or (setting.own and package.attribute_path == setting.interpreter)
    )


def _nearest(package: NixpkgsPackage, catalogue: Catalogue) -> NixpkgsPackage:
    asked = asked_version(package.requirement.manager, package.requirement.specifier)
    if not asked or "." in package.attribute_path or _PACKAGE_SET.match(package.attribute_path):
        return package
    best, shared = None, _in_common(asked, package.version)
    for other in _siblings(package.attribute_path, asked, catalogue):
        count = _in_common(asked, other.version)
        if count > shared:
            best, shared = other, count
    if best is None:
        return package
    return replace(
        package,
        attribute_path=best.path,
        version=best.version,
        outputs=existing_outputs(best, package.outputs),
        evidence=f"{package.evidence}; {best.path} is nixpkgs' for version {asked}",
    )


def _siblings(path: str, asked: str, catalogue: Catalogue) -> Iterator[Attribute]:
    """Attributes named after the first numbers of a version: `postgresql_15`, `go_1_23`, `php83`."""
    stem, numbers = _VERSION_IN_NAME.sub("", path), _numbers(asked)
    for digits in ("_".join(numbers[:2]), "".join(numbers[:2]), "".join(numbers[:1])):
        for name in (f"{stem}_{digits}", f"{stem}{digits}"):
            found = catalogue.attribute(name) if stem and digits else None
            if found is not None and found.path != path:
                yield found


def _in_common(asked: str, version: str) -> int:
    """How many of their first numbers are the same."""
    count = 0
    for one, other in zip(_numbers(asked), _numbers(version), strict=False):
        if one != other:
            break
        count += 1
    return count


def _numbers(version: str) -> list[str]:
    found = re.match(r"[0-9]+(?:\.[0-9]+)*", version)
    return found[0].split(".") if found else []
