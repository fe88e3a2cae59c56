"""Reads what a Debian release says of its packages: Packages (control fields) and Contents (files)."""

from __future__ import annotations

import gzip
import lzma
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dock2nix.indexing.features import DEBIAN_FILE, Feature, feature_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_CONTENTS_LINE = re.compile(rb"(\S.*?)\s+(\S+)\n?")
# Nothing below these tells packages apart; they are two thirds of all lines.
_SILENT = (
    b"usr/share/doc/",
    b"usr/share/locale/",
    b"usr/share/icons/",
    b"usr/src/",
    b"usr/share/help/",
    b"usr/share/javadoc/",
    b"usr/share/gocode/",
    b"usr/share/cargo/",
    b"usr/lib/debug/",
    b"usr/share/gtk-doc/",
    b"usr/share/lintian/",
)
_VERSION_TAIL = re.compile(r"[+~](?:dfsg|ds|really|repack|git|svn|hg|cvs|bzr).*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class DebianPackage:
    """One binary package. `version` is the upstream version, `depends` the names it depends on (first alternatives)."""

    name: str
    version: str
    source: str
    section: str
    depends: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DebianRelease:
    """The packages of one release, and the features of those that have any, by package name.

    `filled` are those with any files but documentation; the others only lead to what they depend on.
    """

    codename: str
    packages: dict[str, DebianPackage]
    features: dict[str, set[Feature]]
    filled: frozenset[str] = frozenset()


def upstream_version(version: str) -> str:
    """A Debian version without epoch, revision and repacking mark."""
    version = version.partition(":")[2] or version
    return _VERSION_TAIL.sub("", version.rpartition("-")[0] or version)


def _names(relations: str) -> tuple[str, ...]:
    """The first alternative of every dependency, without versions and architectures."""
    firsts = (relation.partition("|")[0].split() for relation in relations.split(","))
    return tuple(words[0].partition(":")[0] for words in firsts if words)


def _paragraphs(text: str) -> Iterator[dict[str, str]]:
    for paragraph in text.split("\n\n"):
        lines = (line.partition(": ") for line in paragraph.split("\n") if line and not line.startswith(" "))
        fields = {name: value for name, colon, value in lines if colon}
        if "Package" in fields:
            yield fields


def read_packages(path: Path) -> dict[str, DebianPackage]:
    """The packages of a `Packages.xz` file, by name; the last one wins where a name has several versions."""
    with lzma.open(path, "rt", encoding="utf-8") as file:
        text = file.read()
    return {
        fields["Package"]: DebianPackage(
            name=fields["Package"],
            version=upstream_version(fields.get("Version", "")),
            source=fields.get("Source", fields["Package"]).split()[0],
            section=fields.get("Section", ""),
            depends=_names(fields.get("Depends", "")),
        )
        for fields in _paragraphs(text)
    }


@dataclass(frozen=True, slots=True)
class Contents:
    """What packages hold: features by package name, and the names of packages with any files but documentation."""

    features: dict[str, set[Feature]]
    filled: set[str]


def read_contents(path: Path) -> Contents:
    """The features of the packages of a `Contents` file.

    Args:
        path: the file, gzip-compressed; a line is a path without leading slash, blanks, and `section/package` names joined by
            commas.

    Returns:
        Features by package name; packages without any are missing.

    """
    found: dict[str, set[Feature]] = defaultdict(set)
    lists: set[bytes] = set()
    with gzip.open(path, "rb") as lines:
        for file, packages in _files(lines):
            lists.add(packages)
            feature = feature_of(DEBIAN_FILE, file)
            if feature is not None:
                for name in _package_names(packages):
                    found[name].add(feature)
    return Contents(dict(found), {name for packages in lists for name in _package_names(packages)})


def _package_names(packages: bytes) -> Iterator[str]:
    for package in packages.split(b","):
        yield package.rpartition(b"/")[2].decode()


def _files(lines: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
    for line in lines:
        if not line.startswith(_SILENT):
            found = _CONTENTS_LINE.fullmatch(line)
            if found is not None:
                yield found[1], found[2]
