"""Downloads, with limits: the door to servers. Proxies, certificates and .netrc are those of the environment."""

from __future__ import annotations

import time
from typing import IO, TYPE_CHECKING

from msgspec import Struct

from dock2nix.errors import NetworkError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import requests

    from dock2nix.network.connections import Deadline

# Seconds to connect and between two parts; for a whole download.
_TIMEOUTS = (10.0, 20.0)
_LONGEST = 180.0
_PART = 2**16
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_OK, _PARTIAL, _UNCHANGED = 200, 206, 304
_CONDITIONS = frozenset({"If-None-Match", "If-Modified-Since"})
# Files are wanted as they are: some servers take a .gz for a page that they have compressed.
_HEADERS = {"Accept-Encoding": "identity", "User-Agent": "dock2nix", "Accept": "*/*"}


class Limits(Struct, frozen=True, kw_only=True):
    """What a download may take.

    `largest` in bytes; `longest` in seconds, for all attempts; `timeouts` in seconds to connect and between two parts; `slowest` in bytes a
    second over `patience` seconds. `pauses` are the seconds before each further attempt, `redirects` how many are followed.
    `private`: addresses of this machine and of private networks may be asked.
    """

    largest: int = 2 * 2**30
    longest: float = 900.0
    timeouts: tuple[float, float] = _TIMEOUTS
    slowest: float = 1024.0
    patience: float = 30.0
    pauses: tuple[float, ...] = (0.5, 2.0)
    redirects: int = 10
    private: bool = False


class Version(Struct, frozen=True, kw_only=True):
    """How a server names the version of what it sends (RFC 9110, "Validator Fields"); "" when it does not."""

    tag: str = ""
    date: str = ""


class TryAgainError(NetworkError):
    """It may go better the next time."""


def _quiet(done: int, total: int) -> None:
    del done, total


def download(url: str, *, largest: int) -> bytes:
    """What is at an address (http or https) that the user's own configuration led to, private networks included.

    Args:
        url: the address.
        largest: in bytes; more is an error, whatever the server announces.

    Raises:
        NetworkError: there is no whole answer within the limits; the message says why, without the address.
    """
    from io import BytesIO  # noqa: PLC0415 - few runs download

    content = BytesIO()
    download_to(url, content, Limits(largest=largest, longest=_LONGEST, private=True))
    return content.getvalue()


def download_to(
    url: str,
    file: IO[bytes],
    limits: Limits,
    known: Version | None = None,
    told: Callable[[int, int], None] | None = None,
) -> Version | None:
    """Write what is at an address to a file, trying again where a server or the way to it fails.

    Args:
        url: the address; http and https only, also where it leads to.
        file: where it goes; empty at first, and emptied before each further attempt.
        limits: what it may take.
        known: the version that is had already.
        told: called with the bytes that have come and those that are announced (0: nobody knows).

    Returns:
        The version that came; None when it still is the known one, and then nothing was written.

    Raises:
        NetworkError: there is no whole answer within the limits; the message says why, without the address.
    """
    latest = time.monotonic() + limits.longest
    for pause in (*limits.pauses, None):
        try:
            return _attempt(url, file, limits, known, told or _quiet, latest)
        except TryAgainError:
            if pause is None or time.monotonic() + pause > latest:
                raise
            time.sleep(pause)
            file.seek(0)
            file.truncate()
    raise AssertionError("the last attempt returns or raises")


def _attempt(
    url: str,
    file: IO[bytes],
    limits: Limits,
    known: Version | None,
    told: Callable[[int, int], None],
    latest: float,
) -> Version | None:
    from dock2nix.network.connections import guarded_session  # noqa: PLC0415 - imports requests

    with guarded_session(latest, private=limits.private) as guarded:
        response = exchange(guarded, url, file, limits, _condition(known), told)
    if response.status_code == _UNCHANGED:
        return None
    return Version(tag=response.headers.get("ETag", ""), date=response.headers.get("Last-Modified", ""))


def exchange(
    guarded: tuple[requests.Session, Deadline],
    url: str,
    file: IO[bytes],
    limits: Limits,
    headers: Mapping[str, str],
    told: Callable[[int, int], None] = _quiet,
) -> requests.Response:
    """One question and its answer, whose content goes to the file: whole (200), in part (206) or unchanged (304).

    Args:
        guarded: the session to ask in, and what ends it.
        url: the address.
        file: where the content goes.
        limits: what it may take.
        headers: what is asked for besides the file itself: `If-None-Match`, `Range`.
        told: as for `download_to`.

    Raises:
        TryAgainError: it may go better the next time.
        NetworkError: it will not.
    """
    import requests  # noqa: PLC0415 - slow to import
    from urllib3.exceptions import HTTPError  # noqa: PLC0415 - comes with requests

    session, deadline = guarded
    try:
        with _answer(session, url, limits, {**_HEADERS, **headers}) as response:
            if response.status_code != _UNCHANGED:
                _receive(response, file, limits, told)
            if deadline.passed:  # an answer without announced size ends like a whole one
                raise _late(limits)
            return response
    except (requests.RequestException, HTTPError, OSError) as error:
        if deadline.passed:
            raise _late(limits) from error
        if _is_unknown_name(error):
            raise NetworkError("the name of the server is not known, or there is no network") from error
        raise TryAgainError(_what(error)) from error


def _late(limits: Limits) -> NetworkError:
    return NetworkError(f"it is not there after {limits.longest:g} seconds")


def _is_unknown_name(error: BaseException | None) -> bool:
    import socket  # noqa: PLC0415 - only downloads need it

    while error is not None and not isinstance(error, socket.gaierror):
        error = error.__cause__ or error.__context__
    return error is not None


def _what(error: Exception) -> str:
    import requests  # noqa: PLC0415 - loaded: it has raised something
    from urllib3 import exceptions  # noqa: PLC0415 - as above

    kinds: tuple[tuple[type[Exception], str], ...] = (
        (requests.exceptions.SSLError, "its certificate cannot be verified"),
        (requests.exceptions.ProxyError, "the proxy does not let it through"),
        (requests.Timeout, "the server does not answer in time"),
        (exceptions.TimeoutError, "the server does not answer in time"),
        (exceptions.ProtocolError, "it is cut off before its end"),
        (requests.ConnectionError, "the server cannot be reached"),
    )
    return next(
        (text for kind, text in kinds if isinstance(error, kind)), f"it failed ({type(error).__name__})"
    )


def _answer(
    session: requests.Session, url: str, limits: Limits, headers: Mapping[str, str]
) -> requests.Response:
    """The answer behind all redirects, each of which is checked as the address itself is."""
    for _ in range(limits.redirects + 1):
        _check_address(url, private=limits.private)
        response = session.get(
            url, headers=headers, stream=True, timeout=limits.timeouts, allow_redirects=False
        )
        if response.status_code not in _REDIRECTS:
            _check_status(response, headers)
            return response
        response.close()
        url = _target(response)
    raise NetworkError(f"it is redirected more than {limits.redirects} times")


def _target(response: requests.Response) -> str:
    from urllib.parse import urljoin  # noqa: PLC0415 - few downloads are redirected

    return urljoin(response.url, response.headers.get("Location", ""))


def _condition(known: Version | None) -> dict[str, str]:
    """The headers that ask for a file only if it is another one than is known."""
    if known is not None and known.tag:
        return {"If-None-Match": known.tag}
    if known is not None and known.date:
        return {"If-Modified-Since": known.date}
    return {}


def _check_status(response: requests.Response, headers: Mapping[str, str]) -> None:
    status = response.status_code
    asked = {_PARTIAL: "Range" in headers, _UNCHANGED: not _CONDITIONS.isdisjoint(headers)}
    if status == _OK or asked.get(status):
        return
    response.close()
    kind = TryAgainError if status in _AGAIN else NetworkError
    raise kind(f"the server answers with status {status}")


def _check_address(url: str, *, private: bool) -> None:
    """Refuse other schemes than http and https and, unless they are wanted, addresses that are not of the open network.

    Raises:
        NetworkError: it is refused.
        OSError: the name has no address.
    """
    from urllib.parse import urlsplit  # noqa: PLC0415 - only downloads need it

    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise NetworkError("the address is malformed") from error
    if parts.scheme not in {"http", "https"} or not host:
        raise NetworkError(
            f"addresses with {parts.scheme or 'no scheme'} are not downloaded, only http and https"
        )
    from dock2nix.network.connections import PRIVATE, is_public  # noqa: PLC0415 - imports requests

    if not private and not all(map(is_public, _addresses(url, host, port))):
        raise NetworkError(PRIVATE)


def _addresses(url: str, host: str, port: int | None) -> Iterator[str]:
    """What a host's name stands for; through a proxy only the name itself can be judged."""
    import socket  # noqa: PLC0415 - only downloads need it

    import requests  # noqa: PLC0415 - slow to import

    if host == "localhost" or host.endswith((".localhost", ".local")):
        yield "127.0.0.1"
    elif requests.utils.select_proxy(url, requests.utils.get_environ_proxies(url)):
        yield host
    else:
        for *_, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            yield str(place[0])


def _receive(
    response: requests.Response,
    file: IO[bytes],
    limits: Limits,
    told: Callable[[int, int], None],
) -> None:
    """Write what comes, part by part as it comes, and as it comes: Nix does not undo a Content-Encoding either."""
    announced = response.headers.get("Content-Length", "")
    total = int(announced) if announced.isdigit() else 0
    if total > limits.largest:
        raise NetworkError(f"it has {total} bytes; the most that is downloaded are {limits.largest}")
    done, since, before = 0, time.monotonic(), 0
    while part := response.raw.read1(_PART, decode_content=False):
        file.write(part)
        done += len(part)
        told(done, total)
        if done > limits.largest:
            raise NetworkError(f"it has more than {limits.largest} bytes, the most that is downloaded")
        elapsed = time.monotonic() - since
        if elapsed > limits.patience:
            if (done - before) / elapsed < limits.slowest:
                raise NetworkError("it comes too slowly")
            since, before = time.monotonic(), done
    if announced and done != total:
        raise TryAgainError(f"it is cut off after {done} of {total} bytes")
