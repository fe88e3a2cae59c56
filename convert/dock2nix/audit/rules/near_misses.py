"""Names of packages that are one slip of the finger from well-known ones (typosquatting)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.audit.fates import fate_of_packages
from dock2nix.audit.well_known import near_name
from dock2nix.model.finding import Finding
from dock2nix.model.packages import Action

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.audit.model import Subject
    from dock2nix.model.packages import Requirement

CODE = "D2N517"
WHY = (
    "Names that differ from well-known ones by a letter are registered by people who wait for slips: what is installed then is "
    "theirs, and its scripts run in the build."
)
_TABLES = {
    "pip": "pip",
    "pipx": "pip",
    "uv": "pip",
    "poetry": "pip",
    "npm": "npm",
    "yarn": "npm",
    "pnpm": "npm",
}


def find(subject: Subject) -> Iterator[Finding]:
    """One for each such name that nothing is known of; packages of distributions are reviewed before anybody gets them."""
    for asked in subject.asked:
        if asked.install.action is not Action.INSTALL:
            continue
        for one in asked.install.requirements:
            table = _TABLES.get(one.manager, "")
            near = near_name(table, one.name) if table and one.name else ""
            if near and not _is_known(subject, table, one):
                yield Finding(
                    code=CODE,
                    message=f"{one.name} is one slip from {near}: is that what is meant?",
                    location=one.location,
                    hint=fate_of_packages(subject, asked.step),
                )


def _is_known(subject: Subject, table: str, requirement: Requirement) -> bool:
    catalogue, name = subject.catalogue, requirement.name
    if catalogue.curated(table, name) is not None:
        return True
    sets = (
        ("python313Packages", "python312Packages", "python3Packages") if table == "pip" else ("nodePackages",)
    )
    return any(_has(subject, f"{one}.{name}") for one in sets)


def _has(subject: Subject, path: str) -> bool:
    return subject.catalogue.attribute(path) is not None
