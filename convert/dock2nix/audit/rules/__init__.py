"""The rules of the audit: one a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.audit.rules import (
    base_images,
    certificates,
    downloads,
    encryption,
    keys,
    near_misses,
    package_indexes,
    package_versions,
    piped_scripts,
    repositories,
    root,
    secrets,
    set_user_id,
    signatures,
    sources,
    weak_checksums,
)

if TYPE_CHECKING:
    from dock2nix.audit.base import Rule

RULES: tuple[Rule, ...] = (
    base_images,
    certificates,
    downloads,
    encryption,
    keys,
    near_misses,
    package_indexes,
    package_versions,
    piped_scripts,
    repositories,
    root,
    secrets,
    set_user_id,
    signatures,
    sources,
    weak_checksums,
)

WHY = {rule.CODE: rule.WHY for rule in RULES}
