"""Image archives made in the tests: as `docker save` writes them and as tars of an OCI image layout, compressed or not."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import zstandard

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A member of a layer: a file unless `target` (a link) or `folder` says otherwise."""

    text: str = ""
    mode: int = 0o644
    owner: tuple[int, int] = (0, 0)
    target: str = ""
    hard: bool = False
    folder: bool = False
    date: int = 1


def folder(mode: int = 0o755, owner: tuple[int, int] = (0, 0)) -> Item:
    return Item(folder=True, mode=mode, owner=owner)


def link(target: str, *, hard: bool = False) -> Item:
    return Item(target=target, hard=hard, mode=0o777)


def layer(items: Mapping[str, Item]) -> bytes:
    """The tar of a layer, its members in the order given."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for path, item in items.items():
            archive.addfile(*_member(path, item))
    return stream.getvalue()


def _member(path: str, item: Item) -> tuple[tarfile.TarInfo, io.BytesIO | None]:
    info = tarfile.TarInfo(path)
    info.mode, info.mtime, (info.uid, info.gid) = item.mode, item.date, item.owner
    if item.folder:
        info.type = tarfile.DIRTYPE
    elif item.target:
        info.type, info.linkname = tarfile.LNKTYPE if item.hard else tarfile.SYMTYPE, item.target
    else:
        info.size = len(item.text.encode())
        return info, io.BytesIO(item.text.encode())
    return info, None


def compress(content: bytes, how: str) -> bytes:
    """`how` is gzip, zstd or "" for not at all."""
    if how == "gzip":
        return gzip.compress(content, mtime=0)
    return zstandard.ZstdCompressor().compress(content) if how == "zstd" else content


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """An image to write: its layers' members, lowest first, and the `config` object."""

    layers: Sequence[Mapping[str, Item]]
    config: Mapping[str, Any] = field(default_factory=dict)
    architecture: str = "amd64"

    def _document(self, layers: Sequence[bytes]) -> bytes:
        return _json(
            {
                "architecture": self.architecture,
                "os": "linux",
                "config": self.config,
                "created": "2024-01-01T00:00:00Z",
                "rootfs": {"type": "layers", "diff_ids": [_digest(one) for one in layers]},
            }
        )

    def docker(self, path: Path, how: str = "", layers_how: str = "") -> Path:
        """Write it as `docker save` does."""
        layers = [compress(layer(items), layers_how) for items in self.layers]
        config = self._document(layers)
        names = [f"{_digest(one)[7:]}/layer.tar" for one in layers]
        name = f"{_digest(config)[7:]}.json"
        members = {
            "manifest.json": _json([{"Config": name, "RepoTags": ["app:latest"], "Layers": names}]),
            name: config,
            **dict(zip(names, layers, strict=True)),
        }
        path.write_bytes(compress(_tar(members), how))
        return path

    def oci(self, path: Path, how: str = "", layers_how: str = "gzip", *, index: bool = False) -> Path:
        """Write it as an OCI image layout; with `index` it is one of two images for different processors."""
        layers = [compress(layer(items), layers_how) for items in self.layers]
        config = self._document(layers)
        manifest = _json(
            {"schemaVersion": 2, "config": _descriptor(config), "layers": [*map(_descriptor, layers)]}
        )
        blobs = [config, manifest, *layers]
        described = _descriptor(manifest)
        if index:
            other = described | {
                "digest": f"sha256:{'0' * 64}",
                "platform": {"architecture": "arm64", "os": "linux"},
            }
            mine = described | {"platform": {"architecture": self.architecture, "os": "linux"}}
            blobs.append(_json({"schemaVersion": 2, "manifests": [other, mine]}))
            described = _descriptor(blobs[-1])
        members = {f"blobs/sha256/{_digest(blob)[7:]}": blob for blob in blobs}
        members |= {
            "oci-layout": _json({"imageLayoutVersion": "1.0.0"}),
            "index.json": _json({"manifests": [described]}),
        }
        path.write_bytes(compress(_tar(members), how))
        return path


def _tar(members: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def _json(document: object) -> bytes:
    return json.dumps(document).encode()


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _descriptor(content: bytes) -> dict[str, Any]:
    return {"digest": _digest(content), "size": len(content)}
