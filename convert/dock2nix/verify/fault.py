"""Something wrong in a file of a flake, and the same as a finding of a conversion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dock2nix.model.finding import FINDING_CODES, Finding
from dock2nix.model.source import Location

if TYPE_CHECKING:
    from collections.abc import Iterable


class Fault(Struct, frozen=True, kw_only=True, order=True):
    """What is wrong at a place of a file; `path` is relative to the flake's root, `code` a finding code."""

    path: str
    line: int = 1
    column: int = 1
    code: str
    message: str

    @property
    def slug(self) -> str:
        return FINDING_CODES[self.code][0]

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.message} [{self.code}]"


def fault_findings(faults: Iterable[Fault], dockerfile: str) -> tuple[Finding, ...]:
    """Faults of generated files as findings at the top of the Dockerfile: they are dock2nix's own, no line of it is to blame."""
    return tuple(
        Finding(
            code=fault.code,
            message=f"{fault.path}:{fault.line}:{fault.column}: {fault.message}",
            location=Location(path=dockerfile, first_line=1, last_line=1),
            hint="a fault of dock2nix: please report it with the Dockerfile",
        )
        for fault in faults
    )
