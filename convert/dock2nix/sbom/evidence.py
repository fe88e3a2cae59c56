"""Where the packages of nixpkgs were asked for, and the attribute paths of members of package sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.emit.expression import nix_comment
from dock2nix.model.packages import NixpkgsPackage
from dock2nix.sbom.model import Occurrence

if TYPE_CHECKING:
    from dock2nix.model.steps import ResolvedRequirement
    from dock2nix.report.model import Report


class Evidence:
    """Looks up who asked for an attribute path.

    Args:
        report: of the conversion.
    """

    def __init__(self, report: Report) -> None:
        self._path = nix_comment(report.dockerfile)
        self._places: dict[str, set[Occurrence]] = {}
        self._members: dict[tuple[str, str], str] = {}
        for stage in report.stages:
            for path in stage.attributes if stage.built else ():
                place = Occurrence(path=self._path, line=stage.line, text=nix_comment(f"FROM {stage.base}"))
                self._places.setdefault(path.rpartition(":")[2], set()).add(place)
        for one in report.requirements:
            for resolution in one.resolutions:
                if isinstance(resolution, NixpkgsPackage):
                    self._add(one, resolution.attribute_path)

    def _add(self, one: ResolvedRequirement, path: str) -> None:
        asked = one.requirement
        name = nix_comment(f"{asked.manager} {asked.name}{asked.specifier}")
        place = Occurrence(path=self._path, line=asked.location.first_line, text=name)
        self._places.setdefault(path, set()).add(place)
        if asked.origin:
            file, _, line = asked.origin.partition(":")
            number = int(line) if line.isdigit() else 0
            self._places[path].add(Occurrence(path=nix_comment(file), line=number, text=name))
        package_set, dot, member = path.rpartition(".")
        if dot:
            self._members[package_set, member] = path

    def of(self, path: str, title: str) -> tuple[Occurrence, ...]:
        """Who asked for it; what the title of its list says (`8: apt-get install …`) when nobody did by name."""
        found = self._places.get(path)
        if found:
            return tuple(sorted(found))
        line, colon, text = title.partition(": ")
        if colon and line.isdigit():
            return (Occurrence(path=self._path, line=int(line), text=nix_comment(text)),)
        return ()

    def member(self, interpreter: str, name: str) -> str:
        """The attribute path of a package of an interpreter's own set: `python313Packages.flask`."""
        for package_set in (f"{interpreter}Packages", f"{interpreter}Extensions", f"{interpreter}.pkgs"):
            if (package_set, name) in self._members:
                return self._members[package_set, name]
        return f"{interpreter}.pkgs.{name}"
