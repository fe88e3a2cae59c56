"""Large downloads to files: resumed where they were cut off, checked before they are used."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, NamedTuple

from dock2nix.errors import Dock2nixError, NetworkError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import requests

    Progress = Callable[[str, int, int], None]

LARGEST = 1 << 30
_CHUNK = 1 << 20
_PART = 1 << 16
_TIMEOUTS = (10.0, 60.0)
_MOST_REDIRECTS = 5
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def check_hash(path: Path, sha256: str) -> None:
    """Refuse a file that is not the one expected.

    Raises:
        Dock2nixError: its SHA-256 is another; the file is removed, so that the next run fetches it again.

    """
    actual = sha256_of(path)
    if actual != sha256:
        path.unlink()
        name = path.name.removesuffix(".part")
        raise Dock2nixError(f"{name}: refused, its SHA-256 is {actual} and not {sha256}")


def fetch(
    address: str, target: Path, progress: Progress, *, sha256: str = "", largest: int = LARGEST
) -> None:
    """Download a file (http or https), going on where an earlier attempt was cut off.

    What has come is kept in `target`.part, with the server's name for that version of the file beside it (RFC 9110: ETag,
    Last-Modified): the rest is asked for under the condition that it is still that version (If-Range). A file whose hash is
    known needs no such name.

    Args:
        address: where it is.
        target: where it goes, once it is whole and has the right hash.
        progress: told (file, bytes, bytes in all).
        sha256: what the file must have; "" when that is not known.
        largest: more bytes are refused, whatever the server announces.

    Raises:
        NetworkError: the server does not answer, answers otherwise than with the file, or stops before its end.
        Dock2nixError: the file has another hash; it is removed.

    """
    part = _Part(target, sha256)
    try:
        _receive(address, part, progress, largest)
    except OSError as error:  # what requests raises is one too
        raise NetworkError(f"{address}: {_what(error)}") from error
    part.remember("")
    if sha256:
        check_hash(part.path, sha256)
    part.path.replace(target)


class _Part(NamedTuple):
    """What there is of a file; `validator` names the version that it is of."""

    target: Path
    sha256: str

    @property
    def path(self) -> Path:
        return self.target.with_name(self.target.name + ".part")

    @property
    def validator_path(self) -> Path:
        return self.target.with_name(self.target.name + ".part.version")

    @property
    def validator(self) -> str:
        return self.validator_path.read_text("utf-8") if self.validator_path.exists() else ""

    def size(self) -> int:
        """How many bytes can be used."""
        usable = self.path.exists() and bool(self.sha256 or self.validator)
        return self.path.stat().st_size if usable else 0

    def remember(self, validator: str) -> None:
        """Keep the version's name, or forget an older one."""
        if validator:
            self.validator_path.write_text(validator, "utf-8")
        else:
            self.validator_path.unlink(missing_ok=True)


def _what(error: OSError) -> str:
    """The error in a few words: the address is said already."""
    import requests  # noqa: PLC0415 - it is loaded when it has raised something

    if isinstance(error, requests.HTTPError):
        return f"the server answers {error.response.status_code}"
    return type(error).__name__


def _receive(address: str, part: _Part, progress: Progress, largest: int) -> None:
    """The whole file into the part, from where it ends."""
    have = part.size()
    with _session() as session, _asked(session, address, part, have) as answer:
        start, total = _expected(answer, have)
        if total > largest:
            raise NetworkError(
                f"{address}: refused, it has {total} bytes and {largest} are the most expected"
            )
        part.remember(_validator(answer))
        with part.path.open("r+b" if start else "wb") as file:
            file.seek(start)
            file.truncate()
            done = start
            for chunk in answer.iter_content(_PART):
                done += len(chunk)
                if done > largest:
                    raise NetworkError(f"{address}: refused, it has more than {largest} bytes")
                file.write(chunk)
                progress(part.target.name, done, total)
    if total and done != total:
        raise NetworkError(
            f"{address}: cut off after {done} of {total} bytes; the next run goes on from there"
        )


def _session() -> requests.Session:
    import requests  # noqa: PLC0415 - slow to import, and only for building an index

    session = requests.Session()
    session.max_redirects = _MOST_REDIRECTS
    # Files are wanted as they are: some servers take a .gz for a page that they have compressed.
    session.headers["Accept-Encoding"] = "identity"
    return session


def _asked(session: requests.Session, address: str, part: _Part, have: int) -> requests.Response:
    """The answer to a request for the file, or for the rest of it."""
    headers = {"Range": f"bytes={have}-"} if have else {}
    if have and part.validator:
        headers["If-Range"] = part.validator
    answer = session.get(address, headers=headers, stream=True, timeout=_TIMEOUTS)
    if have and answer.status_code == 416:
        answer.close()
        return _asked(session, address, part, 0)
    answer.raise_for_status()
    return answer


def _expected(answer: requests.Response, have: int) -> tuple[int, int]:
    """(where what comes begins, the size of the whole file or 0 when that is not said)."""
    if answer.status_code == 206:
        found = _CONTENT_RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        if found is None or int(found[1]) != have:
            raise NetworkError(f"{answer.url}: the server sends another part than the one asked for")
        return have, 0 if found[2] == "*" else int(found[2])
    if answer.status_code != 200:
        raise NetworkError(f"{answer.url}: the server answers {answer.status_code}")
    return 0, int(answer.headers.get("Content-Length", 0))


def _validator(answer: requests.Response) -> str:
    """What If-Range may hold: a strong ETag, else the date of the last change."""
    tag = str(answer.headers.get("ETag", ""))
    if tag and not tag.startswith("W/"):
        return tag
    return str(answer.headers.get("Last-Modified", ""))
