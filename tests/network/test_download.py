"""Downloads from a server on loopback that is down, slow, broken, endless or hostile: each a clear error in time."""

from __future__ import annotations

import gzip
import socket
import time
from io import BytesIO
from typing import TYPE_CHECKING

import pytest

from dock2nix.errors import NetworkError
from dock2nix.network import Limits, Version, download, download_to
from dock2nix.network.connections import is_public
from file_server import Answers, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

CONTENT = bytes(range(256)) * 1000
LIMITS = Limits(
    largest=10**6, longest=8.0, timeouts=(2.0, 0.7), patience=0.5, pauses=(0.01, 0.02), private=True
)
TEN_GIGABYTES = 10 * 2**30


@pytest.fixture
def answers() -> Answers:
    return Answers(files={"/f": CONTENT})


@pytest.fixture
def server(answers: Answers, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with serving(answers) as address:
        yield address


def got(url: str, limits: Limits = LIMITS) -> bytes:
    file = BytesIO()
    download_to(url, file, limits)
    return file.getvalue()


def test_a_whole_file_comes_as_it_is_with_its_version(server: str) -> None:
    file, told = BytesIO(), list[tuple[int, int]]()
    version = download_to(f"{server}/f", file, LIMITS, told=lambda done, total: told.append((done, total)))
    assert file.getvalue() == CONTENT
    assert version is not None
    assert version.tag
    assert told[-1] == (len(CONTENT), len(CONTENT))


def test_what_is_known_is_not_sent_again(answers: Answers, server: str) -> None:
    version = download_to(f"{server}/f", BytesIO(), LIMITS)
    file = BytesIO()
    assert download_to(f"{server}/f", file, LIMITS, version) is None
    assert file.getvalue() == b""
    answers.files["/f"] = b"newer"
    assert download_to(f"{server}/f", file, LIMITS, version) != version
    assert file.getvalue() == b"newer"


def test_a_content_encoding_is_left_as_it_is_because_nix_leaves_it(answers: Answers, server: str) -> None:
    answers.files["/f"] = packed = gzip.compress(b"text")
    answers.more_headers["/f"] = {"Content-Encoding": "gzip"}
    assert got(f"{server}/f") == packed


def test_a_file_without_announced_size_comes_whole(answers: Answers, server: str) -> None:
    answers.announced = False
    assert got(f"{server}/f") == CONTENT


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429, 408])
def test_what_may_go_better_is_tried_again(answers: Answers, server: str, status: int) -> None:
    answers.failures["/f"] = [status, status]
    assert got(f"{server}/f") == CONTENT
    assert len(answers.requests) == 3


@pytest.mark.parametrize(("status", "attempts"), [(500, 3), (503, 3), (404, 1), (403, 1), (401, 1), (410, 1)])
def test_a_status_of_failure_is_an_error(answers: Answers, server: str, status: int, attempts: int) -> None:
    answers.status["/f"] = status
    with pytest.raises(NetworkError, match=f"^the server answers with status {status}$"):
        got(f"{server}/f")
    assert len(answers.requests) == attempts


def test_a_file_that_is_cut_off_is_an_error_and_leaves_nothing(answers: Answers, server: str) -> None:
    answers.cut["/f"] = 70_000
    with pytest.raises(NetworkError, match=r"^it is cut off"):
        got(f"{server}/f")
    assert len(answers.requests) == 3


def test_a_file_that_is_cut_off_once_comes_whole(answers: Answers, server: str) -> None:
    answers.cut["/f"] = 70_000
    file = BytesIO()
    repaired = Limits(longest=8, pauses=(0.3,), private=True)

    def told(done: int, total: int) -> None:
        del total
        if done >= 70_000:
            answers.cut.clear()

    download_to(f"{server}/f", file, repaired, told=told)
    assert file.getvalue() == CONTENT


def test_redirects_are_followed(answers: Answers, server: str) -> None:
    answers.redirects = {"/a": "b", "/b": f"{server}/f"}
    assert got(f"{server}/a") == CONTENT


def test_redirects_in_a_loop_are_an_error(answers: Answers, server: str) -> None:
    answers.redirects = {"/a": "/b", "/b": "/a"}
    with pytest.raises(NetworkError, match="it is redirected more than 10 times"):
        got(f"{server}/a")
    assert len(answers.requests) == 11


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://host.example/f", "gopher://h/"])
def test_redirects_to_other_schemes_are_refused(answers: Answers, server: str, target: str) -> None:
    answers.redirects["/a"] = target
    with pytest.raises(NetworkError, match="only http and https"):
        got(f"{server}/a")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://host.example/f", "/etc/passwd", "http://[::1"])
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(NetworkError):
        got(url)


def test_ten_gigabytes_announced_are_refused_at_once(answers: Answers, server: str) -> None:
    answers.lies["/f"] = TEN_GIGABYTES
    file = BytesIO()
    with pytest.raises(NetworkError, match=f"it has {TEN_GIGABYTES} bytes; the most"):
        download_to(f"{server}/f", file, LIMITS)
    assert file.getvalue() == b""
    assert len(answers.requests) == 1


def test_an_endless_body_is_refused_when_it_is_too_large(answers: Answers, server: str) -> None:
    answers.endless, answers.announced = {"/f"}, False
    file = BytesIO()
    with pytest.raises(NetworkError, match="it has more than 1000000 bytes"):
        download_to(f"{server}/f", file, LIMITS)
    assert len(file.getvalue()) < 1_200_000


def test_a_server_that_is_down_is_an_error_within_the_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with _in_time(3), pytest.raises(NetworkError, match="the server cannot be reached"):
        got(f"http://127.0.0.1:{port}/f")


def test_a_server_that_does_not_answer_is_an_error_within_the_time(answers: Answers, server: str) -> None:
    answers.silent = {"/f"}
    with _in_time(5), pytest.raises(NetworkError, match="the server does not answer in time"):
        got(f"{server}/f")


def test_a_byte_now_and_then_is_an_error_within_the_time(answers: Answers, server: str) -> None:
    answers.slow["/f"] = 0.05
    with _in_time(5), pytest.raises(NetworkError, match="it comes too slowly"):
        got(f"{server}/f")


def test_headers_that_come_byte_by_byte_are_an_error_within_the_time() -> None:
    with _dripping_headers() as url, _in_time(4), pytest.raises(NetworkError, match="not there after 2 sec"):
        got(url, Limits(longest=2.0, timeouts=(1.0, 1.0), pauses=(), private=True))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "[::ffff:127.0.0.1]", "2130706433"])  # fmt: skip
def test_this_machine_is_not_asked_unless_that_is_wanted(answers: Answers, server: str, host: str) -> None:
    port = server.rpartition(":")[2]
    with pytest.raises(NetworkError, match="on this machine or in a private network"):
        got(f"http://{host}:{port}/f", Limits(pauses=()))
    assert answers.requests == []


def test_redirects_to_this_machine_are_refused_like_addresses(
    answers: Answers, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the first look-up is of a name that is public when it is checked, and of this machine when it is used
    names = iter(["93.184.216.34"])
    real = socket.getaddrinfo

    def lookup(host: str, port: int, *more: object, **named: object) -> object:
        if host == "rebound.example":
            place = next(names, "127.0.0.1")
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (place, port))]
        return real(host, port, *more, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    port = server.rpartition(":")[2]
    with pytest.raises(NetworkError, match="on this machine or in a private network"):
        got(f"http://rebound.example:{port}/f", Limits(pauses=()))
    assert answers.requests == []


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::", True),
        ("10.1.2.3", False),
        ("169.254.169.254", False),
        ("192.168.0.1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:10.0.0.1", False),
        ("proxied.example", True),
    ],
)
def test_public_addresses(address: str, *, public: bool) -> None:
    assert is_public(address) == public


def test_the_proxy_of_the_environment_is_used_and_may_be_private(
    answers: Answers, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers.files["http://files.example/f"] = b"by the proxy"
    monkeypatch.setenv("http_proxy", server)
    assert got("http://files.example/f", Limits(pauses=())) == b"by the proxy"
    assert answers.requests[0][0] == "http://files.example/f"


def test_a_name_that_nobody_knows_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> object:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(NetworkError, match="the name of the server is not known"):
        got("http://nobody.example/f")


def test_small_files_of_the_users_own_servers_come_as_bytes(server: str) -> None:
    assert download(f"{server}/f", largest=10**6) == CONTENT
    with pytest.raises(NetworkError, match="the most that is downloaded"):
        download(f"{server}/f", largest=1000)


def test_cookies_are_not_carried_from_one_download_to_the_next(answers: Answers, server: str) -> None:
    answers.more_headers["/f"] = {"Set-Cookie": "who=me"}
    for _ in range(2):
        got(f"{server}/f")
    assert not any("Cookie" in headers for headers in answers.headers)


def test_downloads_one_after_the_other_share_a_connection(answers: Answers, server: str) -> None:
    answers.keeps = True
    for _ in range(3):
        got(f"{server}/f")
    assert len(answers.requests) == 3
    assert answers.connections == 1


def test_a_connection_that_the_server_has_closed_is_made_anew(answers: Answers, server: str) -> None:
    for _ in range(3):
        got(f"{server}/f")
    assert answers.connections == 3


def test_a_failed_download_does_not_spoil_the_next(answers: Answers, server: str) -> None:
    answers.keeps = True
    answers.files["/large"] = bytes(LIMITS.largest + 1)
    answers.status["/gone"] = 404
    for path in ("/large", "/gone"):
        with pytest.raises(NetworkError):
            got(f"{server}{path}")
        assert got(f"{server}/f") == CONTENT


def test_a_connection_of_the_open_network_is_not_lent_to_others(answers: Answers, server: str) -> None:
    answers.keeps = True
    got(f"{server}/f")
    with pytest.raises(NetworkError, match="private network"):
        download_to(f"{server}/f", BytesIO(), Limits(private=False))


def test_a_version_without_name_is_not_asked_for(answers: Answers, server: str) -> None:
    assert download_to(f"{server}/f", BytesIO(), LIMITS, Version()) is not None
    assert not any("If-None-Match" in headers for headers in answers.headers)


class _in_time:  # noqa: N801 - reads as a context
    def __init__(self, seconds: float) -> None:
        self.latest = time.monotonic() + seconds

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        assert time.monotonic() < self.latest


class _dripping_headers:  # noqa: N801 - reads as a context
    """A server that sends a header without end, a byte at a time."""

    def __enter__(self) -> str:
        import threading

        self.socket = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()
        return f"http://127.0.0.1:{self.socket.getsockname()[1]}/f"

    def _serve(self) -> None:
        connection, _ = self.socket.accept()
        with connection:
            try:
                connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
                while True:
                    connection.sendall(b"x")
                    time.sleep(0.05)
            except OSError:
                return

    def __exit__(self, *_: object) -> None:
        self.socket.close()
