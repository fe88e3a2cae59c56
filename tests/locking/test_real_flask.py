"""A Flask application out of the wheels that PyPI has: locked, built twice alike by real Nix, run, and its page asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from containers import free_port, page, running
from dock2nix.cli import main
from dock2nix.locking.uv import _program
from nix_lab import available_nixes, build_flake, why_no_builds
from python_index import Index, PackedWheel, serving, use_only

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.nix,
    pytest.mark.skipif(_program() is None, reason="uv is not installed"),
    pytest.mark.skipif(bool(why_no_builds()), reason=why_no_builds()),
    pytest.mark.skipif(os.geteuid() != 0, reason="an image is run by chroot, which takes root"),
]
REQUIREMENTS = "flask==3.0.3\ngunicorn==23.0.0\n"
APP = """from flask import Flask
import markupsafe._speedups  # machine code of a wheel

app = Flask(__name__)


@app.get("/")
def page():
    return "locked, and answered"
"""
DOCKERFILE = """FROM python:3.11-slim
WORKDIR /srv/app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY app.py .
CMD ["gunicorn", "--bind", "127.0.0.1:{port}", "app:app"]
"""


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> tuple[PackedWheel, ...]:
    """The wheels, by pip from wherever it is told to look; without network the test is skipped and says so."""
    folder = tmp_path_factory.mktemp("wheels")
    (folder / "requirements.txt").write_text(REQUIREMENTS)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--requirement", "requirements.txt"]
    command += ["--only-binary", ":all:", "--python-version", "3.11", "--dest", "."]
    command += ["--platform", "manylinux2014_x86_64", "--retries", "0", "--timeout", "10"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"pip cannot get the wheels: {done.stderr.strip()[-200:]}")
    return tuple(
        PackedWheel(file_name=path.name, packed=path.read_bytes()) for path in sorted(folder.glob("*.whl"))
    )


@pytest.fixture
def flake(tmp_path: Path, wheels: tuple[PackedWheel, ...], monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    app = tmp_path / "app"
    app.mkdir()
    (app / "requirements.txt").write_text(REQUIREMENTS)
    (app / "app.py").write_text(APP)
    (app / "Dockerfile").write_text(DOCKERFILE.format(port=free_port()))
    with serving(Index(wheels=wheels)) as index:
        use_only(index.url, monkeypatch, str(tmp_path / "uv"))
        options = ["--quiet", "--python", "lock", "--platform", "linux/amd64"]
        assert main([str(app / "Dockerfile"), *options]) in {0, 1}
        yield app


def test_the_application_is_locked_built_and_answers(flake: Path, tmp_path: Path) -> None:
    lock = (flake / "nix/pylock.toml").read_text()
    assert "fakeHash" not in (flake / "nix/python.nix").read_text()
    for name in ("flask", "gunicorn", "jinja2", "markupsafe", "werkzeug"):
        assert f'name = "{name}"' in lock
    place = next(word for word in (flake / "Dockerfile").read_text().split('"') if word.startswith("127."))
    archive = build_flake(flake, available_nixes()[-1])
    with running(archive, tmp_path / "root"):
        assert page(f"http://{place}/") == "locked, and answered"
