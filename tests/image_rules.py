"""What every image that dock2nix makes must be: whole, as its report says, without dates, and without a trace of the build machine."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from typing import TYPE_CHECKING, Any

from dock2nix.verify.configuration import compare_config

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

CREATED = "1970-01-01T00:00:01Z"
_KEYS = {
    "Cmd", "Entrypoint", "Env", "ExposedPorts", "Healthcheck", "Labels", "OnBuild", "Shell", "StopSignal", "User", "Volumes",
    "WorkingDir",
}  # fmt: skip
_DATES = {
    0,
    1,
    315532800,
}  # of the store, and stdenv's SOURCE_DATE_EPOCH: the first second of 1980, with which dockerTools packs
# Where Nix's builders work, and as whom (`/build/` alone stands in what Debian built, of which stand-ins are made).
_BUILD = (b"/build/source", b"/build/env-vars", b"/tmp/nix-build-", b"nixbld")


def image_problems(archive: Path, report: Mapping[str, Any], machine: tuple[str, ...]) -> list[str]:
    """What is wrong with a docker-archive.

    Args:
        archive: as built; plain or gzipped.
        report: the nix/report.json of its conversion.
        machine: folders of this machine, which the image must not name.

    Returns:
        Sentences, none when all is well.
    """
    content = archive.read_bytes()
    plain = gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
    with tarfile.open(fileobj=io.BytesIO(plain)) as members:
        manifest = json.loads(_read(members, "manifest.json"))
        config = json.loads(_read(members, manifest[0]["Config"]))
        layers = [_read(members, name) for name in manifest[0]["Layers"]]
    names = tuple(path.encode() for path in machine) + _BUILD
    return [
        *_manifest(manifest, report),
        *_config(config, report),
        *_digests(config, layers),
        *(problem for layer in layers for problem in _layer(layer, names)),
    ]


def _read(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    assert file, name
    return file.read()


def _manifest(manifest: list[dict[str, Any]], report: Mapping[str, Any]) -> Iterator[str]:
    tag = f"{report['image']['name']}:{report['image']['tag']}"
    if len(manifest) != 1 or manifest[0]["RepoTags"] != [tag]:
        yield f"the manifest does not name one image {tag}: {manifest}"


def _config(document: Mapping[str, Any], report: Mapping[str, Any]) -> Iterator[str]:
    if document["created"] != CREATED:
        yield f"created {document['created']}, not {CREATED}"
    if (document["architecture"], document["os"]) != ("amd64", "linux"):
        yield f"for {document['os']}/{document['architecture']}"
    config = document["config"]
    yield from (f"{key} is no key of a configuration" for key in sorted(config.keys() - _KEYS))
    told = dict(report["image"]["config"])
    for key in ("ExposedPorts", "Volumes"):
        told[key] = {one: {} for one in told.get(key, ())}
    # Values that are store paths are told as ${pkgs.NAME}: only that they are there can be compared.
    paths = {one.partition("=")[0] for one in told.get("Env", ()) if "${pkgs." in one}
    for one in compare_config(config, told):
        if not (one.aspect == "env" and one.subject in paths and one.ours):
            yield f"the configuration is not that of the report: {one}"


def _digests(document: Mapping[str, Any], layers: list[bytes]) -> Iterator[str]:
    found = [f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in layers]
    if document["rootfs"]["diff_ids"] != found:
        yield "the layers are not those whose digests the configuration has"


def _layer(layer: bytes, names: tuple[bytes, ...]) -> Iterator[str]:
    with tarfile.open(fileobj=io.BytesIO(layer)) as archive:
        for entry in archive:
            yield from _entry(entry)
            file = archive.extractfile(entry) if entry.isreg() else None
            text = b"\n".join([file.read() if file else b"", entry.name.encode(), entry.linkname.encode()])
            yield from (f"{entry.name} names {name.decode()}" for name in names if name in text)


def _entry(entry: tarfile.TarInfo) -> Iterator[str]:
    if entry.mtime not in _DATES:
        yield f"{entry.name} has a date: {entry.mtime}"
    if entry.mode & 0o002 and not entry.issym() and not (entry.isdir() and entry.mode & 0o1000):
        yield f"{entry.name} can be written by anybody: {entry.mode:o}"
    if entry.uname not in {"", "root", str(entry.uid)} or entry.gname not in {"", "root", str(entry.gid)}:
        yield f"{entry.name} belongs to {entry.uname}:{entry.gname}, which are names of this machine"
    if not (entry.isreg() or entry.isdir() or entry.issym() or entry.islnk()):
        yield f"{entry.name} is neither a file nor a folder nor a link"
