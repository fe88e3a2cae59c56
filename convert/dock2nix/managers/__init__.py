"""The package managers: a module for each, which understands its command lines and resolves its names."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

from dock2nix.managers.base import called_as

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dock2nix.managers.base import PackageManager
    from dock2nix.model.shell import Invocation

# The modules, each with its PROGRAMS: a conversion imports those it meets.
MANAGERS: Mapping[str, tuple[str, ...]] = {
    "apk": ("apk",),
    "apt": (
        *("add-apt-repository", "apt", "apt-add-repository", "apt-cache", "apt-get", "apt-key", "apt-mark"),
        "aptitude",
    ),
    "corepack": ("corepack",),
    "dnf": (
        *("dnf", "dnf-3", "dnf4", "dnf5", "microdnf", "tdnf", "yum", "yum-builddep"),
        "yum-config-manager",
    ),
    "dpkg": ("dpkg", "gdebi"),
    "gem": ("gem",),
    "go": ("go",),
    "npm": ("npm", "npx"),
    "nvm": ("nvm",),
    "php": (
        *("docker-php-ext-configure", "docker-php-ext-enable", "docker-php-ext-install", "docker-php-source"),
        *("install-php-extensions", "pear", "pecl"),
    ),
    "pip": ("easy_install", "ensurepip", "pip", "setup.py"),
    "pipx": ("pipx",),
    "pnpm": ("bun", "bunx", "pnpm", "pnpx"),
    "poetry": ("pdm", "pipenv", "poetry"),
    "rpm": ("rpm", "rpmkeys"),
    "uv": ("uv", "uvx"),
    "yarn": ("yarn", "yarnpkg"),
    "zypper": ("zypper",),
}
_BY_PROGRAM = {program: name for name, programs in MANAGERS.items() for program in programs}


def manager_for(invocation: Invocation) -> PackageManager | None:
    """The package manager that an invocation runs, by folder, version and `python -m` seen through; None for other programs."""
    name = _BY_PROGRAM.get(called_as(invocation)[0])
    return manager_named(name) if name else None


def manager_named(name: str) -> PackageManager:
    """The package manager of that name (`Requirement.manager`).

    Raises:
        KeyError: there is none.

    """
    if name not in MANAGERS:
        raise KeyError(name)
    return cast("PackageManager", import_module(f"{__name__}.{name}"))
