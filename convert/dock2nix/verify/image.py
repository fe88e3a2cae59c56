"""A container image in an archive: its configuration and its files."""

from __future__ import annotations

import hashlib
import json
import posixpath
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from dock2nix.errors import UsageError
from dock2nix.paths import normal_path
from dock2nix.verify.archive import read_archive
from dock2nix.verify.tree import merged

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dock2nix.verify.archive import Contents
    from dock2nix.verify.tree import FileTree

_INDEXES = {
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
}
_MOST_LAYERS = 1000


class Image(Struct, frozen=True, kw_only=True):
    """An image. `identifier` is the SHA-256 of its configuration, which `docker images` shows; `config` that of containers."""

    identifier: str
    tags: tuple[str, ...]
    architecture: str
    config: Mapping[str, Any]
    layers: int
    tree: FileTree

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(entry.size for entry in self.tree.walk())


class _Manifest(Struct, frozen=True, kw_only=True):
    """The names of an image's parts in the archive."""

    config: str
    layers: tuple[str, ...]
    tags: tuple[str, ...] = ()


def read_image(path: Path, platform: str = "amd64") -> Image:
    """The image in a docker-archive or in the tar of an OCI image layout.

    Args:
        path: the archive.
        platform: the architecture to take of an OCI image that is for several.

    Raises:
        UsageError: it cannot be read, holds no image, or parts of the image are not in it.
    """
    contents = read_archive(path)
    try:
        manifest = _manifest(contents, platform)
        raw = _document(contents, manifest.config)
        document = _mapping(json.loads(raw))
        config = _mapping(document.get("config") or {})
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise UsageError(f"{path}: holds no image: {error}") from error
    if len(manifest.layers) > _MOST_LAYERS:
        raise UsageError(f"{path}: more than {_MOST_LAYERS} layers")
    return Image(
        identifier=hashlib.sha256(raw).hexdigest(),
        tags=manifest.tags,
        architecture=str(document.get("architecture", "")),
        config=config,
        layers=len(manifest.layers),
        tree=merged(_layer(path, contents, name) for name in manifest.layers),
    )


def _manifest(contents: Contents, platform: str) -> _Manifest:
    if "manifest.json" in contents.documents:
        first = _mapping(_list(json.loads(contents.documents["manifest.json"]))[0])
        return _Manifest(
            config=str(first["Config"]),
            layers=tuple(map(str, _list(first["Layers"]))),
            tags=tuple(map(str, _list(first.get("RepoTags") or []))),
        )
    if "index.json" not in contents.documents:
        raise ValueError("neither manifest.json nor index.json is in it")
    index = _mapping(json.loads(contents.documents["index.json"]))
    return _oci_manifest(contents, _mapping(_list(index["manifests"])[0]), platform)


def _oci_manifest(contents: Contents, descriptor: Mapping[str, Any], platform: str) -> _Manifest:
    """The manifest that a descriptor leads to; an index may stand in between, but no second one."""
    name = str((descriptor.get("annotations") or {}).get("org.opencontainers.image.ref.name", ""))
    for _ in range(2):
        document = _mapping(json.loads(_document(contents, _blob(descriptor))))
        if "manifests" not in document and document.get("mediaType") not in _INDEXES:
            return _Manifest(
                config=_blob(_mapping(document["config"])),
                layers=tuple(_blob(_mapping(layer)) for layer in _list(document["layers"])),
                tags=(name,) if name else (),
            )
        choices = [_mapping(one) for one in _list(document["manifests"])]
        fitting = [one for one in choices if (one.get("platform") or {}).get("architecture") == platform]
        if not fitting:
            raise ValueError(f"it has no image for {platform}")
        descriptor = fitting[0]
    raise ValueError("its indexes are nested")


def _blob(descriptor: Mapping[str, Any]) -> str:
    kind, _, digest = str(descriptor["digest"]).partition(":")
    return f"blobs/{kind}/{digest}"


def _document(contents: Contents, name: str) -> bytes:
    found = contents.documents.get(_followed(contents, name))
    if found is None:
        raise ValueError(f"{name[:200]} is not in it")
    return found


def _layer(path: Path, contents: Contents, name: str) -> tuple[Any, ...]:
    found = contents.layers.get(_followed(contents, name), "it is not in the archive")
    if isinstance(found, str):
        raise UsageError(f"{path}: layer {name[:200]}: {found}")
    return found


def _followed(contents: Contents, name: str) -> str:
    """A member that is a link stands for another one: older versions of docker write layers that repeat so."""
    for _ in range(8):
        if name not in contents.links:
            return name
        target = contents.links[name]
        name = normal_path(posixpath.join("/", posixpath.dirname(name), target)).lstrip("/")
    return name


def _mapping(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("a document is not as it must be")
    return value


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("a document is not as it must be")
    return value
