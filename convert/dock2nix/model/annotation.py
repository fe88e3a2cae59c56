"""What the user says in `# dock2nix:` comments of a Dockerfile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from dock2nix.model.packages import AttributePath
    from dock2nix.model.source import Location


class MapName(Struct, frozen=True, kw_only=True):
    """`map foo=pkgs.bar`: a name that is asked for anywhere in the file stands for these attributes, with outputs.

    `table` is the package manager's (`map apt:foo=pkgs.bar`), "" for any.
    """

    table: str
    name: str
    attributes: tuple[tuple[AttributePath, tuple[str, ...]], ...]
    location: Location


class UseOf(Struct, frozen=True, kw_only=True):
    """`build-only foo` or `keep foo`: whether a package that is asked for anywhere in the file goes into the image."""

    table: str
    name: str
    keep: bool
    location: Location


class IgnoreFindings(Struct, frozen=True, kw_only=True):
    """`ignore=D2N202 reason`: findings of these codes at the instruction are not the user's business.

    `codes` are finding codes; `first_line` and `last_line` those of the instruction that follows the comment or holds it.
    """

    codes: tuple[str, ...]
    reason: str
    first_line: int
    last_line: int
    location: Location


Annotation = MapName | UseOf | IgnoreFindings
