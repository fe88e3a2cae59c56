"""`dock2nix lock --update NAME` moves one distribution of a lock to the newest version that fits, and what has to follow."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest

from dock2nix.cli import main
from dock2nix.locking.uv import _program
from python_index import Index, serving, use_only
from wheels import Wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(_program() is None, reason="uv is not installed")

OLD = (
    Wheel(name="d2n-web", version="1.0", requires=("d2n-base<2",)),
    Wheel(name="d2n-base", version="1.0"),
    Wheel(name="d2n-other", version="1.0"),
)
NEW = (
    *OLD,
    Wheel(name="d2n-web", version="1.5", requires=("d2n-base>=1.1",)),
    Wheel(name="d2n-base", version="1.1"),
    Wheel(name="d2n-base", version="1.2"),
    Wheel(name="d2n-other", version="1.7"),
)
TEXT = "FROM python:3.12-slim\nRUN pip install 'd2n-web<2' d2n-other\n"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with serving(Index(wheels=OLD)) as found:
        use_only(found.url, monkeypatch, str(tmp_path / "uv"))
        yield found


@pytest.fixture
def app(tmp_path: Path, index: Index, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A locked image, since whose conversion the index has got newer versions of everything."""
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "Dockerfile").write_text(TEXT)
    assert main([str(folder / "Dockerfile"), "--quiet"]) == 0
    index.wheels = NEW
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "later"))
    return folder


def versions(app: Path) -> dict[str, str]:
    lock = tomllib.loads((app / "nix/pylock.toml").read_text())
    return {one["name"].removeprefix("d2n-"): one["version"] for one in lock["packages"]}


def test_nothing_moves_by_itself(app: Path) -> None:
    assert main([str(app / "Dockerfile"), "--quiet"]) == 0
    assert versions(app) == {"base": "1.0", "other": "1.0", "web": "1.0"}


def test_one_distribution_is_renewed_alone(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.read_text() for path in app.rglob("*") if path.is_file()}
    assert main(["lock", str(app), "--update", "d2n-other"]) == 0
    assert versions(app) == {"base": "1.0", "other": "1.7", "web": "1.0"}
    assert "d2n-other: 1.0 -> 1.7" in capsys.readouterr().err
    changed = {path.name for path, text in before.items() if path.read_text() != text}
    assert changed == {"pylock.toml", "report.json", "report.md"}


def test_what_it_needs_newer_follows(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lock", str(app), "--update", "D2N_web"]) == 0
    assert versions(app) == {"base": "1.2", "other": "1.0", "web": "1.5"}
    assert "d2n-base: 1.0 -> 1.2\nd2n-web: 1.0 -> 1.5" in capsys.readouterr().err


def test_bounds_of_the_dockerfile_hold(app: Path, index: Index, capsys: pytest.CaptureFixture[str]) -> None:
    index.wheels = (*OLD, Wheel(name="d2n-web", version="2.0"))
    assert main(["lock", str(app), "--update", "d2n-web"]) == 0
    assert versions(app)["web"] == "1.0"
    assert "d2n-web: 1.0 is the newest that fits" in capsys.readouterr().err


def test_the_next_conversion_keeps_it(app: Path) -> None:
    assert main(["lock", str(app), "--update", "d2n-other", "--quiet"]) == 0
    after = (app / "nix/pylock.toml").read_text()
    assert main([str(app / "Dockerfile"), "--quiet"]) == 0
    assert (app / "nix/pylock.toml").read_text() == after
    assert main(["check", str(app)]) == 0


@pytest.mark.parametrize(
    ("change", "words", "reason"),
    [
        pytest.param("RUN pip install rich\n", ["--update", "d2n-web"], "has changed since", id="changed"),
        pytest.param("", ["--update", "d2n-web", "--offline"], "--offline was given", id="offline"),
        pytest.param("", ["--update", "d2n-nobody"], "nothing here is called so", id="unknown-name"),
    ],
)
def test_what_cannot_be_renewed_changes_nothing(
    app: Path, index: Index, capsys: pytest.CaptureFixture[str], change: str, words: list[str], reason: str
) -> None:
    index.wheels = (*NEW, Wheel(name="rich", version="1"))
    (app / "Dockerfile").write_text(TEXT + change)
    before = {path: path.read_bytes() for path in app.rglob("*") if path.is_file()}
    assert main(["lock", str(app), *words]) == 2
    assert reason in capsys.readouterr().err
    assert {path: path.read_bytes() for path in app.rglob("*") if path.is_file()} == before
