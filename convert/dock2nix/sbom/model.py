"""What a bill of materials lists."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from dock2nix.model.packages import SriHash


class Use(StrEnum):
    """What a part is there for."""

    IMAGE = "image"  # it is in the image
    BUILD = "build"  # the image is built with it
    SOURCE = "source"  # the flake takes other parts from it


class Artifact(Struct, frozen=True, kw_only=True):
    """A file that is fetched: its address (without a password), its hash, and the systems it is for (empty: all)."""

    url: str
    hash: SriHash
    systems: tuple[str, ...] = ()


class Occurrence(Struct, frozen=True, kw_only=True, order=True):
    """Where a part is asked for: a file of the build context, its line (0: not known), and what stands there."""

    path: str
    line: int
    text: str = ""


class Part(Struct, frozen=True, kw_only=True):
    """One component. `reference` is its name among the others, `licence` an SPDX expression as the lock has it ("" : not known).

    `properties` are (name, value) without the prefix of this project, sorted.
    """

    reference: str
    name: str
    version: str
    purl: str
    use: Use
    artifacts: tuple[Artifact, ...] = ()
    licence: str = ""
    occurrences: tuple[Occurrence, ...] = ()
    properties: tuple[tuple[str, str], ...] = ()
    namespace: str = ""


class Inventory(Struct, frozen=True, kw_only=True):
    """All parts of an image, sorted by reference. `unresolved` is what was asked for and nothing stands for.

    `modified` is the time of the nixpkgs revision, in seconds since 1970.
    """

    name: str
    tag: str
    dockerfile: str
    digest: str
    modified: int
    parts: tuple[Part, ...]
    unresolved: tuple[str, ...]
