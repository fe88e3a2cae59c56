"""The package managers: a module for each, which understands its command lines and resolves its names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.managers import (
    apk,
    apt,
    corepack,
    dnf,
    dpkg,
    npm,
    php,
    pip,
    pipx,
    pnpm,
    poetry,
    rpm,
    uv,
    yarn,
    zypper,
)
from dock2nix.managers.base import called_as

if TYPE_CHECKING:
    from dock2nix.managers.base import PackageManager
    from dock2nix.model.shell import Invocation

MANAGERS: tuple[PackageManager, ...] = (
    apk,
    apt,
    corepack,
    dnf,
    dpkg,
    npm,
    php,
    pip,
    pipx,
    pnpm,
    poetry,
    rpm,
    uv,
    yarn,
    zypper,
)
_BY_PROGRAM = {program: manager for manager in MANAGERS for program in manager.PROGRAMS}
_BY_NAME = {manager.NAME: manager for manager in MANAGERS}


def manager_for(invocation: Invocation) -> PackageManager | None:
    """The package manager that an invocation runs, by folder, version and `python -m` seen through; None for other programs."""
    return _BY_PROGRAM.get(called_as(invocation)[0])


def manager_named(name: str) -> PackageManager:
    """The package manager of that name (`Requirement.manager`).

    Raises:
        KeyError: there is none.

    """
    return _BY_NAME[name]
