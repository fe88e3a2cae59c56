"""npm's lock files: package-lock.json and npm-shrinkwrap.json. They are read, never changed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from dock2nix.model.packages import SriHash
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_MODULES = regex(r"(?:node_modules/(?:@[^/]+/)?[^/@.][^/]*)(?:/node_modules/(?:@[^/]+/)?[^/@.][^/]*)*")
_HOST = regex(r"https?://(?:[^/?#@]*@)?([^/?#@]+)")
_ARCHIVES = (".tgz", ".tar.gz", ".tar")  # npm takes any other file for a folder
_FORGE = regex(r"github(?:\.com)?:.+")
_NEWEST = 3  # form of the lock


class LockEntry(Struct, frozen=True, kw_only=True):
    """An entry of a lock's `packages`, by npm's own names (`npm help package-lock-json`).

    `name` is the one it is required by. `floating` are the packages that it asks for by the tag `latest` or from GitHub.
    `elsewhere`: it is for other operating systems than Linux.
    """

    path: str
    name: str
    version: str = ""
    resolved: str = ""
    integrity: str = ""
    dev: bool = False
    optional: bool = False
    dev_optional: bool = False
    peer: bool = False
    bundled: bool = False
    link: bool = False
    has_script: bool = False
    elsewhere: bool = False
    floating: tuple[str, ...] = ()

    def is_left_out(self, omit: Collection[str]) -> bool:
        """Whether npm leaves it out when it is told to omit these kinds (`dev`, `optional`, `peer`)."""
        kinds = (("dev", self.dev), ("optional", self.optional), ("peer", self.peer))
        both = self.dev_optional and {"dev", "optional"} <= set(omit)
        return both or any(has and kind in omit for kind, has in kinds)

    @property
    def sri(self) -> SriHash | None:
        """Its hash, None for one that Nix cannot check: none, several, or of another kind."""
        try:
            return SriHash(self.integrity)
        except ValueError:
            return None

    @property
    def host(self) -> str:
        """The server it is downloaded from, "" when it is not."""
        found = _HOST.match(self.resolved)
        return found[1].lower() if found else ""


class NodeLock(Struct, frozen=True, kw_only=True):
    """A lock of npm. `version` is that of its form; `asked` what package.json asked for when it was made: (name, specifier).

    `entries` are the packages, less the project itself; one of version 1 has none.
    """

    version: int
    asked: tuple[tuple[str, str], ...] = ()
    entries: tuple[LockEntry, ...] = ()

    def top(self) -> Mapping[str, LockEntry]:
        """The packages that the project itself can load, by name."""
        return {entry.name: entry for entry in self.entries if entry.path == f"node_modules/{entry.name}"}


def read_node_lock(text: str) -> NodeLock | None:
    """The packages of package-lock.json or npm-shrinkwrap.json; None when it is no lock at all."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    version, packages = found.get("lockfileVersion"), found.get("packages")
    if not isinstance(packages, dict):
        return NodeLock(version=1) if isinstance(found.get("dependencies"), dict) or version == 1 else None
    root = packages.get("")
    return NodeLock(
        version=version if isinstance(version, int) else _NEWEST,
        asked=tuple(_specifiers(root)) if isinstance(root, dict) else (),
        entries=tuple(
            _entry(path, entry)
            for path, entry in sorted(packages.items())
            if path and isinstance(entry, dict)
        ),
    )


def _specifiers(entry: Mapping[str, Any]) -> list[tuple[str, str]]:
    kinds = ("dependencies", "optionalDependencies", "devDependencies")
    tables = (entry.get(kind) for kind in kinds)
    return [(name, str(text)) for table in tables if isinstance(table, dict) for name, text in table.items()]


def _entry(path: str, entry: Mapping[str, Any]) -> LockEntry:
    def text(key: str) -> str:
        value = entry.get(key)
        return value if isinstance(value, str) else ""

    return LockEntry(
        path=path,
        name=path.rpartition("node_modules/")[2],
        version=text("version"),
        resolved=text("resolved"),
        integrity=text("integrity"),
        dev=entry.get("dev") is True,
        optional=entry.get("optional") is True,
        dev_optional=entry.get("devOptional") is True,
        peer=entry.get("peer") is True,
        bundled=entry.get("inBundle") is True,
        link=entry.get("link") is True,
        has_script=entry.get("hasInstallScript") is True,
        elsewhere=_is_elsewhere(entry.get("os")),
        floating=tuple(
            name for name, text in _specifiers(entry) if text == "latest" or _FORGE.fullmatch(text)
        ),
    )


def _is_elsewhere(systems: object) -> bool:
    """Whether a list of operating systems (`["darwin"]`, `["!win32"]`) leaves Linux out, as npm-install-checks reads it."""
    names = [systems] if isinstance(systems, str) else systems if isinstance(systems, list) else []
    wanted = [name for name in names if isinstance(name, str) and not name.startswith("!")]
    return "!linux" in names or bool(wanted and not {"linux", "any"} & set(wanted))


# --- what a lock leaves open -------------------------------------------------------------------------------------------------


class Gap(Struct, frozen=True, kw_only=True):
    """Why packages of a lock cannot be fetched and put in place by their entries. `names` are where they would be put."""

    kind: str
    names: tuple[str, ...]


def lock_gaps(lock: NodeLock) -> tuple[Gap, ...]:
    """What nixpkgs' importNpmLock could not make node_modules of.

    It fetches each package from `resolved`, which has to be an archive on a server, checks `integrity`, and has no network for
    anything else.

    Returns:
        For each kind of gap the packages that have it; none for a lock that pins everything.
    """
    found: dict[str, list[str]] = {}
    places = {entry.path for entry in lock.entries}
    for entry in lock.entries:
        kind = _gap(entry)
        if kind:
            found.setdefault(kind, []).append(entry.name if kind != "folder" else entry.path)
        for name in entry.floating:
            if f"node_modules/{name}" not in places:
                found.setdefault("floating", []).append(name)
    return tuple(Gap(kind=kind, names=tuple(dict.fromkeys(names))) for kind, names in sorted(found.items()))


def _gap(entry: LockEntry) -> str:
    if entry.link or not _MODULES.fullmatch(entry.path):
        return "folder"
    if not entry.resolved:
        return "" if entry.bundled else "address"
    if entry.resolved.startswith("git"):
        return "git"
    if not entry.host:
        return "file"
    if not entry.resolved.lower().endswith(_ARCHIVES):
        return "archive"
    return "" if entry.sri else "hash"
