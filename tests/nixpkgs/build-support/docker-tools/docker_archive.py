"""Write a docker-archive to standard output: a root layer, the store paths it needs, and a configuration.

Every part is in a fixed order with fixed times, so the same input gives the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import sys
import tarfile
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

EPOCH = 315532800  # nixpkgs' SOURCE_DATE_EPOCH: the first of January 1980


def references(graph: Path) -> Iterator[str]:
    """The store paths of a file as Nix writes it for exportReferencesGraph: path, deriver, number, that many references."""
    lines = iter(graph.read_text().splitlines())
    for path in lines:
        next(lines)
        for _ in range(int(next(lines))):
            next(lines)
        yield path


def entry_for(path: Path, owner: dict[str, Any]) -> tarfile.TarInfo:
    """The header of a file of the store, as it is to be in the image."""
    entry = tarfile.TarInfo(str(path).lstrip("/"))
    status = path.lstat()
    entry.mode = status.st_mode & 0o7777
    entry.mtime = EPOCH
    entry.uid, entry.gid = owner["uid"], owner["gid"]
    entry.uname, entry.gname = owner["uname"], owner["gname"]
    if path.is_symlink():
        entry.type, entry.linkname = tarfile.SYMTYPE, str(path.readlink())
    elif path.is_dir():
        entry.type = tarfile.DIRTYPE
    else:
        entry.size = status.st_size
    return entry


def walk(path: Path) -> Iterator[Path]:
    """The path and all below it, sorted."""
    yield path
    if path.is_dir() and not path.is_symlink():
        for below in sorted(path.iterdir()):
            yield from walk(below)


def add_store_paths(archive: tarfile.TarFile, paths: Iterable[str], owner: dict[str, Any]) -> None:
    """Add /nix/store with the given paths."""
    for folder in ("nix", "nix/store"):
        entry = tarfile.TarInfo(folder)
        entry.type, entry.mode, entry.mtime = tarfile.DIRTYPE, 0o555, EPOCH
        archive.addfile(entry)
    for path in paths:
        for file in walk(Path(path)):
            entry = entry_for(file, owner)
            archive.addfile(entry, io.BytesIO(file.read_bytes()) if entry.isreg() else None)


def add_root(archive: tarfile.TarFile, layer: Path, owner: dict[str, Any] | None) -> None:
    """Add the root of the image; `owner` None keeps the owners that it was packed with."""
    with tarfile.open(layer) as source:
        for entry in source:
            if owner:
                entry.uid, entry.gid, entry.uname, entry.gname = owner["uid"], owner["gid"], "", ""
            archive.addfile(entry, source.extractfile(entry) if entry.isreg() else None)


def packed(fill: Callable[[tarfile.TarFile], None]) -> bytes:
    """The bytes of a tar archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        fill(archive)
    return buffer.getvalue()


def new_layers(root: Path, paths: list[str], settings: dict[str, Any], room: int) -> list[bytes]:
    """The layers of this image: one with everything, or one for each store path as far as there is room, the root last."""
    owner = {key: settings[key] for key in ("uid", "gid", "uname", "gname")}
    nobody = {"uid": 0, "gid": 0, "uname": "", "gname": ""}
    if settings["maxLayers"] == 1:

        def everything(archive: tarfile.TarFile) -> None:
            add_root(archive, root, owner)
            if paths:
                add_store_paths(archive, paths, nobody)

        return [packed(everything)]
    alone, together = paths[: max(room - 2, 0)], paths[max(room - 2, 0) :]
    groups = [[path] for path in alone] + ([together] if together else [])
    layers = [packed(partial(add_store_paths, paths=group, owner=owner)) for group in groups]
    return [*layers, packed(lambda archive: add_root(archive, root, None))]


def base_image(archive: Path) -> tuple[list[bytes], dict[str, Any]]:
    """The layers and the configuration of the image that this one stands on."""

    def read(image: tarfile.TarFile, name: str) -> bytes:
        member = image.extractfile(name)
        if member is None:
            raise ValueError(f"{archive}: {name} is not a file")
        return member.read()

    with tarfile.open(archive) as image:
        manifest = json.loads(read(image, "manifest.json"))[0]
        config = json.loads(read(image, manifest["Config"]))
        return [read(image, name) for name in manifest["Layers"]], config


def image_files(layers: list[bytes], config: dict[str, Any], reference: str) -> dict[str, bytes]:
    """All files of the docker-archive, by name."""
    digests = [hashlib.sha256(layer).hexdigest() for layer in layers]
    config["rootfs"] = {"type": "layers", "diff_ids": [f"sha256:{digest}" for digest in digests]}
    config["history"] = [{"created": config["created"]} for _ in layers]
    configuration = json.dumps(config, sort_keys=True).encode()
    config_name = hashlib.sha256(configuration).hexdigest() + ".json"
    names = [f"{digest}/layer.tar" for digest in digests]
    repository, _, tag = reference.rpartition(":")
    manifest = [{"Config": config_name, "RepoTags": [reference], "Layers": names}]
    return {
        **dict(zip(names, layers, strict=True)),
        config_name: configuration,
        "manifest.json": json.dumps(manifest).encode(),
        "repositories": json.dumps({repository: {tag: digests[-1]}}).encode(),
    }


def write(files: dict[str, bytes]) -> None:
    """Write them as a tar archive to standard output."""
    with tarfile.open(fileobj=sys.stdout.buffer, mode="w|", format=tarfile.GNU_FORMAT) as archive:
        for name in sorted(files):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime, entry.mode = len(files[name]), EPOCH, 0o444
            archive.addfile(entry, io.BytesIO(files[name]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--layer", type=Path, required=True)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--settings", type=Path, required=True)
    parser.add_argument("--closure", type=Path, action="append", required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--from", dest="base", type=Path)
    options = parser.parse_args()

    settings = json.loads(options.settings.read_text())
    config = json.loads(options.config.read_text())
    if config["created"] == "now":
        config["created"] = datetime.now(UTC).isoformat(timespec="seconds")
    below: list[bytes] = []
    if options.base:
        below, old = base_image(options.base)
        config["config"] = config["config"] or {}
        config["config"]["Env"] = (old["config"].get("Env") or []) + (config["config"].get("Env") or [])
    excluded = {str(options.layer), str(options.config)}
    paths = sorted({path for graph in options.closure for path in references(graph)} - excluded)
    layers = below + new_layers(
        options.layer / "layer.tar", paths, settings, settings["maxLayers"] - len(below)
    )
    write(image_files(layers, config, options.name))


if __name__ == "__main__":
    main()
