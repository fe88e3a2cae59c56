"""A package index on loopback (PEP 503, 658, 691) that serves wheels of tests, and can be made to fail."""

from __future__ import annotations

import hashlib
import json
import threading
import time
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    class Servable(Protocol):
        """What the index needs to know of a wheel."""

        @property
        def name(self) -> str: ...
        @property
        def file_name(self) -> str: ...
        @property
        def metadata(self) -> bytes: ...
        @property
        def requires_python(self) -> str: ...
        @property
        def sha256(self) -> str: ...
        def content(self) -> bytes: ...


_VARIABLES = (
    "PIP_CERT",
    "PIP_EXTRA_INDEX_URL",
    "PIP_INDEX_URL",
    "UV_CONFIG_FILE",
    "UV_EXTRA_INDEX_URL",
    "UV_INDEX",
    "UV_INDEX_URL",
    "UV_OFFLINE",
)


@dataclass(slots=True, kw_only=True)
class Index:
    """What the server answers. `asked` are the paths that were asked for.

    `failure`: "" for none, `status` (500), `slow` (no answer for a while), `loop` (redirects to itself), `digest` (pages that
    promise other files than there are), `truncated` (less than was announced), `password` (401 without one).
    """

    wheels: tuple[Servable, ...] = ()
    sdists: dict[str, bytes] = field(default_factory=dict)
    failure: str = ""
    asked: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/simple"

    def page(self, name: str) -> bytes | None:
        """The index page of a distribution, in JSON."""
        rows = [self._row(wheel) for wheel in self.wheels if wheel.name == name]
        rows += [self._sdist(file) for file in self.sdists if file.rpartition("-")[0] == name]
        if not rows:
            return None
        return json.dumps({"meta": {"api-version": "1.0"}, "name": name, "files": rows}).encode()

    def _row(self, wheel: Servable) -> dict[str, Any]:
        digest = "0" * 64 if self.failure == "digest" else wheel.sha256
        row: dict[str, Any] = {
            "filename": wheel.file_name,
            "url": f"http://127.0.0.1:{self.port}/files/{wheel.file_name}",
            "hashes": {"sha256": digest},
            "size": len(wheel.content()),
            "upload-time": "2024-11-08T17:25:46Z",
            "core-metadata": {"sha256": hashlib.sha256(wheel.metadata).hexdigest()},
        }
        return row | ({"requires-python": wheel.requires_python} if wheel.requires_python else {})

    def _sdist(self, file: str) -> dict[str, Any]:
        url = f"http://127.0.0.1:{self.port}/files/{file}"
        digest = "1" * 64 if self.failure == "digest" else hashlib.sha256(self.sdists[file]).hexdigest()
        return {"filename": file, "url": url, "hashes": {"sha256": digest}, "size": len(self.sdists[file])}

    def file(self, path: str) -> bytes | None:
        """A wheel, or its metadata; a source distribution."""
        if path.removeprefix("/files/") in self.sdists:
            return self.sdists[path.removeprefix("/files/")]
        for wheel in self.wheels:
            if path == f"/files/{wheel.file_name}":
                return wheel.content()
            if path == f"/files/{wheel.file_name}.metadata":
                return wheel.metadata
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedWheel:
    """A wheel that is a file already, as the index serves it."""

    file_name: str
    packed: bytes
    requires_python: str = ""

    @property
    def name(self) -> str:
        return self.file_name.partition("-")[0].replace("_", "-")

    @property
    def metadata(self) -> bytes:
        with zipfile.ZipFile(BytesIO(self.packed)) as archive:
            return archive.read("-".join(self.file_name.split("-")[:2]) + ".dist-info/METADATA")

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.packed).hexdigest()

    def content(self) -> bytes:
        return self.packed


class _Handler(BaseHTTPRequestHandler):
    index: Index

    def do_GET(self) -> None:
        self.index.asked.append(self.path)
        failure = self.index.failure
        if failure == "slow":
            time.sleep(3)
        if failure == "status":
            self._answer(500, b"broken")
        elif failure == "loop":
            self.send_response(302)
            self.send_header("Location", self.path)
            self.end_headers()
        elif failure == "password" and "Authorization" not in self.headers:
            self._answer(401, b"who are you?")
        else:
            self._found()

    def _found(self) -> None:
        if self.path.startswith("/simple/"):
            name = self.path.removeprefix("/simple/").strip("/")
            content, kind = self.index.page(name), "application/vnd.pypi.simple.v1+json"
        else:
            content, kind = self.index.file(self.path), "application/octet-stream"
        if content is None:
            self._answer(404, b"nothing here")
        else:
            self._answer(200, content, kind)

    def _answer(self, status: int, content: bytes, kind: str = "text/plain") -> None:
        short = self.index.failure == "truncated" and status == 200
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if short else content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        pass


@contextmanager
def serving(index: Index) -> Iterator[Index]:
    """Serve it on a free port of loopback."""
    handler = type("Handler", (_Handler,), {"index": index})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    index.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield index
    finally:
        server.shutdown()
        server.server_close()


def use_only(index_url: str, monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    """Make uv know this one index and nothing of the machine's configuration; `folder` is an empty one for its cache."""
    for name in _VARIABLES:
        monkeypatch.delenv(name, raising=False)
    given = {
        "NO_PROXY": "127.0.0.1",
        "PIP_CONFIG_FILE": "/dev/null",
        "UV_CACHE_DIR": f"{folder}/cache",
        "UV_DEFAULT_INDEX": index_url,
        "UV_HTTP_RETRIES": "0",
        "UV_HTTP_TIMEOUT": "1",
        "XDG_CONFIG_HOME": f"{folder}/config",
        "XDG_CONFIG_DIRS": f"{folder}/config",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
