"""Downloads of a run: each address once, several at a time, kept for the next run, safe under parallel runs, none when offline."""

from __future__ import annotations

import hashlib
import socket
import threading
from typing import TYPE_CHECKING, NoReturn

import pytest

from dock2nix.locking.cache import DownloadCache, cache_folder
from dock2nix.locking.fetching import CachedFetcher, Downloaded, HttpFetcher, read_references
from dock2nix.network import Limits
from file_server import Answers, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONTENT = b"content" * 20_000
DIGEST = hashlib.sha256(CONTENT).hexdigest()
LIMITS = Limits(largest=10**6, longest=5.0, timeouts=(1.0, 1.0), pauses=(0.01,), private=True)
COMMIT, OTHER, PEELED = "a" * 40, "b" * 40, "c" * 40


@pytest.fixture
def answers() -> Answers:
    return Answers(files={"/a": CONTENT, "/b": b"b"})


@pytest.fixture
def server(answers: Answers, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with serving(answers) as address:
        yield address


@pytest.fixture
def cache(tmp_path: Path) -> DownloadCache:
    return DownloadCache(tmp_path / "cache")


def fetcher(cache: DownloadCache) -> HttpFetcher:
    return HttpFetcher(cache=cache, limits=LIMITS)


def left(cache: DownloadCache) -> list[str]:
    """The files that are no finished entries."""
    return sorted(path.name for path in cache.folder.iterdir() if path.is_file())


def test_each_address_is_asked_once(answers: Answers, server: str, cache: DownloadCache) -> None:
    found = fetcher(cache).fetch([f"{server}/a", f"{server}/b", f"{server}/a"])
    assert found[f"{server}/a"] == Downloaded(cache.folder / "content" / DIGEST, DIGEST)
    assert sorted(path for path, _, _ in answers.requests) == ["/a", "/b"]


def test_what_is_kept_is_asked_for_on_condition(answers: Answers, server: str, cache: DownloadCache) -> None:
    url = f"{server}/a"
    first = fetcher(cache).fetch([url])
    assert fetcher(cache).fetch([url]) == first
    assert "If-None-Match" in answers.headers[1]
    answers.files["/a"] = b"newer"
    newer = fetcher(cache).fetch([url])[url]
    assert isinstance(newer, Downloaded)
    assert newer.path.read_bytes() == b"newer"


def test_a_damaged_file_of_the_cache_is_fetched_again(
    answers: Answers, server: str, cache: DownloadCache
) -> None:
    url = f"{server}/a"
    fetcher(cache).fetch([url])
    (cache.folder / "content" / DIGEST).write_bytes(b"damaged")
    found = fetcher(cache).fetch([url])[url]
    assert isinstance(found, Downloaded)
    assert found.path.read_bytes() == CONTENT
    assert "If-None-Match" not in answers.headers[1]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param({"status": {"/a": 500}}, "the server answers with status 500", id="500"),
        pytest.param({"status": {"/a": 404}}, "the server answers with status 404", id="404"),
        pytest.param({"cut": {"/a": 1000}}, "it is cut off", id="cut off"),
        pytest.param({"redirects": {"/a": "/a"}}, "it is redirected more than", id="redirects in a loop"),
        pytest.param({"lies": {"/a": 10 * 2**30}}, "the most that is downloaded", id="10 GB announced"),
        pytest.param({"endless": {"/a"}, "announced": False}, "has more than", id="endless"),
        pytest.param({"silent": {"/a"}}, "does not answer in time", id="silent"),
    ],
)
def test_a_failure_is_a_reason_and_leaves_nothing(
    answers: Answers, server: str, cache: DownloadCache, change: dict[str, object], reason: str
) -> None:
    for name, value in change.items():
        setattr(answers, name, value)
    found = fetcher(cache).fetch([f"{server}/a", f"{server}/b"])
    failure = found[f"{server}/a"]
    assert isinstance(failure, str)
    assert reason in failure
    assert isinstance(found[f"{server}/b"], Downloaded)
    assert left(cache) == []
    assert [path.name for path in (cache.folder / "content").iterdir()] == [hashlib.sha256(b"b").hexdigest()]


def test_a_failure_keeps_what_was_had_before(answers: Answers, server: str, cache: DownloadCache) -> None:
    url = f"{server}/a"
    before = fetcher(cache).fetch([url])
    answers.status["/a"] = 500
    assert isinstance(fetcher(cache).fetch([url])[url], str)
    assert CachedFetcher(cache, "offline").fetch([url]) == before


def test_a_cache_that_cannot_be_written_is_a_reason(server: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = fetcher(DownloadCache(tmp_path / "file" / "cache")).fetch([f"{server}/a"])
    assert found[f"{server}/a"] == "it cannot be kept: Not a directory"


def test_several_runs_at_once_share_the_cache(answers: Answers, server: str, cache: DownloadCache) -> None:
    urls = [f"{server}/{n}" for n in range(12)]
    answers.files |= {f"/{n}": str(n % 5).encode() * 100_000 for n in range(12)}
    results: list[object] = []
    runs = [threading.Thread(target=lambda: results.append(fetcher(cache).fetch(urls))) for _ in range(6)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert len(results) == 6
    assert all(result == results[0] for result in results)
    found = fetcher(cache).fetch(urls)
    for n, url in enumerate(urls):
        one = found[url]
        assert isinstance(one, Downloaded)
        assert one.path.read_bytes() == answers.files[f"/{n}"]
        assert one.sha256 == hashlib.sha256(answers.files[f"/{n}"]).hexdigest()
    assert left(cache) == []


def test_offline_uses_what_is_kept_and_opens_no_socket(
    server: str, cache: DownloadCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = fetcher(cache).fetch([f"{server}/a"])

    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("a socket was opened")

    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, refuse)
    offline = CachedFetcher(cache, "--offline was given")
    assert offline.fetch([f"{server}/a", f"{server}/b"]) == {**kept, f"{server}/b": "--offline was given"}
    assert offline.references(f"{server}/r.git") == "--offline was given"


@pytest.mark.parametrize(
    ("given", "expected"),
    [("/x/cache", "/x/cache/dock2nix/downloads"), ("relative", "/home/me/.cache/dock2nix/downloads")],
)
def test_the_cache_is_where_xdg_says(given: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", given)
    monkeypatch.setenv("HOME", "/home/me")
    assert str(cache_folder()) == expected


def _packets(*lines: bytes) -> bytes:
    return b"".join(b"%04x%s" % (len(line) + 4, line) if line else b"0000" for line in lines)


def test_references_of_a_repository(answers: Answers, server: str, cache: DownloadCache) -> None:
    head = f"{COMMIT} HEAD".encode() + b"\0multi_ack symref=HEAD:refs/heads/main\n"
    answers.files["/r.git/info/refs?service=git-upload-pack"] = _packets(
        b"# service=git-upload-pack\n",
        b"",
        head,
        f"{COMMIT} refs/heads/main\n".encode(),
        f"{OTHER} refs/tags/v1\n".encode(),
        f"{PEELED} refs/tags/v1^{{}}\n".encode(),
        b"",
    )
    found = fetcher(cache).references(f"{server}/r.git")
    assert isinstance(found, dict)
    assert found["HEAD"] == COMMIT
    assert found["refs/tags/v1"] == PEELED


@pytest.mark.parametrize(
    "advertised", [b"", b"<html>", b"zzzz", b"0000", _packets(b"ERR no such repository")]
)
def test_what_is_no_repository_is_told(advertised: bytes) -> None:
    assert read_references(advertised) == "it is no git repository"
