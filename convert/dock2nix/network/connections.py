"""Connections that end when their time is up, and lead only where they may."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from dock2nix.errors import NetworkError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PRIVATE = "it is on this machine or in a private network (--allow-private-addresses allows that)"


class Deadline:
    """Ends all connections of a session at a moment: a timeout between two parts never ends a server that sends a byte a minute."""

    def __init__(self, latest: float) -> None:
        self.passed = False
        self._twins: list[socket.socket] = []
        self._timer = threading.Timer(max(latest - time.monotonic(), 0), self._end)
        self._timer.daemon = True
        self._timer.start()

    def watch(self, connection: socket.socket) -> None:
        """End this one too; a copy of it is kept, since TLS takes the socket away from its owner."""
        self._twins.append(connection.dup())

    def close(self) -> None:
        """Nothing is watched any more."""
        self._timer.cancel()
        for twin in self._twins:
            twin.close()

    def _end(self) -> None:
        self.passed = True
        for twin in self._twins:
            with suppress(OSError):
                twin.shutdown(socket.SHUT_RDWR)


@contextmanager
def guarded_session(latest: float, *, private: bool) -> Iterator[tuple[requests.Session, Deadline]]:
    """A session, and what ends its connections at a moment (of `time.monotonic`).

    Args:
        latest: that moment.
        private: addresses of this machine and of private networks may be asked. What a name stands for is looked at when the
            connection is there, so a name cannot stand for one address when it is checked and for another when it is used.
    """
    deadline = Deadline(latest)
    with requests.Session() as session:
        adapter = _Adapter(deadline, private=private)
        for scheme in ("http://", "https://"):
            session.mount(scheme, adapter)
        try:
            yield session, deadline
        finally:
            deadline.close()


def is_public(address: str) -> bool:
    """Whether an address is of the open network; a name that is none is left to the proxy that knows it."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return True
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return (mapped or found).is_global


class _Adapter(HTTPAdapter):
    """Makes connections that are watched; those to a proxy may be in a private network."""

    def __init__(self, deadline: Deadline, *, private: bool) -> None:
        self._direct = _pools(deadline, private=private)
        self._proxied = _pools(deadline, private=True)
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - as the base class has it
        super().init_poolmanager(*arguments, **named)
        self.poolmanager.pool_classes_by_scheme = self._direct

    def proxy_manager_for(self, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - as the base class has it
        manager = super().proxy_manager_for(*arguments, **named)
        manager.pool_classes_by_scheme = self._proxied
        return manager


class _Places:
    """Which address a name led to: it is looked up once, however many connections there are at the same time."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._first = threading.Lock()

    def connect(self, asking: HTTPConnection, opened: Callable[[], socket.socket]) -> socket.socket:
        """What `opened` makes of a connection, which is led to the address of its name where that is known."""
        name = asking.host
        with self._first:
            if name not in self._known:
                connection = opened()
                self._known[name] = str(connection.getpeername()[0])
                return connection
        asking.host = self._known[name]
        try:
            return opened()
        finally:
            asking.host = name  # which certificates are for


def _pools(deadline: Deadline, *, private: bool) -> dict[str, type[HTTPConnectionPool]]:
    places = _Places()

    def checked(connection: socket.socket) -> socket.socket:
        if not private and not is_public(str(connection.getpeername()[0])):
            connection.close()
            raise NetworkError(PRIVATE)
        deadline.watch(connection)
        return connection

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return checked(places.connect(self, super()._new_conn))

    class Encrypted(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return checked(places.connect(self, super()._new_conn))

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class EncryptedPool(HTTPSConnectionPool):
        ConnectionCls = Encrypted

    return {"http": PlainPool, "https": EncryptedPool}
