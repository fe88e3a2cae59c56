"""Reads and checks the tables of mappings/base-images/*.toml. Their form is described in that folder's README.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from dock2nix.catalogue.image_rows import (
    Companion,
    ConfigPart,
    Distribution,
    Likeness,
    Overlay,
    Part,
    Row,
    Shared,
    Version,
    Versions,
)
from dock2nix.errors import UsageError
from dock2nix.model.image import Group, User
from dock2nix.model.packages import AttributePath
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")

_CHANNEL = regex(r"nixos-\d\d\.\d\d")
_NUMBER = regex(r"\d+(?:\.\d+)*")
_NAME_AND_VERSION = regex(r"[A-Za-z][A-Za-z0-9+._-]*-[0-9][A-Za-z0-9+._-]*")
_PORT = regex(r"\d{1,5}/(?:tcp|udp|sctp)")
_LIKE = regex(r"((?:[\w.-]+(?::\d+)?/)?)((?:[a-z0-9._-]+/)*[a-z0-9._-]+)(?::([\w.-]+))?")


class Table:
    """A TOML table being read; it knows its place for messages, and which of its keys nobody asked for."""

    def __init__(self, values: object, place: str) -> None:
        if not isinstance(values, dict):
            raise UsageError(f"{place}: a table is wanted here")
        self._values: dict[str, object] = dict(values)
        self.place = place

    def names(self) -> tuple[str, ...]:
        """The keys that have not been read yet."""
        return tuple(self._values)

    def text(self, key: str) -> str | None:
        """A string; None when the key is not there."""
        return self._read(key, str, "a string")

    def flag(self, key: str) -> bool:
        """A boolean; false when the key is not there."""
        return self._read(key, bool, "true or false") or False

    def texts(self, key: str) -> tuple[str, ...] | None:
        """An array of strings; None when the key is not there."""
        items = self._read(key, list, "an array of strings")
        return None if items is None else _strings(items, f"{self.place}: `{key}`")

    def table(self, key: str) -> Table:
        """A table; an empty one when the key is not there."""
        return Table(self._read(key, dict, "a table") or {}, f"{self.place}.{key}")

    def tables(self, key: str) -> tuple[Table, ...]:
        """An array of tables; empty when the key is not there."""
        items = self._read(key, list, "an array of tables") or []
        return tuple(Table(item, f"{self.place}.{key}[{at}]") for at, item in enumerate(items))

    def value(self, key: str) -> object:
        """A value of any type."""
        return self._values.pop(key)

    def end(self) -> None:
        """Make sure that all keys were read.

        Raises:
            UsageError: there are others.

        """
        if self._values:
            unknown = ", ".join(f"`{key}`" for key in sorted(self._values))
            raise UsageError(f"{self.place}: unknown key {unknown}")

    def wrong(self, message: str) -> UsageError:
        """The error that says what is wrong with this table."""
        return UsageError(f"{self.place}: {message}")

    def _read(self, key: str, kind: type[T], wanted: str) -> T | None:
        value = self._values.pop(key, None)
        if value is not None and not isinstance(value, kind):
            raise self.wrong(f"`{key}` must be {wanted}")
        return value


def read_row(values: object, place: str) -> Row:
    """A row, checked.

    Args:
        values: the parsed TOML table.
        place: how messages call it (`python.toml: image."python"`).

    Raises:
        UsageError: something in it is not as it must be.

    """
    table = Table(values, place)
    versions = _versions(table)
    row = Row(
        distribution=table.text("distribution") or "",
        release=table.text("release") or "",
        release_tags=table.flag("release-tags"),
        language=table.text("language") or "",
        subject=table.text("subject") or "",
        interpreter=table.text("interpreter") or "version",
        versions=versions,
        names=_names(table.table("names"), versions),
        words=frozenset(table.texts("words") or ()),
        strip=table.texts("strip") or (),
        companions=_companions(table.table("companion")),
        overlays=_overlays(table),
        part=_part(table),
    )
    table.end()
    if not row.part.evidence:
        raise table.wrong("`evidence` must say on what the row rests")
    if row.interpreter not in {"version", *(companion.name for companion in row.companions)}:
        raise table.wrong(f"`interpreter`: there is no companion {row.interpreter}")
    return row


def read_likeness(values: object, place: str) -> Likeness | None:
    """A row of a user's that leans on another image: `"python:3.12-slim"`, or a table with `like` and what it adds.

    Returns:
        The likeness; None when the row stands for itself.

    Raises:
        UsageError: something in it is not as it must be.

    """
    if not (isinstance(values, str) or (isinstance(values, dict) and "like" in values)):
        return None
    table = Table({"like": values} if isinstance(values, str) else values, place)
    found = _LIKE.fullmatch(table.text("like") or "")
    if not found:
        raise table.wrong("`like` must name another image, such as python:3.12-slim")
    registry, repository = found[1].rstrip("/"), found[2]
    if registry and "." not in registry and ":" not in registry:
        registry, repository = "", f"{registry}/{repository}"
    likeness = Likeness(registry=registry, repository=repository, tag=found[3] or "", part=_part(table))
    table.end()
    return likeness


def read_shared(values: object, place: str) -> Shared:
    """The package sets and distributions that rows refer to.

    Raises:
        UsageError: something in them is not as it must be.

    """
    table = Table(values, place)
    sets, accounts, distributions = (table.table(key) for key in ("sets", "accounts", "distribution"))
    unindexed = _texts_by_key(table.table("unindexed"))
    maintained = _texts_by_key(table.table("maintained"))
    table.end()
    known = {name: _part(accounts.table(name)) for name in accounts.names()}
    return Shared(
        sets={name: _attributes(sets.texts(name) or (), sets.place) for name in sets.names()},
        distributions={
            name: _distribution(name, distributions.table(name), known) for name in distributions.names()
        },
        unindexed=unindexed,
        maintained=maintained,
    )


def _distribution(name: str, table: Table, accounts: Mapping[str, Part]) -> Distribution:
    same = accounts.get(table.text("accounts") or "", Part())
    part = _part(table)
    distribution = Distribution(
        name=name,
        prefixes=table.texts("prefixes") or (),
        releases=_texts_by_key(table.table("releases")),
        default=table.text("release") or "",
        overlays=_overlays(table),
        part=part._replace(users=same.users + part.users, groups=same.groups + part.groups),
    )
    table.end()
    return distribution


def _versions(table: Table) -> Versions:
    """The keys `versions`, `default` and `nearest` of a row or a companion."""
    entries = table.table("versions")
    versions = Versions(
        entries={key: _version(entries, key) for key in entries.names()},
        default=table.text("default") or "",
        nearest=table.flag("nearest"),
    )
    if versions.default and versions.default not in versions.entries:
        raise table.wrong(f"`default`: there is no version {versions.default}")
    return versions


def _version(table: Table, key: str) -> Version:
    """`"3.13" = "python313"`, `["ghc", "cabal-install"]`, or a table with packages, alternatives and channel."""
    if not _NUMBER.fullmatch(key):
        raise table.wrong(f'"{key}": a version must be a number like 3.12')
    place = f'{table.place}."{key}"'
    match table.value(key):
        case str(attribute):
            return Version(part=Part(packages=_attributes((attribute,), place)))
        case list(attributes):
            return Version(part=Part(packages=_attributes(_strings(attributes, place), place)))
        case values:
            return _long_version(Table(values, place))


def _long_version(table: Table) -> Version:
    channel = table.text("channel") or ""
    if channel and not _CHANNEL.fullmatch(channel):
        raise table.wrong(f"`channel`: {channel} is not the name of a nixpkgs release like nixos-23.11")
    return Version(
        part=_part(table),
        channel=channel,
        insecure=_named_with_version(table),
        distribution=table.text("distribution") or "",
        release=table.text("release") or "",
        defaults=tuple(_texts_by_key(table.table("defaults")).items()),
        alternatives=tuple(
            (name, _attributes(table.texts(name) or (), table.place)) for name in sorted(table.names())
        ),
    )


def _named_with_version(table: Table) -> tuple[str, ...]:
    names = table.texts("insecure") or ()
    wrong = [name for name in names if not _NAME_AND_VERSION.fullmatch(name)]
    if wrong:
        raise table.wrong(f"`insecure`: {wrong[0]} is not a name with its version like nodejs-16.20.2")
    return names


def _companions(table: Table) -> tuple[Companion, ...]:
    return tuple(_companion(name, table.table(name)) for name in table.names())


def _companion(name: str, table: Table) -> Companion:
    companion = Companion(name=name, prefixes=table.texts("prefixes") or (), versions=_versions(table))
    table.end()
    if not companion.prefixes:
        raise table.wrong("`prefixes` must say behind which words its version stands in a tag")
    return companion


def _overlays(table: Table) -> tuple[Overlay, ...]:
    return tuple(_overlay(one) for one in table.tables("when"))


def _overlay(table: Table) -> Overlay:
    overlay = Overlay(
        any_of=frozenset(table.texts("any") or ()),
        none_of=frozenset(table.texts("none") or ()),
        use=table.text("use") or "",
        distribution=table.text("distribution"),
        part=_part(table),
    )
    table.end()
    if not overlay.any_of and not overlay.none_of:
        raise table.wrong("`any` or `none` must say for which tags it holds")
    return overlay


def _part(table: Table) -> Part:
    return Part(
        packages=_attributes(table.texts("packages") or (), table.place),
        sets=table.texts("sets") or (),
        config=_config(table.table("config")),
        users=tuple(_user(line, table.place) for line in table.texts("users") or ()),
        groups=tuple(_group(line, table.place) for line in table.texts("groups") or ()),
        services=table.texts("services") or (),
        arguments=_flags_by_key(table.table("arguments")),
        evidence=table.text("evidence") or "",
        difference=table.text("difference") or "",
        unfree=table.texts("unfree") or (),
    )


def _config(table: Table) -> ConfigPart:
    config = ConfigPart(
        env=tuple(_texts_by_key(table.table("env")).items()),
        entrypoint=table.texts("entrypoint"),
        cmd=table.texts("cmd"),
        working_dir=table.text("workdir"),
        user=table.text("user"),
        exposed_ports=table.texts("ports"),
        volumes=table.texts("volumes"),
        stop_signal=table.text("stop-signal"),
    )
    table.end()
    wrong = [port for port in config.exposed_ports or () if not _PORT.fullmatch(port)]
    if wrong:
        raise table.wrong(f"`ports`: {wrong[0]} is not of the form 80/tcp")
    return config


def _user(line: str, place: str) -> User:
    """A line of passwd(5)."""
    match line.split(":"):
        case [name, _, uid, gid, comment, home, shell] if name and uid.isdecimal() and gid.isdecimal():
            return User(name=name, uid=int(uid), gid=int(gid), comment=comment, home=home, shell=shell)
        case _:
            raise UsageError(f"{place}: not a line of /etc/passwd: {line}")


def _group(line: str, place: str) -> Group:
    """A line of group(5)."""
    match line.split(":"):
        case [name, _, gid, members] if name and gid.isdecimal():
            return Group(name=name, gid=int(gid), members=tuple(filter(None, members.split(","))))
        case _:
            raise UsageError(f"{place}: not a line of /etc/group: {line}")


def _names(table: Table, versions: Versions) -> Mapping[str, str]:
    names = _texts_by_key(table)
    for word, version in names.items():
        if version not in versions.entries:
            raise table.wrong(f"`{word}`: there is no version {version}")
    return names


def _texts_by_key(table: Table) -> dict[str, str]:
    return {key: table.text(key) or "" for key in table.names()}


def _flags_by_key(table: Table) -> tuple[tuple[str, bool], ...]:
    return tuple((key, table.flag(key)) for key in table.names())


def _attributes(texts: tuple[str, ...], place: str) -> tuple[AttributePath, ...]:
    try:
        return tuple(AttributePath(text) for text in texts)
    except ValueError as error:
        raise UsageError(f"{place}: {error}") from error


def _strings(items: list[object], place: str) -> tuple[str, ...]:
    if not all(isinstance(item, str) for item in items):
        raise UsageError(f"{place} must be an array of strings")
    return tuple(str(item) for item in items)
