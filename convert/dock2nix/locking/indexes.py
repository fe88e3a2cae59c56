"""The package indexes that the user has configured for uv, or for pip when uv is told nothing."""

from __future__ import annotations

import configparser
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import tomli
from msgspec import Struct

from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_DEFAULT, _FURTHER = ("UV_DEFAULT_INDEX", "UV_INDEX_URL"), ("UV_INDEX", "UV_EXTRA_INDEX_URL")
_NAMED = regex(r"[A-Za-z0-9._-]+=(?=[a-z]+://)")


class Indexes(Struct, frozen=True, kw_only=True):
    """The addresses uv will ask; `from_pip` are those among them that uv has to be told: (default, others)."""

    addresses: tuple[str, ...]
    from_pip: tuple[str, tuple[str, ...]] = ("", ())

    @classmethod
    def of_user(cls) -> Self:
        """What the environment and the user's configuration files say: uv's, else pip's."""
        told = tuple(address for name in (*_DEFAULT, *_FURTHER) for address in _words(name))
        told += _uv_addresses(_uv_file())
        if told:
            return cls(addresses=told)
        default, others = _pip_addresses()
        return cls(addresses=tuple(filter(None, (default, *others))), from_pip=(default, others))

    def has(self, address: str) -> bool:
        """Whether an address is one of them, whatever password it carries."""
        return any(same_address(address, own) for own in self.addresses)

    @property
    def have_passwords(self) -> bool:
        """Whether an address of theirs carries one."""
        return any("@" in urlsplit(_NAMED.sub("", address)).netloc for address in self.addresses)

    def environment(self) -> Mapping[str, str]:
        """What to tell uv by its environment, which nobody else can read, unlike a command line."""
        default, others = self.from_pip
        given = {"UV_DEFAULT_INDEX": default, "UV_INDEX": " ".join(others)}
        certificates = os.environ.get("PIP_CERT") or _pip_value("cert")
        if certificates and "SSL_CERT_FILE" not in os.environ:
            given["SSL_CERT_FILE"] = certificates
        return {name: value for name, value in given.items() if value}

    @staticmethod
    def configured() -> str:
        """The text of the user's own configuration of uv, "" for none."""
        path = _uv_file()
        try:
            return path.read_text(encoding="utf-8") if path else ""
        except (OSError, ValueError):
            return ""

    @staticmethod
    def configuration() -> tuple[str, ...]:
        """The option that names the user's own configuration: uv would also look into the folders above the current one."""
        if os.environ.get("UV_CONFIG_FILE"):
            return ()
        path = _uv_file()
        return ("--config-file", str(path)) if path else ("--no-config",)


def same_address(one: str, other: str) -> bool:
    """Whether two addresses of an index mean the same place; passwords and a closing slash do not matter."""
    return _place(one) == _place(other)


def _place(address: str) -> tuple[str, str, str]:
    parts = urlsplit(_NAMED.sub("", address))
    return parts.scheme.lower(), parts.netloc.rpartition("@")[2].lower(), parts.path.rstrip("/")


def _words(name: str) -> tuple[str, ...]:
    return tuple(os.environ.get(name, "").split())


def _uv_file() -> Path | None:
    """The configuration file of uv: the one that is named, the user's, the machine's."""
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    named = os.environ.get("UV_CONFIG_FILE")
    places = [Path(named)] if named else [home / "uv/uv.toml", Path("/etc/uv/uv.toml")]
    return next((path for path in places if path.is_file()), None)


def _uv_addresses(path: Path | None) -> tuple[str, ...]:
    try:
        tables = tomli.loads(path.read_text(encoding="utf-8")) if path else {}
    except (OSError, ValueError):
        return ()
    return tuple(address for table in (tables, tables.get("pip", {})) for address in _addresses_in(table))


def _addresses_in(table: Mapping[str, Any]) -> Iterable[str]:
    yield from (str(table[key]) for key in ("index-url",) if key in table)
    yield from (str(address) for address in table.get("extra-index-url", ()))
    yield from (str(index["url"]) for index in table.get("index", ()) if "url" in index)


def _pip_addresses() -> tuple[str, tuple[str, ...]]:
    default = os.environ.get("PIP_INDEX_URL") or _pip_value("index-url")
    others = os.environ.get("PIP_EXTRA_INDEX_URL") or _pip_value("extra-index-url")
    # a folder of this machine would get into the lock, where nobody else has it
    return default, tuple(address for address in others.split() if address.startswith(("http:", "https:")))


def _pip_value(key: str) -> str:
    """A value of pip's configuration files, the user's before the machine's ("Configuration" in pip's manual)."""
    for path in _pip_files():
        parser = configparser.RawConfigParser(strict=False)
        try:
            parser.read(path, encoding="utf-8")
            value = parser.get("install", key, fallback="") or parser.get("global", key, fallback="")
        except (configparser.Error, OSError, UnicodeDecodeError):
            continue
        if value:
            return value
    return ""


def _pip_files() -> tuple[Path, ...]:
    named = os.environ.get("PIP_CONFIG_FILE")
    if named:
        return (Path(named),) if named != os.devnull else ()
    home = Path.home()
    user = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "pip/pip.conf"
    machine = (Path(folder) / "pip/pip.conf" for folder in _machine_folders())
    return (user, home / ".pip/pip.conf", *machine, Path("/etc/pip.conf"))


def _machine_folders() -> list[str]:
    return (os.environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":")
