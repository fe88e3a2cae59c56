"""The lock of the sample locked-python is what uv makes of its requirements, but for the addresses."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dock2nix.cli import main
from dock2nix.locking.uv import _program
from downloads import downloads
from python_index import Index, PackedWheel, serving, use_only

if TYPE_CHECKING:
    from collections.abc import Iterator

SAMPLE = Path(__file__).parents[2] / "samples" / "locked-python"
PLACE = "files.index.example/packages/"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    wheels = tuple(
        PackedWheel(file_name=address.removeprefix(PLACE), packed=content)
        for address, content in downloads().items()
        if address.startswith(PLACE)
    )
    with serving(Index(wheels=wheels)) as found:
        use_only(found.url, monkeypatch, str(tmp_path / "uv"))
        yield found


@pytest.mark.skipif(_program() is None, reason="uv is not installed")
def test_the_lock_of_the_sample_is_up_to_date(
    index: Index, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    copy = tmp_path / "locked-python"
    shutil.copytree(SAMPLE, copy, ignore=shutil.ignore_patterns("expected", "sample.toml", "nix"))
    assert main([str(copy / "Dockerfile"), "--quiet"]) == 0
    made = (copy / "nix/pylock.toml").read_text()
    made = made.replace(f"http://127.0.0.1:{index.port}/files/", f"https://{PLACE}")
    kept = SAMPLE / "nix/pylock.toml"
    if request.config.getoption("--update-samples"):
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(made)
    assert kept.read_text() == made
