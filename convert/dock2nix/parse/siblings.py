"""Dockerfiles beside the one that is converted, which build the images that it stands on.

docker-compose says which file an image is built of (`build` and `image` of a service, compose-spec.md). Else the names tell: the
folder or the ending of a Dockerfile is what the image is called (`base/Dockerfile`, `Dockerfile.base` for `acme/base`, `acme/app:base`
and `acme/app-base`). Only regular files below the build context are read.
"""

from __future__ import annotations

import os
import posixpath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from dock2nix.parse.references import image_reference
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.model.dockerfile import ImageReference

_COMPOSE = frozenset({"compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"})
_SKIPPED = frozenset({"node_modules", "vendor", "venv"})
_LARGEST = 2**20
_MOST_FILES = 20_000
_DEEPEST = 6
_NAMED = regex(r"(?:(.+)\.)?Dockerfile(?:[.-](.+))?|(.+)\.dockerfile")
_VERSION = regex(r"v?[0-9][0-9a-z.]*|latest|main|master|stable|edge")


class Sibling(Struct, frozen=True, kw_only=True):
    """A Dockerfile that builds an image: `path` and `context` are relative to the build context ("" : its root).

    `context` is None when nothing says it; `target` is the stage, "" for the last. `certain`: a file says so, no name.
    """

    path: str
    context: str | None
    target: str = ""
    certain: bool = False


def find_siblings(reference: ImageReference, root: Path, own: Path | None) -> tuple[Sibling, ...]:
    """The Dockerfiles that may build an image: the one that docker-compose names, else all whose names fit.

    Args:
        reference: the image.
        root: the build context.
        own: the Dockerfile that stands on it, which is none of them.
    """
    files = tuple(_files(root))
    mine = own.resolve() if own else None
    others = [path for path in files if (root / path).resolve() != mine]
    said = [one for path in files for one in _composed(root, path, reference) if one.path in others]
    if said:
        return tuple(said[:1])
    names = frozenset(_names(reference))
    return tuple(
        Sibling(path=path, context=None) for path in others if not names.isdisjoint(_called(path)) and names
    )


def _files(root: Path) -> Iterator[str]:
    """Dockerfiles and compose files, sorted, relative to the root."""
    seen = 0
    for parent, folders, names in os.walk(root):
        depth = len(Path(parent).relative_to(root).parts)
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and name not in _SKIPPED and depth < _DEEPEST
        )
        seen += len(names)
        if seen > _MOST_FILES:
            return
        for name in sorted(names):
            if (name in _COMPOSE or _NAMED.fullmatch(name)) and not (Path(parent) / name).is_symlink():
                yield (Path(parent) / name).relative_to(root).as_posix()


def _plain(name: str) -> str:
    """`NodeBase` and `node-base` are one name."""
    return name.lower().replace("-", "").replace("_", "").replace(".", "")


def _names(reference: ImageReference) -> Iterator[str]:
    """What a Dockerfile of an image may be called by: the last part of its name, what that ends in, a tag that is no version."""
    last = reference.repository.rpartition("/")[2]
    yield _plain(last)
    for mark in ("-", "_"):
        ending = last.rpartition(mark)[2]
        if ending != last and len(ending) > 2:
            yield _plain(ending)
    if reference.tag and not _VERSION.fullmatch(reference.tag):
        yield _plain(reference.tag)


def _called(path: str) -> frozenset[str]:
    """What a Dockerfile is called by."""
    folder, name = posixpath.split(path)
    found = _NAMED.fullmatch(name)
    if found is None:
        return frozenset()
    own = found[1] or found[2] or found[3]
    return frozenset({_plain(own or posixpath.basename(folder))} - {""})


# --- docker-compose ---


def _composed(root: Path, path: str, reference: ImageReference) -> Iterator[Sibling]:
    if posixpath.basename(path) not in _COMPOSE:
        return
    for service in _services(root / path):
        named = service.get("image")
        image = image_reference(named) if isinstance(named, str) else None
        if image is None or not _is_same(image, reference):
            continue
        found = _built(service.get("build"), posixpath.dirname(path))
        if found is not None:
            yield found


def _is_same(one: ImageReference, other: ImageReference) -> bool:
    names = (one.registry, one.repository, one.tag or "latest")
    return names == (other.registry, other.repository, other.tag or "latest")


def _services(path: Path) -> Iterator[dict[str, Any]]:
    import yaml  # noqa: PLC0415 - few Dockerfiles stand on images of their own project

    try:
        text = path.read_text(encoding="utf-8") if path.stat().st_size <= _LARGEST else ""
        data = yaml.safe_load(text)
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        return
    services = data.get("services") if isinstance(data, dict) else None
    for service in services.values() if isinstance(services, dict) else ():
        if isinstance(service, dict):
            yield service


def _built(build: object, folder: str) -> Sibling | None:
    """`build: ./base` or its long form; None when the context is no folder of the build context."""
    given = {"context": build} if isinstance(build, str) else build if isinstance(build, dict) else {}
    context, name, target = (
        given.get("context"),
        given.get("dockerfile", "Dockerfile"),
        given.get("target", ""),
    )
    if not (isinstance(context, str) and isinstance(name, str) and isinstance(target, str)):
        return None
    inside = posixpath.normpath(posixpath.join(folder, context))
    path = posixpath.normpath(posixpath.join(inside, name))
    if inside.startswith(("..", "/")) or path.startswith(("..", "/")):
        return None
    return Sibling(path=path, context="" if inside == "." else inside, target=target, certain=True)
