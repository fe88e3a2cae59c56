"""A Dockerfile converted and built by real Nix, and a look into the image."""

from __future__ import annotations

import gzip
import io
import json
import posixpath
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dock2nix.cli import main
from nix.notes import write
from nix_lab import available_nixes, build_flake

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from nix_lab import StandIn

_MOST_LINKS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """`config` as in the image, `entries` by path without leading slash, `texts` what the files hold."""

    config: Mapping[str, Any]
    entries: Mapping[str, tarfile.TarInfo]
    texts: Mapping[str, bytes]

    def path(self, path: str) -> str:
        """Where a path leads to when all links are followed, as a container would.

        Raises:
            AssertionError: it leads nowhere, or in circles.
        """
        left, found = [part for part in path.split("/") if part], ""
        for _ in range(_MOST_LINKS * 10):
            if not left:
                return found
            found = posixpath.normpath(posixpath.join(found, left.pop(0)))
            entry = self.entries.get(found)
            assert entry, f"{path}: there is no {found}"
            if entry.issym():
                goal = posixpath.join("/", posixpath.dirname(found), entry.linkname)
                left = [part for part in posixpath.normpath(goal).split("/") if part] + left
                found = ""
        raise AssertionError(f"{path}: links in circles")

    def entry(self, path: str) -> tarfile.TarInfo:
        """What a path leads to."""
        return self.entries[self.path(path)]

    def read(self, path: str) -> str:
        """The text of the file that a path leads to."""
        return self.texts[self.path(path)].decode()

    def owner(self, path: str) -> tuple[int, int]:
        """The numbers of a file's owner and group; a link's are its own."""
        entry = self.entries[path.lstrip("/")]
        return entry.uid, entry.gid


def converted(folder: Path, dockerfile: str, files: Mapping[str, str]) -> Path:
    """The folder, as flake, of a Dockerfile with its build context."""
    for name, text in {"Dockerfile": dockerfile, **files}.items():
        write(folder / name, text)
    main([str(folder / "Dockerfile"), "--quiet"])
    return folder


def built(flake: Path, packages: Mapping[str, Mapping[str, StandIn]] | None = None) -> Image:
    """The image of a flake, built twice alike."""
    return read_image(build_flake(flake, available_nixes()[-1], packages))


def read_image(archive: Path) -> Image:
    """What is in a docker-archive, layer over layer."""
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(archive.read_bytes()))) as image:
        manifest = json.loads(_content(image, "manifest.json"))[0]
        config = json.loads(_content(image, manifest["Config"]))
        layers = [_content(image, name) for name in manifest["Layers"]]
    entries: dict[str, tarfile.TarInfo] = {}
    texts: dict[str, bytes] = {}
    for layer in layers:
        with tarfile.open(fileobj=io.BytesIO(layer)) as files:
            for entry in files:
                name = entry.name.removeprefix("./").rstrip("/")
                entries[name] = entry
                if entry.isreg():
                    texts[name] = _content(files, entry)
    return Image(config=config["config"], entries=entries, texts=texts)


def _content(archive: tarfile.TarFile, member: str | tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member)
    assert file, member
    return file.read()
