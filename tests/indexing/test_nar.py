"""NAR hashes of archives; the expected ones are what `nix hash path` says of the unpacked folder."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

import pytest

from dock2nix.errors import Dock2nixError
from dock2nix.indexing.nar import unpacked_hash

if TYPE_CHECKING:
    from pathlib import Path

# name, content (None: a folder; "-> x": a link), mode
Entry = tuple[str, str | None, int]
TREE: tuple[Entry, ...] = (
    ("top", None, 0o755),
    ("top/a.d", None, 0o755),
    ("top/a.d/run", "#!/bin/sh\n", 0o755),
    ("top/a-b", "12345678", 0o644),
    ("top/a.txt", "hello\n", 0o644),
    ("top/sub/empty", None, 0o755),
    ("top/sub/l", "-> ../a.txt", 0o777),
    ("top/sub/zero", "", 0o644),
    ("top/sub/é", "x", 0o644),
)


def _archive(path: Path, entries: tuple[Entry, ...], *, date: int = 1_700_000_000) -> Path:
    with tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT) as tar:
        for name, content, mode in entries:
            entry = tarfile.TarInfo(name)
            entry.mode, entry.mtime = mode, date
            if content is None:
                entry.type = tarfile.DIRTYPE
            elif content.startswith("-> "):
                entry.type, entry.linkname = tarfile.SYMTYPE, content[3:]
            else:
                entry.size = len(content)
            tar.addfile(entry, io.BytesIO((content or "").encode()) if entry.isreg() else None)
    return path


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param(TREE, "sha256-Pot8HU1u6nQTLgW55D5tUbH1PJ5lu7AWfWVN2I3X4ak=", id="files, folders, links"),
        pytest.param(
            TREE[::-1], "sha256-Pot8HU1u6nQTLgW55D5tUbH1PJ5lu7AWfWVN2I3X4ak=", id="in another order"
        ),
    ],
)
def test_the_hash_is_that_of_nix(tmp_path: Path, entries: tuple[Entry, ...], expected: str) -> None:
    assert unpacked_hash(_archive(tmp_path / "a.tar.gz", entries)) == (expected, 1_700_000_000)
    assert [path.name for path in tmp_path.iterdir()] == ["a.tar.gz"]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(("top/a.d/run", "#!/bin/sh\n", 0o644), id="not for running"),
        pytest.param(("top/a.txt", "hallo\n", 0o644), id="content"),
        pytest.param(("top/sub/l", "-> ../a.d", 0o777), id="target of a link"),
        pytest.param(("top/sub/new", "", 0o644), id="a file more"),
    ],
)
def test_whatever_nix_sees_changes_the_hash(tmp_path: Path, change: Entry) -> None:
    one = unpacked_hash(_archive(tmp_path / "one.tar.gz", TREE))
    other = (*(entry for entry in TREE if entry[0] != change[0]), change)
    assert unpacked_hash(_archive(tmp_path / "other.tar.gz", other))[0] != one[0]


def test_the_date_is_that_of_the_files_and_plays_no_part_in_the_hash(tmp_path: Path) -> None:
    one, older = (
        unpacked_hash(_archive(tmp_path / f"{date}.tar.gz", TREE, date=date)) for date in (1_700_000_000, 7)
    )
    assert (one[0], older[1]) == (older[0], 7)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        pytest.param(
            (("one/a", "", 0o644), ("two/b", "", 0o644)), "not everything is in one folder", id="two folders"
        ),
        pytest.param((("file", "", 0o644),), "not everything is in one folder", id="a file only"),
        pytest.param((("top/../../x", "", 0o644),), "neither file nor folder", id="a path that leads out"),
        pytest.param((("top/a", "", 0o644), ("top/a/b", "", 0o644)), "below a file", id="a file as folder"),
    ],
)
def test_other_archives_are_refused(tmp_path: Path, entries: tuple[Entry, ...], message: str) -> None:
    with pytest.raises(Dock2nixError, match=message):
        unpacked_hash(_archive(tmp_path / "a.tar.gz", entries))


def test_a_cut_off_archive_is_refused(tmp_path: Path) -> None:
    path = _archive(tmp_path / "a.tar.gz", TREE)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(Dock2nixError, match="not a whole archive"):
        unpacked_hash(path)
    assert [left.name for left in tmp_path.iterdir()] == ["a.tar.gz"]
