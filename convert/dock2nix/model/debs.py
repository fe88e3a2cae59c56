"""Packages of Debian or Ubuntu that come as the distribution's own files: what nix/debs.json holds."""

from __future__ import annotations

from msgspec import Struct

from dock2nix.model.packages import (  # noqa: TC001 - msgspec reads the types when it decodes a lock
    AttributePath,
    SriHash,
)


class Deb(Struct, frozen=True, kw_only=True):
    """One .deb file. `needed_by` is the package that depends on it, "" for one that the Dockerfile asks for."""

    name: str
    version: str
    architecture: str
    section: str
    url: str
    hash: SriHash
    needed_by: str = ""


class FurtherPackage(Struct, frozen=True, kw_only=True):
    """A package of nixpkgs that takes the place of one that a .deb file depends on. `source` is its flake input, "" for nixpkgs."""

    attribute_path: AttributePath
    source: str = ""
    needed_by: str


class DebRemark(Struct, frozen=True, kw_only=True):
    """Something to be said of a package: the finding's code, the package as the Dockerfile has it ("": all of them), the words."""

    code: str
    name: str = ""
    text: str
    hint: str = ""


class DebLock(Struct, frozen=True, kw_only=True):
    """What nix/debs.json holds. `request` is the digest of what was asked for.

    `system` is the only one that the files are for, "" when they are for any. `libraries` are packages of nixpkgs (attribute path, output) that
    machine code and scripts of the files need, `missing` libraries that nothing has. `programs` are those in the files by name,
    `folders` the folders of /var that they make, `top` those of their folders that an image has at its root besides the usual ones, and
    `usr` those that it has below /usr.
    """

    request: str
    distribution: str
    release: str
    system: str = ""
    packages: tuple[Deb, ...]
    libraries: tuple[tuple[AttributePath, str], ...] = ()
    further: tuple[FurtherPackage, ...] = ()
    missing: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    top: tuple[str, ...] = ()
    usr: tuple[str, ...] = ()
    remarks: tuple[DebRemark, ...] = ()
