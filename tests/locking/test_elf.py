"""What ELF files say that they link to."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

from dock2nix.locking.elf import read_elf
from wheels import elf_file


def written(folder: Path, content: bytes) -> Path:
    path = folder / "file.so"
    path.write_bytes(content)
    return path


def test_needed_libraries_and_own_name(tmp_path: Path) -> None:
    found = read_elf(written(tmp_path, elf_file("libz.so.1", "libc.so.6", soname="libown.so.2")))
    assert found is not None
    assert (found.system, found.soname, found.needed) == (
        "x86_64-linux",
        "libown.so.2",
        ("libz.so.1", "libc.so.6"),
    )


def test_the_machine_is_told(tmp_path: Path) -> None:
    found = read_elf(written(tmp_path, elf_file("libc.so.6", machine=183)))
    assert found is not None
    assert found.system == "aarch64-linux"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"#!/bin/sh\n", id="script"),
        pytest.param(b"\x7fELF", id="only-the-magic"),
        pytest.param(b"\x7fELF\x01\x01" + bytes(100), id="32-bits"),
        pytest.param(b"\x7fELF\x02\x02" + bytes(100), id="big-endian"),
        pytest.param(elf_file("libc.so.6", machine=8), id="another-machine"),
        pytest.param(elf_file("libc.so.6")[:100], id="cut-off-in-the-segments"),
        pytest.param(
            elf_file("libc.so.6")[:56] + b"\xff\xff" + elf_file("libc.so.6")[58:], id="absurd-segments"
        ),
    ],
)
def test_other_files_are_none(tmp_path: Path, content: bytes) -> None:
    assert read_elf(written(tmp_path, content)) is None


def test_a_missing_file_and_a_folder_are_none(tmp_path: Path) -> None:
    assert read_elf(tmp_path / "gone") is None
    assert read_elf(tmp_path) is None


def test_damaged_files_never_raise(tmp_path: Path) -> None:
    whole = elf_file("libz.so.1", "libc.so.6", soname="libown.so.2")
    dice = random.Random(7)
    for _ in range(500):
        content = bytearray(whole)
        for _ in range(dice.randint(1, 12)):
            content[dice.randrange(16, len(content))] = dice.randrange(256)
        read_elf(written(tmp_path, bytes(content[: dice.randint(1, len(content))])))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs an ELF program: Linux only")
def test_this_interpreter_links_to_the_c_library() -> None:
    found = read_elf(Path(sys.executable).resolve())
    assert found is not None
    assert any(name.startswith(("libc.so", "libc.musl", "libpython")) for name in found.needed)
