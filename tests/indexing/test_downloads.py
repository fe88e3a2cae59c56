"""Large downloads from a server on loopback that behaves well, and badly."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from dock2nix.errors import Dock2nixError, NetworkError
from dock2nix.indexing.downloads import fetch
from file_server import Answers, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONTENT = bytes(range(256)) * 1200
CUT = 3 * 2**16 + 5000
KEPT = 3 * 2**16
OLDER = b"x" * 290_000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def answers() -> Answers:
    return Answers(files={"/f": CONTENT})


@pytest.fixture
def server(answers: Answers) -> Iterator[str]:
    with serving(answers) as address:
        yield address


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "file"


def _quiet(what: str, done: int, total: int) -> None:
    assert what == "file"
    assert 0 < done <= (total or done)


def _left(target: Path) -> list[str]:
    return sorted(path.name for path in target.parent.iterdir())


@pytest.mark.parametrize("sha256", ["", DIGEST], ids=["hash unknown", "hash known"])
@pytest.mark.parametrize("tags", [True, False], ids=["version named", "version not named"])
@pytest.mark.parametrize("ranges", [True, False], ids=["ranges", "no ranges"])
def test_a_cut_off_download_is_completed_by_the_next_one(
    answers: Answers, server: str, target: Path, *, sha256: str, tags: bool, ranges: bool
) -> None:
    answers.cut["/f"], answers.tags, answers.ranges = CUT, tags, ranges
    with pytest.raises(NetworkError):
        fetch(f"{server}/f", target, _quiet, sha256=sha256)
    assert not target.exists()
    del answers.cut["/f"]
    fetch(f"{server}/f", target, _quiet, sha256=sha256)
    assert target.read_bytes() == CONTENT
    assert _left(target) == ["file"]
    resumes = bool(sha256 or tags)
    assert answers.requests[1][1] == (f"bytes={KEPT}-" if resumes else "")
    assert bool(answers.requests[1][2]) == tags


def test_the_rest_of_another_version_is_not_put_behind_the_first_part(
    answers: Answers, server: str, target: Path
) -> None:
    answers.files["/f"], answers.cut["/f"] = OLDER, CUT
    with pytest.raises(NetworkError):
        fetch(f"{server}/f", target, _quiet)
    answers.files["/f"], answers.cut = CONTENT, {}
    fetch(f"{server}/f", target, _quiet)
    assert target.read_bytes() == CONTENT


def test_a_part_longer_than_the_file_is_fetched_anew(answers: Answers, server: str, target: Path) -> None:
    target.with_name("file.part").write_bytes(CONTENT + b"more")
    fetch(f"{server}/f", target, _quiet, sha256=DIGEST)
    assert target.read_bytes() == CONTENT
    assert [wanted for _, wanted, _ in answers.requests] == [f"bytes={len(CONTENT) + 4}-", ""]


def test_a_file_with_another_hash_is_refused_and_not_kept(server: str, target: Path) -> None:
    with pytest.raises(Dock2nixError, match=rf"^file: refused, its SHA-256 is {DIGEST}"):
        fetch(f"{server}/f", target, _quiet, sha256="0" * 64)
    assert _left(target) == []


def test_a_resumed_file_with_another_hash_is_refused_and_not_kept(server: str, target: Path) -> None:
    target.with_name("file.part").write_bytes(OLDER)
    with pytest.raises(Dock2nixError, match="refused"):
        fetch(f"{server}/f", target, _quiet, sha256=DIGEST)
    assert _left(target) == []


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "not announced"])
def test_too_large_a_file_is_refused(answers: Answers, server: str, target: Path, *, announced: bool) -> None:
    answers.announced = announced
    with pytest.raises(NetworkError, match="refused, it has"):
        fetch(f"{server}/f", target, _quiet, largest=len(CONTENT) - 1)
    assert not target.exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"status": {"/f": 500}}, "the server answers 500", id="fault of the server"),
        pytest.param({"status": {"/f": 404}}, "the server answers 404", id="no such file"),
        pytest.param({"status": {"/f": 204}}, "the server answers 204", id="no content"),
        pytest.param({"redirects": {"/f": "/g", "/g": "/f"}}, "TooManyRedirects", id="redirects in a circle"),
        pytest.param(
            {"redirects": {"/f": "file:///etc/passwd"}}, "InvalidSchema", id="redirect to a file here"
        ),
    ],
)
def test_what_is_no_file_is_told_and_nothing_is_written(
    answers: Answers, server: str, target: Path, change: dict[str, dict[str, int]], message: str
) -> None:
    for name, value in change.items():
        setattr(answers, name, value)
    with pytest.raises(NetworkError, match=message):
        fetch(f"{server}/f", target, _quiet)
    assert _left(target) == []


def test_a_redirect_is_followed(answers: Answers, server: str, target: Path) -> None:
    answers.redirects["/g"] = "/f"
    fetch(f"{server}/g", target, _quiet)
    assert target.read_bytes() == CONTENT


def test_no_server_is_told(target: Path) -> None:
    with serving(Answers()) as gone:
        pass
    with pytest.raises(NetworkError, match="ConnectionError"):
        fetch(f"{gone}/f", target, _quiet)


def test_another_part_than_the_one_asked_for_is_refused(
    server: str, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("file_server._Handler._answer", _wrong_part)
    target.with_name("file.part").write_bytes(CONTENT[:100])
    with pytest.raises(NetworkError, match="another part"):
        fetch(f"{server}/f", target, _quiet, sha256=DIGEST)
    assert not target.exists()


def _wrong_part(handler: object, status: int, headers: dict[str, str], body: bytes) -> None:
    from file_server import _Handler

    assert isinstance(handler, _Handler)
    assert status == 206
    handler.send_response(status)
    handler.send_header("Content-Range", f"bytes 50-{len(CONTENT) - 1}/{len(CONTENT)}")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)
