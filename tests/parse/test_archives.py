"""Archives that ADD would unpack."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
from typing import TYPE_CHECKING

import pytest

from dock2nix.parse.archives import is_archive

if TYPE_CHECKING:
    from pathlib import Path


def tar(kind: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=kind) as archive:
        archive.addfile(tarfile.TarInfo("a.txt"))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        pytest.param("a.tar", tar(), True, id="tar"),
        pytest.param("a.bin", tar(tarfile.GNU_FORMAT), True, id="tar-by-another-name"),
        pytest.param("a.tgz", gzip.compress(tar()), True, id="gzip"),
        pytest.param("a", bz2.compress(tar()), True, id="bzip2"),
        pytest.param("a", lzma.compress(tar()), True, id="xz"),
        pytest.param("a.tar.gz", gzip.compress(b"text" * 400), False, id="gzip-of-something-else"),
        pytest.param("a.tar", b"x" * 1024, False, id="no-archive-in-spite-of-its-name"),
        pytest.param("a.tar.gz", b"\x1f\x8bbroken", False, id="broken-gzip"),
        pytest.param("a.xz", b"\xfd7zXZ\x00broken", False, id="broken-xz"),
        pytest.param("a.tar.gz", b"", True, id="empty-file-by-its-name"),
        pytest.param("a.txt", b"", False, id="empty-file"),
        pytest.param("a.tar.zst", b"\x28\xb5\x2f\xfd...", True, id="zstd-by-its-name"),
        pytest.param("a.zst", b"\x28\xb5\x2f\xfd...", False, id="zstd-of-something-else"),
        pytest.param("a.zip", b"PK\x03\x04", False, id="zip-is-not-unpacked"),
    ],
)
def test_archives_are_told_by_their_content(
    tmp_path: Path, name: str, content: bytes, expected: bool
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert is_archive(path) is expected
