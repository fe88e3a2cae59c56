"""Connections that end when their time is up, and lead only where they may."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from contextlib import contextmanager, suppress
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from dock2nix.errors import NetworkError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MOST_IDLE = 8
PRIVATE = "it is on this machine or in a private network (--allow-private-addresses allows that)"


class Deadline:
    """Ends all connections of a session at a moment: a timeout between two parts never ends a server that sends a byte a minute."""

    def __init__(self, latest: float, connections: Connections) -> None:
        self.passed = False
        self._connections = connections
        self._timer = threading.Timer(max(latest - time.monotonic(), 0), self._end)
        self._timer.daemon = True
        self._timer.start()

    def cancel(self) -> None:
        """The time is not up any more."""
        self._timer.cancel()

    def _end(self) -> None:
        self.passed = True
        self._connections.end()


class Connections:
    """Those of a session that are open, each with a copy of its socket: TLS takes the socket itself away from its owner."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._twins: dict[int, socket.socket] = {}

    def add(self, owner: object, connection: socket.socket) -> None:
        """Watch a connection that is there now."""
        self.remove(owner)
        with self._lock:
            self._twins[id(owner)] = connection.dup()

    def remove(self, owner: object) -> None:
        """It is closed: as long as there is a copy, the server does not hear of it."""
        with self._lock:
            twin = self._twins.pop(id(owner), None)
        if twin is not None:
            twin.close()

    def end(self) -> None:
        """Whoever waits for one of them gets an error."""
        with self._lock:
            for twin in self._twins.values():
                with suppress(OSError):
                    twin.shutdown(socket.SHUT_RDWR)


class _Idle:
    """Sessions that nobody uses at the moment, with the connections that servers keep open for the next download."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sessions: list[tuple[bool, requests.Session, Connections]] = []

    def take(self, *, private: bool) -> tuple[requests.Session, Connections]:
        with self._lock:
            for at, (allowed, session, connections) in enumerate(self._sessions):
                if allowed == private:
                    del self._sessions[at]
                    return session, connections
        return _new_session(private=private)

    def give_back(self, session: requests.Session, connections: Connections, *, private: bool) -> None:
        with self._lock:
            if len(self._sessions) < _MOST_IDLE:
                self._sessions.insert(0, (private, session, connections))
                return
        session.close()


_IDLE = _Idle()


@contextmanager
def guarded_session(latest: float, *, private: bool) -> Iterator[tuple[requests.Session, Deadline]]:
    """A session, and what ends its connections at a moment (of `time.monotonic`). Downloads one after the other share connections.

    Args:
        latest: that moment.
        private: addresses of this machine and of private networks may be asked. What a name stands for is looked at when the
            connection is there, so a name cannot stand for one address when it is checked and for another when it is used.
    """
    session, connections = _IDLE.take(private=private)
    deadline = Deadline(latest, connections)
    try:
        yield session, deadline
    finally:
        deadline.cancel()
        if deadline.passed:
            session.close()
        else:
            _IDLE.give_back(session, connections, private=private)


def _new_session(*, private: bool) -> tuple[requests.Session, Connections]:
    session, connections = requests.Session(), Connections()
    session.cookies.set_policy(
        DefaultCookiePolicy(allowed_domains=())
    )  # what one server says is for no later download
    adapter = _Adapter(connections, private=private)
    for scheme in ("http://", "https://"):
        session.mount(scheme, adapter)
    return session, connections


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

    def __init__(self, connections: Connections, *, private: bool) -> None:
        self._direct = _pools(connections, private=private)
        self._proxied = _pools(connections, private=True)
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


def _pools(connections: Connections, *, private: bool) -> dict[str, type[HTTPConnectionPool]]:
    places = _Places()

    def checked(owner: object, connection: socket.socket) -> socket.socket:
        if not private and not is_public(str(connection.getpeername()[0])):
            connection.close()
            raise NetworkError(PRIVATE)
        connections.add(owner, connection)
        return connection

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return checked(self, places.connect(self, super()._new_conn))

        def close(self) -> None:
            super().close()
            connections.remove(self)

    class Encrypted(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return checked(self, places.connect(self, super()._new_conn))

        def close(self) -> None:
            super().close()
            connections.remove(self)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class EncryptedPool(HTTPSConnectionPool):
        ConnectionCls = Encrypted

    return {"http": PlainPool, "https": EncryptedPool}
