"""Signing keys that are downloaded, and what they are trusted for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dock2nix.audit.downloads import is_check_file
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.audit.downloads import Download

_LONGEST_NAME = 255
_TRUSTING = frozenset({"apt-key", "gpg", "gpg2", "rpm", "rpmkeys"})
_KEY_FILE = regex(
    r"(?:\.asc|\.gpg|\.gpgkey|\.key|\.pub|\.pgp|/RPM-GPG-KEY[^/]*|/KEYS?|/gpg|/gpgkey)$", re.IGNORECASE
)
_KEY_FOLDER = regex(
    r"/(?:etc/apt/(?:trusted\.gpg\.d|keyrings)|usr/share/keyrings|etc/apk/keys|etc/pki/rpm-gpg)(?:/|$)"
)


def is_key_download(download: Download) -> bool:
    """Whether what is fetched is a key that packages are checked with: by its reader, its place or its name."""
    command, run = download.command, download.run
    if command is None or run is None:
        return looks_like_key(download.url)
    reader = run.readers.get(command.position)
    if reader is not None and reader.name in _TRUSTING:
        return True
    targets = [word.value or "" for word in command.invocation.arguments]
    targets += [one.target.value or "" for one in command.shell.redirects if one.target]
    if reader is not None:
        targets += [word.value or "" for word in reader.invocation.arguments]
    return looks_like_key(download.url) or any(_KEY_FOLDER.search(target) for target in targets)


def looks_like_key(url: str) -> bool:
    """Whether an address has the name of a key."""
    path = url.partition("?")[0].partition("#")[0]
    return not is_check_file(path) and _KEY_FILE.search(path[-_LONGEST_NAME:]) is not None
