"""A server of files on loopback, as good or as bad as a test wants it: ranges, ETags, cut-off answers, redirects."""

from __future__ import annotations

import hashlib
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass
class Answers:
    """What is served, by path; a test may change it while the server runs.

    `status` replaces the answer of a path by an error, `cut` closes the connection after so many bytes, `redirects` lead
    elsewhere, `ranges` and `tags` say whether the server knows Range and names versions, `announced` whether it tells sizes.
    `lies` are sizes that are announced in the place of the true ones, `endless` are paths that never stop to send zeros, `slow`
    are seconds between two bytes, `silent` are paths that are never answered. `failures` are statuses that the next requests of a
    path get, in order, `more_headers` what a path is sent with. A path with If-None-Match of the present version is answered 304.
    `keeps`: connections stay open for further requests (HTTP/1.1); `connections` counts them.
    `requests` are (path, Range header, If-Range header) as they came, `headers` all headers of each.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    status: dict[str, int] = field(default_factory=dict)
    cut: dict[str, int] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    ranges: bool = True
    tags: bool = True
    announced: bool = True
    lies: dict[str, int] = field(default_factory=dict)
    endless: set[str] = field(default_factory=set)
    slow: dict[str, float] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    failures: dict[str, list[int]] = field(default_factory=dict)
    requests: list[tuple[str, str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    more_headers: dict[str, dict[str, str]] = field(default_factory=dict)
    keeps: bool = False
    connections: int = 0
    over: threading.Event = field(default_factory=threading.Event)


class _Server(ThreadingHTTPServer):
    request_queue_size = 128  # many connections at once are what some tests are about
    answers: Answers


class _Handler(BaseHTTPRequestHandler):
    def setup(self) -> None:
        super().setup()
        answers = cast("_Server", self.server).answers
        answers.connections += 1
        self.protocol_version = "HTTP/1.1" if answers.keeps else "HTTP/1.0"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
        pass

    def do_GET(self) -> None:
        answers = cast("_Server", self.server).answers
        path = self.path
        wanted, condition = self.headers.get("Range", ""), self.headers.get("If-Range", "")
        answers.requests.append((path, wanted, condition))
        answers.headers.append(dict(self.headers.items()))
        if path in answers.silent:
            answers.over.wait(30)
        elif answers.failures.get(path):
            self._answer(answers.failures[path].pop(0), {"Content-Length": "0"}, b"")
        elif path in answers.redirects:
            self._answer(302, {"Location": answers.redirects[path], "Content-Length": "0"}, b"")
        elif path in answers.status or path not in answers.files:
            self._answer(answers.status.get(path, 404), {"Content-Length": "0"}, b"")
        else:
            self._send(answers, answers.files[path], wanted, condition)

    def _send(self, answers: Answers, content: bytes, wanted: str, condition: str) -> None:
        tag = f'"{hashlib.sha256(content).hexdigest()[:12]}"'
        headers = ({"ETag": tag} if answers.tags else {}) | answers.more_headers.get(self.path, {})
        if answers.tags and self.headers.get("If-None-Match") == tag:
            self._answer(304, headers, b"")
            return
        heeded = wanted if answers.ranges and condition in {"", tag} else ""
        start, stop = _range(heeded, len(content))
        if start >= len(content) > 0:
            self._answer(416, {"Content-Range": f"bytes */{len(content)}", "Content-Length": "0"}, b"")
            return
        partial = (start, stop) != (0, len(content))
        if partial:
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(content)}"
        if answers.announced:
            headers["Content-Length"] = str(answers.lies.get(self.path, stop - start))
        body = content[start : answers.cut.get(self.path, stop)]
        self._answer(206 if partial else 200, headers, body)

    def _answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        answers = cast("_Server", self.server).answers
        with suppress(ConnectionError):  # whoever has seen enough goes away
            for part in _parts(body, answers, self.path):
                self.wfile.write(part)


def _range(wanted: str, size: int) -> tuple[int, int]:
    """Where the part that a Range header asks for begins and ends; the whole file without one."""
    first, _, last = wanted.removeprefix("bytes=").partition("-")
    if not first:
        return max(size - int(last), 0) if last else 0, size
    return int(first), min(int(last) + 1, size) if last else size


def _parts(body: bytes, answers: Answers, path: str) -> Iterator[bytes]:
    pause = answers.slow.get(path)
    if pause is None:
        yield body
    for byte in body if pause is not None else b"":
        yield bytes([byte])
        if answers.over.wait(pause):
            return
    while path in answers.endless and not answers.over.is_set():
        yield bytes(2**16)


@contextmanager
def serving(answers: Answers) -> Iterator[str]:
    """The address of a server that gives these answers, without a slash at the end."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.answers = answers
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        answers.over.set()
        server.shutdown()
        server.server_close()
