"""Downloads, with limits: the door to servers. Proxies, certificates and .netrc are those of the environment."""

from __future__ import annotations

import time
from typing import IO, TYPE_CHECKING

from msgspec import Struct

from dock2nix.errors import NetworkError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import requests

# Seconds to connect and between two parts; for a whole download.
_TIMEOUTS = (10.0, 20.0)
_LONGEST = 180.0
_PART = 2**16
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_UNCHANGED = 304
_OK = 200


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


class _TryAgainError(NetworkError):
    """It may go better the next time."""


def download(url: str, *, largest: int) -> bytes:
    """What is at an address (http or https).

    Args:
        url: the address.
        largest: in bytes; more is an error, whatever the server announces.

    Raises:
        NetworkError: there is no answer in time, another status than 200, or too much.
    """
    import requests  # noqa: PLC0415 - slow to import

    content = bytearray()
    latest = time.monotonic() + _LONGEST
    try:
        with requests.get(url, stream=True, timeout=_TIMEOUTS) as response:
            response.raise_for_status()
            for part in response.iter_content(_PART):
                content += part
                if len(content) > largest or time.monotonic() > latest:
                    raise NetworkError("it is too large, or comes too slowly")
    except (requests.RequestException, OSError) as error:
        raise NetworkError(f"it cannot be downloaded ({type(error).__name__})") from error
    return bytes(content)


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
        except _TryAgainError:
            if pause is None or time.monotonic() + pause > latest:
                raise
            time.sleep(pause)
            file.seek(0)
            file.truncate()
    raise AssertionError("the last attempt returns or raises")


def _quiet(done: int, total: int) -> None:
    del done, total


def _attempt(
    url: str,
    file: IO[bytes],
    limits: Limits,
    known: Version | None,
    told: Callable[[int, int], None],
    latest: float,
) -> Version | None:
    import socket  # noqa: PLC0415 - only downloads need it

    import requests  # noqa: PLC0415 - slow to import

    try:
        with requests.Session() as session, _answer(session, url, limits, known) as response:
            if response.status_code == _UNCHANGED and known is not None:
                return None
            _receive(response, file, limits, told, latest)
            headers = response.headers
            return Version(tag=headers.get("ETag", ""), date=headers.get("Last-Modified", ""))
    except socket.gaierror as error:
        raise NetworkError("the name of the server is not known, or there is no network") from error
    except (requests.RequestException, OSError) as error:
        raise _TryAgainError(_what(error)) from error


def _what(error: OSError) -> str:
    import requests  # noqa: PLC0415 - loaded: it has raised something

    kinds = (
        (requests.exceptions.SSLError, "its certificate cannot be verified"),
        (requests.exceptions.ProxyError, "the proxy does not let it through"),
        (requests.Timeout, "the server does not answer in time"),
        (requests.exceptions.ChunkedEncodingError, "it is cut off before its end"),
        (requests.ConnectionError, "the server cannot be reached"),
    )
    return next(
        (text for kind, text in kinds if isinstance(error, kind)), f"it failed ({type(error).__name__})"
    )


def _answer(session: requests.Session, url: str, limits: Limits, known: Version | None) -> requests.Response:
    """The answer behind all redirects, each of which is checked as the address itself is."""
    for _ in range(limits.redirects + 1):
        _check_address(url, private=limits.private)
        response = session.get(
            url, headers=_headers(known), stream=True, timeout=limits.timeouts, allow_redirects=False
        )
        if response.status_code not in _REDIRECTS:
            _check_status(response)
            return response
        response.close()
        url = _target(response)
    raise NetworkError(f"it is redirected more than {limits.redirects} times")


def _target(response: requests.Response) -> str:
    from urllib.parse import urljoin  # noqa: PLC0415 - few downloads are redirected

    return urljoin(response.url, response.headers.get("Location", ""))


def _headers(known: Version | None) -> dict[str, str]:
    # Files are wanted as they are: some servers take a .gz for a page that they have compressed.
    headers = {"Accept-Encoding": "identity", "User-Agent": "dock2nix", "Accept": "*/*"}
    if known is not None and known.tag:
        headers["If-None-Match"] = known.tag
    elif known is not None and known.date:
        headers["If-Modified-Since"] = known.date
    return headers


def _check_status(response: requests.Response) -> None:
    status = response.status_code
    if status in {_OK, _UNCHANGED}:
        return
    response.close()
    kind = _TryAgainError if status in _AGAIN else NetworkError
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
    if not private and not all(map(_is_public, _addresses(url, host, port))):
        raise NetworkError(
            "it is on this machine or in a private network (--allow-private-addresses allows that)"
        )


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


def _is_public(address: str) -> bool:
    """Whether an address is of the open network; a name that is none is left to the proxy that knows it."""
    import ipaddress  # noqa: PLC0415 - only downloads need it

    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return True
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return (mapped or found).is_global


def _receive(
    response: requests.Response,
    file: IO[bytes],
    limits: Limits,
    told: Callable[[int, int], None],
    latest: float,
) -> None:
    announced = response.headers.get("Content-Length", "")
    total = int(announced) if announced.isdigit() else 0
    if total > limits.largest:
        raise NetworkError(f"it has {total} bytes; the most that is downloaded are {limits.largest}")
    done, since, before = 0, time.monotonic(), 0
    for part in response.iter_content(_PART):
        file.write(part)
        done += len(part)
        told(done, total)
        if done > limits.largest:
            raise NetworkError(f"it has more than {limits.largest} bytes, the most that is downloaded")
        now = time.monotonic()
        if now > latest or (
            now - since > limits.patience and (done - before) / (now - since) < limits.slowest
        ):
            raise NetworkError("it comes too slowly")
        if now - since > limits.patience:
            since, before = now, done
    if announced and done != total and "Content-Encoding" not in response.headers:
        raise _TryAgainError(f"it is cut off after {done} of {total} bytes")
