"""Reading Debian's Packages and Contents files."""

from __future__ import annotations

import gzip
import lzma
from typing import TYPE_CHECKING

import pytest

from dock2nix.indexing.debian import read_contents, read_packages, upstream_version
from dock2nix.indexing.features import Feature

if TYPE_CHECKING:
    from pathlib import Path

PACKAGES = """Package: libpq5
Source: postgresql-15 (15.8-0+deb12u1)
Version: 15.8-0+deb12u1
Section: libs
Depends: libc6 (>= 2.34), libssl3 (>= 3.0.0) | libssl1.1, python3:any
Description: PostgreSQL C client library
 continued: here

Package: jq
Version: 1.6-2.1
Section: utils
"""
CONTENTS = """usr/bin/jq                                  utils/jq
usr/lib/x86_64-linux-gnu/libpq.so.5          libs/libpq5,oldlibs/libpq-old
usr/share/doc/jq/changelog.gz                utils/jq
usr/share/fonts/truetype/a font.ttf          fonts/fonts-spaced
usr/lib/odd/a.beam                           libs/odd
usr/share/doc/old-name/README                oldlibs/old-name
FILE LOCATION
"""


def test_packages_are_read_with_source_and_dependencies(tmp_path: Path) -> None:
    path = tmp_path / "Packages.xz"
    path.write_bytes(lzma.compress(PACKAGES.encode()))
    packages = read_packages(path)
    assert list(packages) == ["libpq5", "jq"]
    assert packages["libpq5"].source == "postgresql-15"
    assert packages["libpq5"].version == "15.8"
    assert packages["libpq5"].depends == ("libc6", "libssl3", "python3")
    assert packages["jq"].source == "jq"
    assert packages["jq"].depends == ()


def test_contents_give_the_features_of_each_package(tmp_path: Path) -> None:
    path = tmp_path / "Contents.gz"
    path.write_bytes(gzip.compress(CONTENTS.encode()))
    contents = read_contents(path)
    assert contents.features == {
        "jq": {Feature("command", "jq")},
        "libpq5": {Feature("soname", "libpq.so.5")},
        "libpq-old": {Feature("soname", "libpq.so.5")},
        "fonts-spaced": {Feature("font", "a font.ttf")},
    }
    assert contents.filled == {"jq", "libpq5", "libpq-old", "fonts-spaced", "odd", "LOCATION"}


@pytest.mark.parametrize(
    ("version", "upstream"),
    [
        pytest.param("1:9.2p1-2+deb12u3", "9.2p1", id="epoch and revision"),
        pytest.param("3.0.15", "3.0.15", id="native"),
        pytest.param("6.0+dfsg-1", "6.0", id="repacked"),
        pytest.param("1.2-3-4", "1.2-3", id="dash in the version"),
    ],
)
def test_the_upstream_version_is_what_its_makers_called_it(version: str, upstream: str) -> None:
    assert upstream_version(version) == upstream
