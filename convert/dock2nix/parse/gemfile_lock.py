"""Gemfile.lock of Bundler: which gems are installed, where they come from, and their hashes where it has them."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from msgspec import Struct

from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SECTION = regex(r"[A-Z][A-Z ]*")
_FIELD = regex(r" {2}([a-z]+): (\S.*)")
_SPEC = regex(r" {4}([A-Za-z0-9_.-]+) \(([0-9A-Za-z_.-]+)\)")
_DEPENDENCY = regex(r" {6}([A-Za-z0-9_.-]+)!?(?: \(.*\))?")
_ASKED_FOR = regex(r" {2}([A-Za-z0-9_.-]+)!?(?: \(.*\))?")
_CHECKSUM = regex(r" {2}([A-Za-z0-9_.-]+) \(([0-9A-Za-z_.-]+)\).*?\bsha256=([0-9a-f]{64})(?:,.*|\s*)")
_SOURCES = frozenset({"GEM", "GIT", "PATH", "PLUGIN SOURCE"})


class GemSource(Struct, frozen=True, kw_only=True):
    """Where gems come from: `kind` is GEM, GIT, PATH or PLUGIN SOURCE; `revision` and `submodules` are of git."""

    kind: str
    remotes: tuple[str, ...]
    revision: str = ""
    submodules: bool = False


class GemSpec(Struct, frozen=True, kw_only=True):
    """One gem. `platform` is `ruby` for one that is built where it is installed, else what it is built for (`x86_64-linux`).

    `hash` is SRI, "" when the lock has none.
    """

    name: str
    version: str
    platform: str
    dependencies: tuple[str, ...]
    source: GemSource
    hash: str = ""


class GemLock(Struct, frozen=True, kw_only=True):
    """What the lock says; `asked_for` are the gems that the Gemfile names."""

    gems: tuple[GemSpec, ...]
    asked_for: tuple[str, ...]


def read_gemfile_lock(text: str) -> GemLock | None:
    """The lock as Bundler writes it.

    Args:
        text: of Gemfile.lock.

    Returns:
        None when it has lines that no version of Bundler writes where they stand, as those of an unfinished merge.
    """
    sections = _sections(text)
    if sections is None:
        return None
    hashes = _hashes(sections)
    gems: list[GemSpec] = []
    asked: list[str] = []
    for title, lines in sections:
        if title in _SOURCES:
            here = _gems(title, lines, hashes)
            if here is None:
                return None
            gems += here
        elif title == "DEPENDENCIES":
            asked += [found[1] for line in lines if (found := _ASKED_FOR.fullmatch(line))]
    return GemLock(gems=tuple(gems), asked_for=tuple(asked)) if asked or not gems else None


def _sections(text: str) -> list[tuple[str, list[str]]] | None:
    found: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if not line.strip():
            continue
        if _SECTION.fullmatch(line):
            found.append((line, []))
        elif not line.startswith(" ") or not found:
            return None
        else:
            found[-1][1].append(line.rstrip())
    return found


def _hashes(sections: list[tuple[str, list[str]]]) -> Mapping[tuple[str, str], str]:
    lines = (line for title, own in sections if title == "CHECKSUMS" for line in own)
    found = (_CHECKSUM.fullmatch(line) for line in lines)
    return {
        (one[1], one[2]): f"sha256-{base64.b64encode(bytes.fromhex(one[3])).decode()}" for one in found if one
    }


def _gems(title: str, lines: list[str], hashes: Mapping[tuple[str, str], str]) -> list[GemSpec] | None:
    fields = [(found[1], found[2]) for line in lines if (found := _FIELD.fullmatch(line))]
    source = GemSource(
        kind=title,
        remotes=tuple(value for name, value in fields if name == "remote"),
        revision=next((value for name, value in fields if name == "revision"), ""),
        submodules=("submodules", "true") in fields,
    )
    specs = list(_specs(lines))
    if None in specs:
        return None
    return [
        GemSpec(
            name=name,
            version=full.partition("-")[0],
            platform=full.partition("-")[2] or "ruby",
            dependencies=tuple(dependencies),
            source=source,
            hash=hashes.get((name, full), ""),
        )
        for name, full, dependencies in (one for one in specs if one is not None)
    ]


def _specs(lines: list[str]) -> Iterator[tuple[str, str, list[str]] | None]:
    """Name, version with platform, and dependencies of each gem; None for a line that is none of a gem."""
    current: tuple[str, str, list[str]] | None = None
    for line in lines:
        if line.startswith("      "):
            dependency = _DEPENDENCY.fullmatch(line)
            if dependency is None or current is None:
                yield None
            else:
                current[2].append(dependency[1])
        elif line.startswith("    "):
            spec = _SPEC.fullmatch(line)
            if current is not None:
                yield current
            current = (spec[1], spec[2], []) if spec else None
            if spec is None:
                yield None
    if current is not None:
        yield current
