"""Hashes of Nix (Subresource Integrity) in the forms of the bills of materials."""

from __future__ import annotations

import base64

_ALGORITHMS = {"sha1": "SHA-1", "sha256": "SHA-256", "sha512": "SHA-512"}


def algorithm(sri: str) -> str:
    """`SHA-256` for `sha256-…`, as CycloneDX writes it."""
    return _ALGORITHMS[sri.partition("-")[0]]


def hex_value(sri: str) -> str:
    """The hash in hexadecimal digits."""
    return base64.b64decode(sri.partition("-")[2]).hex()


def hex_digest(sri: str) -> str:
    """`sha256 0123…`: the algorithm and the hash in hexadecimal digits."""
    return f"{sri.partition('-')[0]} {hex_value(sri)}"
