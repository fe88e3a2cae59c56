"""The port to everything dock2nix knows of nixpkgs, package names and base images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Collection

    from dock2nix.model.dockerfile import ImageReference
    from dock2nix.model.image import BaseImage, FlakeInput
    from dock2nix.model.packages import AttributePath


class Attribute(Struct, frozen=True, kw_only=True):
    """A package of the indexed nixpkgs. `outputs` always holds what exists (`out`, `dev`, `lib` …), sorted.

    `path` is the canonical spelling (`curl`, not `azure-sdk-for-cpp.curl`); `main_program` is "" when there is none;
    `programs` are the names in `bin/` over all outputs, sorted, at most 60 of them.
    """

    path: AttributePath
    pname: str
    version: str
    outputs: tuple[str, ...]
    main_program: str = ""
    programs: tuple[str, ...] = ()


class Provider(Struct, frozen=True, kw_only=True):
    """An attribute (and output) that has a certain command, library or module. Listed best first."""

    path: AttributePath
    output: str


class CuratedPackage(Struct, frozen=True, kw_only=True):
    """A row of `mappings/<manager>.toml`: attributes with outputs, or the reason why the name needs none.

    `attributes` are (attribute path, wanted outputs; () for the default). `reason` explains a surprising row; it is the
    explanation when `not_needed`. `build_only`: compilers and headers. `environment` goes with the package. `unfree` and
    `function` mark attributes that the index cannot know. `keep_with`: commands (`gpg`) whose later use makes it needed.
    `caveat` says what the package alone does not do of what is asked for.
    """

    name: str
    attributes: tuple[tuple[AttributePath, tuple[str, ...]], ...] = ()
    not_needed: bool = False
    reason: str = ""
    build_only: bool = False
    environment: tuple[tuple[str, str], ...] = ()
    unfree: bool = False
    unindexed: bool = False
    keep_with: tuple[str, ...] = ()
    caveat: str = ""


class EvidenceMatch(Struct, frozen=True, kw_only=True):
    """A distribution package matched to an attribute by the files both hold; `score` from 0 to 1."""

    path: AttributePath
    outputs: tuple[str, ...]
    score: float
    evidence: str


class Catalogue(Protocol):
    """What the resolver asks. All answers are in a fixed order; None or () means: not known."""

    def pin(self, channel: str = "") -> FlakeInput:
        """The nixpkgs of the index, or the pinned revision of a named channel (`nixos-23.11`).

        Raises:
            UsageError: the channel is not among the pins.

        """
        ...

    def channels(self) -> tuple[str, ...]:
        """The names of the pinned releases, oldest first."""
        ...

    def attribute(self, path: str) -> Attribute | None:
        """The attribute of that path (aliases included), if the index has it."""
        ...

    def providers(self, kind: str, name: str) -> tuple[Provider, ...]:
        """Attributes that have it. `kind`: command, soname, pkgconfig, header, python, perl, ruby, node, php, font."""
        ...

    def curated(self, table: str, name: str) -> CuratedPackage | None:
        """The row of `mappings/<table>.toml` for that name, the user's overrides on top."""
        ...

    def evidence(self, table: str, name: str) -> EvidenceMatch | None:
        """What file evidence says of a distribution's package name (`table`: apt)."""
        ...

    def similar(self, table: str, name: str, limit: int = 3) -> tuple[str, ...]:
        """Attribute paths whose name or known package name is near `name`, best first."""
        ...

    def base_image(self, reference: ImageReference) -> BaseImage | None:
        """What is known of a published base image."""
        ...

    def no_op(self, program: str, arguments: tuple[str, ...], written: Collection[str] = ()) -> str | None:
        """Why a command has no effect on the image, or None when it may have one; `written` are paths made before it."""
        ...

    def no_op_path(self, path: str) -> str | None:
        """Why it does not matter what is written to or removed from a path (caches, package sources), or None."""
        ...
