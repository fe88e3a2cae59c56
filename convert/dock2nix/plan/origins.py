"""Which flake input a package of the base image comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dock2nix.parse.references import image_reference

if TYPE_CHECKING:
    from dock2nix.catalogue.base import Catalogue
    from dock2nix.model.image import BaseImage

# Images of distributions, and Debian with what is needed for builds: what they hold is no base image's own.
_DISTRIBUTIONS = ("alpine", "buildpack-deps", "debian", "fedora")


class Origins(Struct, frozen=True, kw_only=True):
    """The flake input of an old base, "" when there is none, and those of its packages that are current all the same."""

    source: str = ""
    current: frozenset[str] = frozenset()

    def of(self, path: str) -> str:
        """The flake input that a package of the base comes from, "" for nixpkgs."""
        return "" if path in self.current else self.source


def current_packages(base: BaseImage | None, catalogue: Catalogue) -> frozenset[str]:
    """The packages of a base image with an old runtime that come from the current nixpkgs all the same.

    Those are what any distribution has: shells, tools, certificates. An old release would bring them without the security fixes
    since, and twice, since what dockerTools adds is current. For other base images there is nothing to tell apart.

    Args:
        base: the base image.
        catalogue: for the images of distributions.
    """
    if base is None or not base.channel:
        return frozenset()
    references = (image_reference(name) for name in _DISTRIBUTIONS)
    images = (catalogue.base_image(reference) for reference in references if reference)
    shared = {str(path) for image in images if image and not image.channel for path in image.packages}
    return frozenset(shared & {str(path) for path in base.packages})
