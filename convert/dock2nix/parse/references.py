"""Image references, read and normalised as Docker does it."""

from __future__ import annotations

import re

from dock2nix.model.dockerfile import ImageReference
from dock2nix.regex import regex

_HOST_PART = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_HOST = regex(rf"(?:{_HOST_PART}(?:\.{_HOST_PART})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?")
_PATH_PART = regex("[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*")
_TAG = regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = regex("[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:([0-9a-fA-F]{32,})")
_HEX_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}
_MAXIMUM_NAME = 255
_HUB = frozenset({"docker.io", "index.docker.io"})


def image_reference(text: str) -> ImageReference | None:
    """The image that `text` names, in the grammar of the OCI distribution specification with Docker's short forms.

    Args:
        text: as behind FROM: `python`, `library/python:3`, `ghcr.io/owner/name@sha256:…`.

    Returns:
        The reference; `registry` is empty for Docker Hub, `tag` and `digest` when none is given, `repository` has no
        `library/`. None when Docker would say "invalid reference format".

    """
    name, _, digest = text.partition("@")
    registry, rest = _split_registry(name)
    repository, colon, tag = rest.partition(":")
    if ("@" in text and not _is_digest(digest)) or (colon and not _TAG.fullmatch(tag)):
        return None
    if not _is_repository(registry, repository) or re.fullmatch("[a-f0-9]{64}", text):
        return None
    if registry in _HUB:
        registry, repository = "", repository.removeprefix("library/")
    elif not registry:
        repository = repository.removeprefix("library/")
    return ImageReference(registry=registry, repository=repository, tag=tag, digest=digest, text=text)


def _split_registry(name: str) -> tuple[str, str]:
    """What is before the first slash is a registry when it cannot be a part of a repository's name."""
    first, slash, rest = name.partition("/")
    if slash and (first == "localhost" or "." in first or ":" in first or first != first.lower()):
        return first, rest
    return "", name


def _is_repository(registry: str, repository: str) -> bool:
    if registry and not _HOST.fullmatch(registry):
        return False
    # What is meant by `repository` alone is docker.io/library/repository.
    full = repository if (registry and registry not in _HUB) or "/" in repository else f"library/{repository}"
    if len(full) > _MAXIMUM_NAME:
        return False
    return all(_PATH_PART.fullmatch(part) for part in repository.split("/"))


def _is_digest(digest: str) -> bool:
    match = _DIGEST.fullmatch(digest)
    length = _HEX_LENGTHS.get(digest.partition(":")[0])
    return match is not None and length == len(match[1]) and match[1] == match[1].lower()
