"""Gems whose hashes Gemfile.lock lacks: asked of the server that it names, or of the mirror that the user has for it."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from dock2nix.cli import main
from file_server import Answers, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DOCKERFILE = """\
FROM ruby:3.4-slim
WORKDIR /app
COPY Gemfile Gemfile.lock ./
RUN bundle install
CMD ["rackup"]
"""
LOCK = """\
GEM
  remote: {server}/
  specs:
    rack (3.1.8)
    tide (0.2.0-x86_64-linux)
      rack

PLATFORMS
  x86_64-linux

DEPENDENCIES
  tide

CHECKSUMS
  {checksum}
"""
GEMS = {"/gems/rack-3.1.8.gem": b"rack", "/gems/tide-0.2.0-x86_64-linux.gem": b"tide"}


def sri(content: bytes) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content).digest()).decode()


@pytest.fixture
def answers() -> Answers:
    return Answers(files=dict(GEMS))


@pytest.fixture
def server(answers: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("BUNDLE_USER_HOME", str(tmp_path / "bundle"))
    with serving(answers) as address:
        yield address


def convert(app: Path, lock: str, *options: str) -> tuple[str, dict[str, Any]]:
    app.mkdir(exist_ok=True)
    gemfile = 'source "https://gems.example"\ngem "tide"\n'
    for name, text in {"Dockerfile": DOCKERFILE, "Gemfile": gemfile, "Gemfile.lock": lock}.items():
        (app / name).write_text(text)
    main([str(app / "Dockerfile"), "--quiet", "--allow-private-addresses", *options])
    report = json.loads((app / "nix/report.json").read_text())
    return (app / "nix/stages/image.nix").read_text(), report


def missing(report: dict[str, Any]) -> list[str]:
    return [one["message"] for one in report["findings"] if one["code"] == "D2N310"]


def test_the_server_is_asked_for_what_has_no_hash(server: str, answers: Answers, tmp_path: Path) -> None:
    checksum = f"rack (3.1.8) sha256={hashlib.sha256(b'rack').hexdigest()}"
    text, report = convert(tmp_path / "app", LOCK.format(server=server, checksum=checksum))
    assert sri(b"rack") in text
    assert sri(b"tide") in text
    assert 'platform = "x86_64-linux";' in text
    assert missing(report) == []
    assert [path for path, _, _ in answers.requests] == ["/gems/tide-0.2.0-x86_64-linux.gem"]


def test_nothing_is_asked_again(server: str, answers: Answers, tmp_path: Path) -> None:
    lock = LOCK.format(server=server, checksum="")
    first, _ = convert(tmp_path / "app", lock)
    answers.requests.clear()
    second, report = convert(tmp_path / "app", lock)
    assert second == first
    assert missing(report) == []
    assert answers.requests == []


def test_the_users_mirror_is_asked_in_its_place(server: str, tmp_path: Path) -> None:
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle/config").write_text(f'---\nBUNDLE_MIRROR__HTTPS://GEMS__EXAMPLE/: "{server}/"\n')
    text, report = convert(tmp_path / "app", LOCK.format(server="https://gems.example", checksum=""))
    assert sri(b"rack") in text
    assert 'remotes = [ "https://gems.example" ];' in text
    assert missing(report) == []


def test_offline_the_hash_stays_open(server: str, answers: Answers, tmp_path: Path) -> None:
    text, report = convert(tmp_path / "app", LOCK.format(server=server, checksum=""), "--offline")
    assert text.count("sha256 = lib.fakeHash;") == 2
    assert missing(report)
    assert answers.requests == []


def test_what_the_server_has_not_is_told(server: str, answers: Answers, tmp_path: Path) -> None:
    answers.status["/gems/tide-0.2.0-x86_64-linux.gem"] = 404
    text, report = convert(tmp_path / "app", LOCK.format(server=server, checksum=""))
    assert text.count("lib.fakeHash") == 1
    assert any("tide-0.2.0-x86_64-linux.gem" in one and "404" in one for one in missing(report))
