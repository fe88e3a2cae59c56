"""Locks in YAML: pnpm-lock.yaml (pnpm 8 and newer), and yarn.lock of yarn 3 and 4."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from dock2nix.model.packages import is_sri
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

_KINDS = ("dependencies", "devDependencies", "optionalDependencies")
_KEY = regex(r"/?((?:@[^@/]+/)?[^@/(]+)@([^(]+)(?:\(.*\))?")
_DESCRIPTOR = regex(r"((?:@[^@/]+/)?[^@/]+)@(?:npm:)?(.*)")


class YamlEntry(Struct, frozen=True, kw_only=True):
    """One package: `hash` is SRI ("" where the lock has another kind of digest), `origin` where else than from the registry it comes."""

    name: str
    version: str
    hash: str = ""
    origin: str = ""


class YamlLock(Struct, frozen=True, kw_only=True):
    """What a lock pins. `version` is that of its form (pnpm: 6, 9; yarn: 6, 8).

    `direct` are what the project itself asks for: (name, specifier, version). `folders` are the other projects of a workspace.
    `unchecked` are packages without any digest.
    """

    version: int
    direct: tuple[tuple[str, str, str], ...] = ()
    entries: tuple[YamlEntry, ...] = ()
    folders: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()


def read_pnpm_lock(text: str) -> YamlLock | None:
    """The packages of a pnpm-lock.yaml; None when it is none, or one of pnpm 7 or older."""
    found = _mapping(text)
    version = str(found.get("lockfileVersion", "")).partition(".")[0]
    if version not in {"6", "9"}:
        return None
    importers = _inner(found, "importers") or {".": found}
    own = importers.get(".")
    return YamlLock(
        version=int(version),
        direct=tuple(_direct(own if isinstance(own, dict) else {})),
        entries=tuple(_pnpm_entries(_inner(found, "packages"))),
        folders=tuple(sorted(str(name) for name in importers if name != ".")),
    )


def _direct(importer: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for kind in _KINDS:
        for name, row in _inner(importer, kind).items():
            if isinstance(row, dict):
                yield str(name), str(row.get("specifier", "")), str(row.get("version", "")).partition("(")[0]


def _pnpm_entries(packages: dict[str, Any]) -> Iterator[YamlEntry]:
    for key, row in packages.items():
        resolution = _inner(row, "resolution") if isinstance(row, dict) else {}
        integrity = str(resolution.get("integrity", ""))
        other = "" if is_sri(integrity) else str(resolution.get("tarball") or resolution.get("repo") or key)
        match = _KEY.fullmatch(str(key))
        if match is None:
            yield YamlEntry(name=str(key), version="", origin=other or str(key))
        else:
            yield YamlEntry(name=match[1], version=match[2], hash="" if other else integrity, origin=other)


def read_berry_lock(text: str) -> YamlLock | None:
    """The packages of a yarn.lock; None when it is none of yarn 3 or 4."""
    found = _mapping(text)
    version = str(_inner(found, "__metadata").get("version", ""))
    if version not in {"6", "8"}:
        return None
    direct: list[tuple[str, str, str]] = []
    entries: list[YamlEntry] = []
    folders: list[str] = []
    unchecked: list[str] = []
    for key, row in found.items():
        if key == "__metadata" or not isinstance(row, dict):
            continue
        resolution, pinned = str(row.get("resolution", "")), str(row.get("version", ""))
        name, _, reference = resolution.rpartition("@") if resolution.count("@") == 1 else _split(resolution)
        if reference.startswith("workspace:"):
            folders += [reference] if reference != "workspace:." else []
            continue
        strange = "" if reference.startswith("npm:") or "builtin<" in reference else resolution
        entries.append(YamlEntry(name=name, version=pinned, origin=strange))
        unchecked += [name] if not row.get("checksum") and not strange else []
        for asked in str(key).split(", "):
            match = _DESCRIPTOR.fullmatch(asked)
            direct += [(match[1], match[2], pinned)] if match else []
    return YamlLock(
        version=int(version),
        direct=tuple(direct),
        entries=tuple(entries),
        folders=tuple(sorted(folders)),
        unchecked=tuple(sorted(unchecked)),
    )


def _split(resolution: str) -> tuple[str, str, str]:
    """`@scope/name@npm:1.0.0` and `name@patch:name@npm%3A1#…`: the name ends at the first `@` that is not in front."""
    at = resolution.find("@", 1)
    return (resolution[:at], "@", resolution[at + 1 :]) if at > 0 else (resolution, "", "")


def _mapping(text: str) -> dict[str, Any]:
    """A document that is a mapping, else an empty one."""
    import yaml  # noqa: PLC0415 - few Dockerfiles have such a lock

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        found = yaml.load(text, Loader=loader)  # noqa: S506 - a safe one, in C where it is there
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _inner(table: Any, name: str) -> dict[str, Any]:  # noqa: ANN401 - YAML has no narrower type
    found = table.get(name) if isinstance(table, dict) else None
    return found if isinstance(found, dict) else {}
