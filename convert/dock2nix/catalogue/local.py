"""The catalogue of the data that ships with dock2nix: no network, each part read when first asked for."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from dock2nix.catalogue.base_images import BaseImages
from dock2nix.catalogue.index import PackageIndex
from dock2nix.catalogue.mappings import Mappings
from dock2nix.catalogue.overrides import IMAGES, check_attributes, read_overrides
from dock2nix.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from dock2nix.catalogue.base import Attribute, CuratedPackage, EvidenceMatch, Provider
    from dock2nix.model.dockerfile import ImageReference
    from dock2nix.model.image import BaseImage, FlakeInput


_PYTHON_TABLE = "pip"
# The Python set whose names the index holds, and what rows call the set of the image's interpreter.
_INDEXED_SET, _OWN_SET = "python313Packages.", "python3Packages."


class LocalCatalogue:
    """Implements `catalogue.base.Catalogue` over mappings/ and mappings/index/.

    Args:
        overrides: the user's dock2nix.toml, whose rows win over ours.

    Raises:
        UsageError: `overrides` cannot be read.
        ConfigurationError: something in it is not as it must be, or (at a look-up) it names what does not exist.

    """

    def __init__(self, overrides: Path | None = None) -> None:
        self._overrides = read_overrides(overrides) if overrides else None

    @cached_property
    def _index(self) -> PackageIndex:
        return PackageIndex.open()

    @cached_property
    def _mappings(self) -> Mappings:
        return Mappings.load(overrides=self._overrides)

    @cached_property
    def base_images(self) -> BaseImages:
        """The rows behind `base_image`."""
        if self._overrides is None:
            return BaseImages.load()
        images = BaseImages.load(overrides=self._overrides.images)
        for repository in self._overrides.images:
            try:
                images.check(repository)
            except UsageError as error:
                raise self._overrides.problem(str(error), IMAGES, repository) from error
        return images

    def pin(self, channel: str = "") -> FlakeInput:
        return self._index.pin(channel)

    def channels(self) -> tuple[str, ...]:
        return self._index.channels()

    def attribute(self, path: str) -> Attribute | None:
        return self._index.attribute(path)

    def providers(self, kind: str, name: str) -> tuple[Provider, ...]:
        return self._index.providers(kind, name)

    def curated(self, table: str, name: str) -> CuratedPackage | None:
        row = self._mappings.curated(table, name)
        if row is not None and self._overrides and name in self._overrides.tables.get(table, {}):
            check_attributes(self._overrides, table, row, self._index)
        return row or self._mappings.rule(table, name, self._index)

    def evidence(self, table: str, name: str) -> EvidenceMatch | None:
        return self._index.evidence(table, name)

    def similar(self, table: str, name: str, limit: int = 3) -> tuple[str, ...]:
        """Near attribute names; those of Python distributions are looked for in the set first."""
        if table != _PYTHON_TABLE:
            return self._index.similar(name, limit)
        inside = self._index.similar(f"{_INDEXED_SET}{name}", limit)
        named = (f"{_OWN_SET}{path.removeprefix(_INDEXED_SET)}" for path in inside)
        return (*named, *self._index.similar(name, limit))[:limit]

    def base_image(self, reference: ImageReference) -> BaseImage | None:
        return self.base_images.lookup(reference)

    def no_op(self, program: str, arguments: tuple[str, ...], written: Collection[str] = ()) -> str | None:
        return self._mappings.no_op(program, arguments, written)

    def no_op_path(self, path: str) -> str | None:
        return self._mappings.no_op_path(path)
