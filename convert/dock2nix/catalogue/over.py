"""A catalogue that says what another one says: those that know better of a few things stand on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from dock2nix.catalogue.base import Attribute, Catalogue, CuratedPackage, EvidenceMatch, Provider
    from dock2nix.model.dockerfile import ImageReference
    from dock2nix.model.image import BaseImage, FlakeInput


class CatalogueOver:
    """Implements `catalogue.base.Catalogue` by another one.

    Args:
        catalogue: the other one.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def curated(self, table: str, name: str) -> CuratedPackage | None:
        return self._catalogue.curated(table, name)

    def pin(self, channel: str = "") -> FlakeInput:
        return self._catalogue.pin(channel)

    def channels(self) -> tuple[str, ...]:
        return self._catalogue.channels()

    def attribute(self, path: str) -> Attribute | None:
        return self._catalogue.attribute(path)

    def providers(self, kind: str, name: str) -> tuple[Provider, ...]:
        return self._catalogue.providers(kind, name)

    def evidence(self, table: str, name: str) -> EvidenceMatch | None:
        return self._catalogue.evidence(table, name)

    def similar(self, table: str, name: str, limit: int = 3) -> tuple[str, ...]:
        return self._catalogue.similar(table, name, limit)

    def base_image(self, reference: ImageReference) -> BaseImage | None:
        return self._catalogue.base_image(reference)

    def no_op(self, program: str, arguments: tuple[str, ...], written: Collection[str] = ()) -> str | None:
        return self._catalogue.no_op(program, arguments, written)

    def no_op_path(self, path: str) -> str | None:
        return self._catalogue.no_op_path(path)
