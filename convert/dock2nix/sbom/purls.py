"""Package URLs (ECMA-427) of what a flake names.

`nix` is no registered type, only a candidate for one; the standard gives `generic` to packages of a distribution's own making, with
`vcs_url` for where they come from. `pypi`, `npm` and `github` are registered.
"""

from __future__ import annotations

import re
from urllib.parse import quote

_NIXPKGS = "git+https://github.com/NixOS/nixpkgs"


def nixpkgs_purl(name: str, version: str, rev: str) -> str:
    """A package of a revision of nixpkgs."""
    return f"pkg:generic/{_segment(name)}{_version(version)}?vcs_url={quote(f'{_NIXPKGS}@{rev}', safe=':/')}"


def input_purl(rev: str) -> str:
    """A revision of nixpkgs itself."""
    return f"pkg:github/nixos/nixpkgs@{rev}"


def python_purl(name: str, version: str) -> str:
    """A distribution of the Python package index."""
    return f"pkg:pypi/{_segment(re.sub(r'[-_.]+', '-', name).lower())}{_version(version)}"


def node_purl(name: str, version: str) -> str:
    """A package of npm; its scope is the namespace, with `@` encoded."""
    return "pkg:npm/" + "/".join(map(_segment, name.lower().split("/"))) + _version(version)


def deb_purl(distribution: str, release: str, name: str, version: str, architecture: str) -> str:
    """A package of Debian or Ubuntu."""
    return (
        f"pkg:deb/{_segment(distribution)}/{_segment(name)}{_version(version)}"
        f"?arch={_segment(architecture)}&distro={_segment(release)}"
    )


def file_purl(name: str, url: str, checksum: str) -> str:
    """Any other file, by its address and checksum (`sha256:` and hexadecimal digits)."""
    return f"pkg:generic/{_segment(name)}?checksum={checksum}&download_url={quote(url, safe=':/')}"


def image_purl(name: str, tag: str, digest: str) -> str:
    """A container image by its digest (the type `oci` of the package URL types)."""
    last = name.rpartition("/")[2]
    return f"pkg:oci/{_segment(last)}@{quote(digest, safe=':')}?repository_url={quote(name, safe='/')}&tag={_segment(tag)}"


def _segment(text: str) -> str:
    return quote(text, safe="._-~")


def _version(version: str) -> str:
    return f"@{quote(version, safe='._-~:')}" if version else ""
