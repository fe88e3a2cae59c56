"""The rows of mappings/base-images/*.toml as typed values; the form of the tables is described in that folder's README.md.

Named tuples, unlike the model: a dataclass costs most of a millisecond to define, and these are defined at every start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dock2nix.model.image import Group, User
    from dock2nix.model.packages import AttributePath


class ConfigPart(NamedTuple):
    """What one part says of the image configuration: None where it says nothing, () or "" where it takes something away."""

    env: tuple[tuple[str, str], ...] = ()
    entrypoint: tuple[str, ...] | None = None
    cmd: tuple[str, ...] | None = None
    working_dir: str | None = None
    user: str | None = None
    exposed_ports: tuple[str, ...] | None = None
    volumes: tuple[str, ...] | None = None
    stop_signal: str | None = None


class Part(NamedTuple):
    """Something that adds to an image: a distribution, a repository, a variant, a version.

    `sets` name package sets, `services` folders of mappings/services/. `arguments` are those that the interpreter is built with.
    `unfree` are the names (`pname`) of packages in it whose licences must be allowed by name.
    """

    packages: tuple[AttributePath, ...] = ()
    sets: tuple[str, ...] = ()
    config: ConfigPart = ConfigPart()
    users: tuple[User, ...] = ()
    groups: tuple[Group, ...] = ()
    services: tuple[str, ...] = ()
    arguments: tuple[tuple[str, bool], ...] = ()
    evidence: str = ""
    difference: str = ""
    unfree: tuple[str, ...] = ()


class Overlay(NamedTuple):
    """A part that holds only where one of the words `any_of` is in the tag and none of `none_of` is.

    `use` chooses the version's alternative packages of that name; `distribution` replaces the one of the tag ("" for none).
    """

    part: Part
    any_of: frozenset[str]
    none_of: frozenset[str]
    use: str
    distribution: str | None


class Version(NamedTuple):
    """One version of a repository: its packages, the first of them the one that gives it its name.

    `alternatives` are (name, packages) to be chosen by an overlay; `channel` an old nixpkgs release that still has them, and
    `insecure` the names with version of those that are marked insecure there.
    `distribution` and `release` go before those of the row, for tags that name none; so do `defaults` (companion, number)
    before those of the companions.
    """

    part: Part
    distribution: str = ""
    release: str = ""
    defaults: tuple[tuple[str, str], ...] = ()
    alternatives: tuple[tuple[str, tuple[AttributePath, ...]], ...] = ()
    channel: str = ""
    insecure: tuple[str, ...] = ()

    def chosen(self, use: str) -> tuple[AttributePath, ...]:
        """The packages of the alternative `use`, or the ordinary ones when there is none of that name."""
        return dict(self.alternatives).get(use, self.part.packages)


class Versions(NamedTuple):
    """The versions of something by their number (`3.12`). `default` is meant by no number; `nearest`: see `select`."""

    entries: Mapping[str, Version]
    default: str
    nearest: bool


class Companion(NamedTuple):
    """A second versioned thing in the tag, written behind one of `prefixes` (`eclipse-temurin-17`, `jdk17`)."""

    name: str
    prefixes: tuple[str, ...]
    versions: Versions


class Distribution(NamedTuple):
    """A Linux distribution. `releases` are numbers and words to release names; `prefixes` stand before a number in tags."""

    name: str
    part: Part
    prefixes: tuple[str, ...]
    releases: Mapping[str, str]
    default: str
    overlays: tuple[Overlay, ...]


class Row(NamedTuple):
    """An image repository. `distribution` and `release` hold for tags that name none.

    `names` are words for versions (`lts`), `words` those without consequence here. `release_tags`: the number in the tag is a
    release of the distribution. `subject` is what the version is one of, "" for the repository. `interpreter` is "version" or
    the name of the companion that is the language's interpreter. `strip` are beginnings of tags that say nothing.
    """

    part: Part
    distribution: str
    release: str
    release_tags: bool
    language: str
    subject: str
    interpreter: str
    versions: Versions
    names: Mapping[str, str]
    words: frozenset[str]
    strip: tuple[str, ...]
    companions: tuple[Companion, ...]
    overlays: tuple[Overlay, ...]


class Likeness(NamedTuple):
    """A repository of the user's that is like another image, with what `part` adds. `tag` "": the one that is asked for."""

    registry: str
    repository: str
    tag: str
    part: Part


class Shared(NamedTuple):
    """What the rows of all repositories build on: package sets and distributions by name.

    `unindexed` are attributes in use that the package index does not list, with the reason. `maintained` tells of attributes of
    old releases until when upstream maintained them (`2024-10-07` or `2024-10`).
    """

    sets: Mapping[str, tuple[AttributePath, ...]]
    distributions: Mapping[str, Distribution]
    unindexed: Mapping[str, str]
    maintained: Mapping[str, str]
