"""Downloads, with limits: the door to servers. Proxies, certificates and .netrc are those of the environment."""

from __future__ import annotations

import time

from dock2nix.errors import NetworkError

# Seconds to connect and between two parts; for a whole download.
_TIMEOUTS = (10.0, 20.0)
_LONGEST = 180.0
_PART = 2**16


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
