"""A catalogue in which one base image is the published one, with its own configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dock2nix.catalogue.over import CatalogueOver
from dock2nix.model.image import BaseImage

if TYPE_CHECKING:
    from dock2nix.catalogue.base import Catalogue
    from dock2nix.model.dockerfile import ImageReference
    from dock2nix.model.image import ImageConfig


class KeptCatalogue(CatalogueOver):
    """Implements `catalogue.base.Catalogue` over another one.

    Args:
        catalogue: the other one.
        reference: the image that is kept.
        config: what it says of itself, None when nobody has read it.
    """

    def __init__(self, catalogue: Catalogue, reference: ImageReference, config: ImageConfig | None) -> None:
        super().__init__(catalogue)
        known = catalogue.base_image(reference) or BaseImage(reference=reference, packages=())
        self._reference = reference
        self._base = replace(known, config=config or known.config, exact=config is not None, kept=True)

    def base_image(self, reference: ImageReference) -> BaseImage | None:
        """The kept image with its own configuration, what is known of its contents beside; others as ever."""
        return self._base if reference == self._reference else self._catalogue.base_image(reference)
