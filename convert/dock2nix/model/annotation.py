"""What the user says in `# dock2nix:` comments of a Dockerfile."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from dock2nix.model.packages import AttributePath
    from dock2nix.model.source import Location


class _Named(Struct, frozen=True, kw_only=True):
    """About packages of one name. `table` is the package manager's table (`apt:foo`), "" for any."""

    table: str
    name: str
    location: Location

    def concerns(self, table: str, name: str) -> bool:
        """Whether a package that is asked for is meant; Python's names are compared normalized (PEP 503)."""
        if self.table and self.table != table:
            return False
        if table == "pip":
            return re.sub(r"[-_.]+", "-", self.name).lower() == re.sub(r"[-_.]+", "-", name).lower()
        return self.name == name


class MapName(_Named, frozen=True, kw_only=True):
    """`map foo=pkgs.bar`: a name that is asked for anywhere in the file stands for these attributes, with outputs."""

    attributes: tuple[tuple[AttributePath, tuple[str, ...]], ...]


class UseOf(_Named, frozen=True, kw_only=True):
    """`build-only foo` or `keep foo`: whether a package that is asked for anywhere in the file goes into the image."""

    keep: bool


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
