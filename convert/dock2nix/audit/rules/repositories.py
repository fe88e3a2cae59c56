"""Further sources of packages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.audit.fates import fate_of_command
from dock2nix.model.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.audit.model import Subject

CODE = "D2N506"
WHY = (
    "Every further archive can bring packages of any name, in versions that win over those of the distribution: its keepers are "
    "trusted with the whole image."
)


def find(subject: Subject) -> Iterator[Finding]:
    """One for each source of packages that a package manager is told of."""
    for asked in subject.asked:
        for code, message, _ in asked.install.problems:
            if code == CODE:
                fate = fate_of_command(subject, asked.step.location)
                yield Finding(code=CODE, message=message, location=asked.step.location, hint=fate)
