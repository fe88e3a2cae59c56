"""Paths of images and build contexts."""

from __future__ import annotations

import posixpath


def normal_path(path: str) -> str:
    """A path without `.`, `..`, and slashes too many, as Docker cleans it (Go's path.Clean).

    `posixpath.normpath` keeps two slashes in front, which POSIX leaves to each system; an image knows no such paths.

    Args:
        path: absolute or relative; "" is `.`.
    """
    found = posixpath.normpath(path)
    return found[1:] if found.startswith("//") else found
