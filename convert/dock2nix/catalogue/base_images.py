"""What `FROM x` brings: published base images as packages of nixpkgs with their configuration and users."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import tomli
from msgspec.structs import replace

from dock2nix.catalogue.image_composition import compose, extended
from dock2nix.catalogue.image_tables import Table, read_likeness, read_row, read_shared
from dock2nix.catalogue.image_tags import read_tag
from dock2nix.errors import UsageError
from dock2nix.folders import data_folder
from dock2nix.model.dockerfile import ImageReference

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dock2nix.catalogue.image_rows import Likeness, Row, Shared
    from dock2nix.model.image import BaseImage

_SHARED = "_shared.toml"
_MIRRORS = "_mirrors.toml"
_HUB = frozenset({"", "docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"})


class BaseImages:
    """The rows of mappings/base-images/, each read when it is first asked for."""

    def __init__(self, folder: Path, overrides: Mapping[str, object]) -> None:
        self._folder = folder
        rows = {_hub_name("", key): value for key, value in overrides.items()}
        likes = {key: read_likeness(value, _place(key)) for key, value in rows.items()}
        self._likes = {key: like for key, like in likes.items() if like is not None}
        self._overrides = {key: value for key, value in rows.items() if key not in self._likes}
        self._images: dict[ImageReference, BaseImage | None] = {}
        self._rows: dict[str, tuple[Row | None, str]] = {}

    @classmethod
    def load(cls, folder: Path | None = None, overrides: Mapping[str, object] | None = None) -> BaseImages:
        """Ready for look-ups; nothing is read yet.

        Args:
            folder: with the tables; by default the one that ships with dock2nix.
            overrides: the user's rows by repository, in the form of ours; they win. A string instead of a row, or the key
                `like` in it, is another image that this one is like, with its tag or the tag that is asked for.

        Raises:
            UsageError: a `like` is not the name of an image.

        """
        return cls(folder or data_folder("mappings") / "base-images", overrides or {})

    def lookup(self, reference: ImageReference) -> BaseImage | None:
        """What that image holds; None when the repository, its version or a word of its tag is not known.

        Raises:
            UsageError: the row that is asked for, or a file, is not as it must be.

        """
        if reference not in self._images:
            self._images[reference] = self._compose(reference)
        return self._images[reference]

    def _compose(self, reference: ImageReference) -> BaseImage | None:
        like = self._likes.get(_hub_name(reference.registry, reference.repository))
        if like:
            image = self.lookup(self._referred(reference, like))
            return extended(image, reference, like.part, self.shared) if image else None
        found = self.row(reference.registry, reference.repository)
        if found is None:
            return None
        reading = read_tag(self.meant_tag(reference), found, self.shared.distributions)
        return compose(reference, found, reading, self.shared) if reading else None

    def _referred(self, reference: ImageReference, like: Likeness) -> ImageReference:
        """The reference that is meant when an image is like another one; a digest does not tell of the other one.

        Raises:
            UsageError: the likenesses lead back to where they began.

        """
        self._check_likeness(_hub_name(reference.registry, reference.repository))
        tag = like.tag or reference.tag
        digest = "" if like.tag else reference.digest
        return replace(reference, registry=like.registry, repository=like.repository, tag=tag, digest=digest)

    def _check_likeness(self, name: str) -> None:
        seen: dict[str, None] = {}
        while name in self._likes:
            if name in seen:
                raise UsageError(f"{_place(name)}: it is like itself: {' → '.join((*seen, name))}")
            seen[name] = None
            name = _hub_name(self._likes[name].registry, self._likes[name].repository)

    def asked_version(self, reference: ImageReference) -> str:
        """The version number in the tag as it is written there (`3.12.4`), "" when there is none or nothing is known."""
        like = self._likes.get(_hub_name(reference.registry, reference.repository))
        if like:
            return self.asked_version(self._referred(reference, like))
        found = self.row(reference.registry, reference.repository)
        reading = read_tag(self.meant_tag(reference), found, self.shared.distributions) if found else None
        return reading.number if reading else ""

    def meant_tag(self, reference: ImageReference) -> str:
        """The tag to be read with the repository's row: that of the other image where the name itself tells the version.

        `ubi9/python-311:1-77` is the 77th image of Python 3.11.
        """
        return self._row_and_tag(_hub_name(reference.registry, reference.repository))[1] or reference.tag

    def row(self, registry: str, repository: str) -> Row | None:
        """The row of a repository, mirrors and other names of it included; that of the other one when it is like one."""
        name = _hub_name(registry, repository)
        like = self._likes.get(name)
        if like:
            self._check_likeness(name)
            return self.row(like.registry, like.repository)
        return self._row_and_tag(name)[0]

    def _row_and_tag(self, name: str) -> tuple[Row | None, str]:
        """The row of a repository or of the one that it is another name of, then with the tag that it stands for."""
        if name not in self._rows:
            row, tag = self._named(name), ""
            if row is None:
                other, tag = self._original(name)
                row = self._named(other)
            self._rows[name] = row, tag
        return self._rows[name]

    def _named(self, key: str) -> Row | None:
        if key in self._overrides:
            return read_row(self._overrides[key], _place(key))
        return self._shipped(key)

    def check(self, repository: str) -> None:
        """See that a row of the user's leads to an image.

        Args:
            repository: its key.

        Raises:
            UsageError: it is like an image that is not known, or names a package set or distribution that is not there.

        """
        name = _hub_name("", repository)
        like = self._likes.get(name)
        image = self.lookup(ImageReference(registry="", repository=name, tag="", digest="", text=name))
        if like and like.tag and image is None:
            raise UsageError(f"{_place(name)}: nothing is known of {like.repository}:{like.tag}")
        if like and self.row("", name) is None:
            raise UsageError(f"{_place(name)}: nothing is known of {like.repository}")

    def repositories(self) -> tuple[str, ...]:
        """All repositories that ship with a row, sorted."""
        rows = (Table(tomli.loads(text), name).table("image").names() for name, text in self._texts.items())
        return tuple(sorted(key for keys in rows for key in keys))

    def _original(self, name: str) -> tuple[str, str]:
        """The repository that `name` is a copy or another name of, and the tag that it stands for, "" for its own."""
        known, prefixes = self._mirrors
        tag = ""
        for _ in range(2):
            prefix = max((one for one in prefixes if name.startswith(one)), key=len, default="")
            name = prefixes.get(prefix, "") + name.removeprefix(prefix)
            name, _, meant = known.get(name, name).partition(":")
            tag = meant or tag
        return name, tag

    def _shipped(self, key: str) -> Row | None:
        """The row of that key. Only its own lines are parsed: a whole file would take too long."""
        header = f'\n[image."{key}"]\n'
        for name, text in self._texts.items():
            start = text.find(header)
            if start >= 0:
                values = _parsed(_own_lines(text, start + 1, key), name)
                return read_row(Table(values, name).table("image").value(key), f'{name}: image."{key}"')
        return None

    @cached_property
    def _texts(self) -> dict[str, str]:
        """The files with rows, by name."""
        if not self._folder.is_dir():
            raise UsageError(f"{self._folder}: there is no such folder")
        names = sorted(path.name for path in self._folder.glob("*.toml"))
        return {name: "\n" + self._read(name) for name in names if not name.startswith("_")}

    @cached_property
    def shared(self) -> Shared:
        """What all rows build on."""
        return read_shared(self._file(_SHARED), _SHARED)

    @cached_property
    def _mirrors(self) -> tuple[dict[str, str], dict[str, str]]:
        """Other names of single repositories, and beginnings that stand for others."""
        table = Table(self._file(_MIRRORS), _MIRRORS)
        same, prefixes = table.table("same"), table.table("prefixes")
        table.end()
        return (
            {key: same.text(key) or "" for key in same.names()},
            {key: prefixes.text(key) or "" for key in prefixes.names()},
        )

    def _file(self, name: str) -> dict[str, object]:
        return _parsed(self._read(name), name)

    def _read(self, name: str) -> str:
        try:
            return (self._folder / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{self._folder / name}: {error}") from error


def _place(repository: str) -> str:
    """How messages call a row of the user's."""
    return f"override of base image {repository}"


def _hub_name(registry: str, repository: str) -> str:
    """`python` for all spellings of Docker Hub's, `quay.io/owner/name` for others."""
    first, slash, rest = repository.partition("/")
    if not registry and slash and first in _HUB:
        repository = rest
    if registry in _HUB:
        return repository.removeprefix("library/")
    return f"{registry}/{repository}"


def _own_lines(text: str, start: int, key: str) -> str:
    """From the header of the row `key` to the header of the next row."""
    own, at = f'[image."{key}"', start
    while True:
        at = min(
            (end for mark in ("\n[image.", "\n[[image.") if (end := text.find(mark, at + 1)) >= 0), default=-1
        )
        if at < 0:
            return text[start:]
        if not text.startswith((f"\n{own}", f"\n[{own}"), at):
            return text[start:at]


def _parsed(text: str, name: str) -> dict[str, object]:
    try:
        return tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        raise UsageError(f"{name}: {error}") from error
