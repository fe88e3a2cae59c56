"""A catalogue with what the Dockerfile's own comments say on top."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dock2nix.catalogue.base import CuratedPackage
from dock2nix.catalogue.over import CatalogueOver
from dock2nix.model.annotation import MapName, UseOf
from dock2nix.model.packages import AttributePath
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.catalogue.base import Catalogue
    from dock2nix.model.annotation import Annotation

COMMANDS = "commands"
_OTHER_PYTHON = regex(r"^python3[0-9]+Packages\.")

Attributes = tuple[tuple[AttributePath, tuple[str, ...]], ...]


def attributes_of(mapping: MapName, catalogue: Catalogue) -> Attributes | None:
    """What a mapping stands for; None when nixpkgs has not all of it. `pkgs.bar.dev` may be the output dev of bar."""
    found = tuple(_attribute(path, outputs, catalogue) for path, outputs in mapping.attributes)
    known = tuple(one for one in found if one is not None)
    return known if len(known) == len(found) else None


def _attribute(
    path: AttributePath, outputs: tuple[str, ...], catalogue: Catalogue
) -> tuple[AttributePath, tuple[str, ...]] | None:
    known = catalogue.attribute(path) or catalogue.attribute(_OTHER_PYTHON.sub("python3Packages.", path))
    if known is not None:
        return (path, outputs) if set(outputs) <= set(known.outputs) else None
    whole, dot, output = path.rpartition(".")
    parent = catalogue.attribute(whole) if dot and not outputs else None
    return (AttributePath(whole), (output,)) if parent and output in parent.outputs else None


class AnnotatedCatalogue(CatalogueOver):
    """Implements `catalogue.base.Catalogue` over another one.

    Args:
        catalogue: the other one.
        annotations: of the Dockerfile; a mapping of what nixpkgs does not have counts for nothing.
    """

    def __init__(self, catalogue: Catalogue, annotations: tuple[Annotation, ...]) -> None:
        super().__init__(catalogue)
        self._mappings = tuple(one for one in annotations if isinstance(one, MapName))
        self._kept = tuple(one for one in annotations if isinstance(one, UseOf) and one.keep)

    def curated(self, table: str, name: str) -> CuratedPackage | None:
        """The mapping for a name, the last one if there are several; else the other catalogue's row."""
        for mapping in reversed(self._mappings):
            # A name that is mapped for the package managers is no statement on the command of that name.
            if mapping.concerns(table, name) and (mapping.table or table != COMMANDS):
                attributes = attributes_of(mapping, self._catalogue)
                if attributes is not None:
                    reason = f"override: comment in line {mapping.location.first_line}"
                    return CuratedPackage(name=name, attributes=attributes, reason=reason)
        row = self._catalogue.curated(table, name)
        if row is not None and any(one.concerns(table, name) for one in self._kept):
            return replace(row, keep_with=(), build_only=False)
        return row
