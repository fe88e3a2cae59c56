"""Lock files of Python distributions (PEP 751): what uv writes into what Nix can read, and that read again."""

from __future__ import annotations

import base64
import binascii
import json
import re
import tomllib
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import msgspec
from msgspec import Struct

from dock2nix.locking.base import CPUS, LockRefused
from dock2nix.locking.wheels import best_wheel
from dock2nix.model.packages import SriHash
from dock2nix.model.python_lock import LockedDistribution, LockedWheel, PythonLock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dock2nix.locking.base import LockRequest

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,200}[a-z0-9])?")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+!_-]{0,200}")
# What a store path may be called, less what a wheel's name never has.
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,190}\.whl")
_URL = re.compile(r"https?://[!-~]+")
_LIBRARY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,120}")
_HEX = re.compile(r"[0-9a-f]{64}")

_HEADER = """\
# The Python distributions of the image, each wheel with its hash (PEP 751): made by dock2nix with uv, read by python.nix.
# It is kept as it is until the requirements change; delete it and convert again for newer versions.
"""


class _File(Struct, frozen=True, kw_only=True):
    """A wheel as a lock file of one system names it."""

    name: str
    url: str
    sha256: str
    size: int


class _Package(Struct, frozen=True, kw_only=True):
    """A distribution of such a lock file, with all wheels that fit."""

    name: str
    version: str
    files: tuple[_File, ...]


# --- what uv writes ----------------------------------------------------------------------------------------------------------


def versions_of(text: str) -> dict[str, str]:
    """Distribution → version of a lock file."""
    return {str(row["name"]): str(row.get("version", "")) for row in tomllib.loads(text).get("packages", ())}


def merge(answers: Mapping[str, str], request: LockRequest) -> PythonLock:
    """The lock files of several systems as one, with one wheel for each system.

    Args:
        answers: lock files by system; their versions agree.
        request: what they answer.

    Raises:
        LockRefused: something in them cannot be used: no wheel, a file without an address, an address with a password, a
            hash other than the one that was asked for.
    """
    wheels: dict[tuple[str, str], dict[str, LockedWheel]] = {}
    for system, text in sorted(answers.items()):
        for row in tomllib.loads(text).get("packages", ()):
            package = _package(row)
            chosen = _chosen(package, request, system)
            group = wheels.setdefault((package.name, package.version), {})
            before = group.get(chosen.name)
            systems = (*before.systems, system) if before else (system,)
            group[chosen.name] = msgspec.structs.replace(chosen, systems=tuple(sorted(systems)))
    return PythonLock(
        python=".".join(request.python.split(".")[:2]),
        request=request.digest,
        systems=tuple(sorted(answers)),
        distributions=tuple(
            LockedDistribution(name=name, version=version, wheels=tuple(group[key] for key in sorted(group)))
            for (name, version), group in sorted(wheels.items())
        ),
    )


def _package(row: Mapping[str, Any]) -> _Package:
    name, version = str(row.get("name", "")), str(row.get("version", ""))
    if not _NAME.fullmatch(name) or not _VERSION.fullmatch(version):
        raise LockRefused(f"{name or 'a distribution'}: no name and version that can be used")
    if not row.get("wheels"):
        raise LockRefused(f"{name} {version}: there is no wheel of it, and sources are not built")
    files = tuple(_file(wheel, f"{name} {version}") for wheel in row["wheels"])
    return _Package(name=name, version=version, files=files)


def _file(wheel: Mapping[str, Any], shown: str) -> _File:
    url = _checked_address(str(wheel.get("url", "")), shown)
    name = str(wheel.get("name") or unquote(urlsplit(url).path.rpartition("/")[2]))
    digest = str(wheel.get("hashes", {}).get("sha256", ""))
    if not _FILE.fullmatch(name):
        raise LockRefused(f"{shown}: {name!r} is no file name that the Nix store can have")
    if not _HEX.fullmatch(digest):
        raise LockRefused(f"{shown}: the index gives no sha256 of {name}")
    size = wheel.get("size", 0)
    return _File(name=name, url=url, sha256=digest, size=size if isinstance(size, int) else 0)


def _checked_address(url: str, shown: str) -> str:
    """An address that may stand in a file that is committed."""
    if not _URL.fullmatch(url):
        raise LockRefused(f"{shown}: it comes from a folder of this machine, not from a server")
    parts = urlsplit(url)
    if "@" in parts.netloc or parts.query:
        raise LockRefused(
            f"{shown}: its address carries a password or a token, which must not get into a file"
        )
    return parts._replace(fragment="").geturl()


def _chosen(package: _Package, request: LockRequest, system: str) -> LockedWheel:
    shown = f"{package.name} {package.version}"
    allowed = dict(request.hashes).get(package.name, ())
    known = {text.partition(":")[2].lower() for text in allowed if text.startswith("sha256:")}
    fitting = {file.name: file for file in package.files if not allowed or file.sha256 in known}
    if not fitting:
        raise LockRefused(f"{shown}: no wheel of the index has one of the hashes that are asked for")
    name = best_wheel(tuple(fitting), request, system)
    if name is None:
        raise LockRefused(f"{shown}: no wheel fits Python {request.python} on {system}")
    file = fitting[name]
    if not _is_for(name, system):
        raise LockRefused(f"{shown}: {name} is for several kinds of machines")
    sri = SriHash("sha256-" + base64.b64encode(bytes.fromhex(file.sha256)).decode())
    return LockedWheel(name=name, url=file.url, hash=sri, systems=(system,), size=file.size)


def _is_for(name: str, system: str) -> bool:
    """Whether a wheel is for the system, told as python.nix tells it."""
    return name.endswith(("-any.whl", f"_{CPUS[system]}.whl"))


# --- nix/pylock.toml ---------------------------------------------------------------------------------------------------------


def write_lock(lock: PythonLock) -> str:
    """The text of nix/pylock.toml: PEP 751 without dates, which Nix's `builtins.fromTOML` refuses."""
    environments = ", ".join(_text(_marker(system)) for system in lock.systems)
    lines = [
        _HEADER + 'lock-version = "1.0"',
        f"environments = [{environments}]",
        f'requires-python = "=={lock.python}.*"',
        'created-by = "dock2nix"',
    ]
    if not lock.distributions:
        lines.append("packages = []")
    for distribution in lock.distributions:
        lines += ["", *_distribution_lines(distribution, lock.systems)]
    lines += ["", "[tool.dock2nix]", f"request = {_text(lock.request)}"]
    return "\n".join(lines) + "\n"


def _distribution_lines(distribution: LockedDistribution, systems: tuple[str, ...]) -> list[str]:
    lines = [
        "[[packages]]",
        f"name = {_text(distribution.name)}",
        f"version = {_text(distribution.version)}",
    ]
    if distribution.systems != systems:
        lines.append(f"marker = {_text(' or '.join(map(_marker, distribution.systems)))}")
    lines.append("wheels = [")
    lines += (f"  {_wheel(wheel)}," for wheel in distribution.wheels)
    lines.append("]")
    for key, names in (("needs", distribution.needs), ("borrows", distribution.borrows or None)):
        if names is not None:
            lines.append(f"tool.dock2nix.{key} = [{', '.join(map(_text, names))}]")
    return lines


def _wheel(wheel: LockedWheel) -> str:
    size = f"size = {wheel.size}, " if wheel.size else ""
    digest = base64.b64decode(wheel.hash.partition("-")[2]).hex()
    return f'{{ name = {_text(wheel.name)}, url = {_text(wheel.url)}, {size}hashes = {{ sha256 = "{digest}" }} }}'


def _text(text: str) -> str:
    """A TOML string; what it holds has been checked to be printable ASCII."""
    return json.dumps(text)


def _marker(system: str) -> str:
    return f"sys_platform == 'linux' and platform_machine == '{CPUS[system]}'"


def read_lock(text: str) -> PythonLock | None:
    """A lock that `write_lock` wrote; None when the text is none, or was changed to something that cannot be used."""
    try:
        tables = tomllib.loads(text)
        environments = tuple(str(marker) for marker in tables["environments"])
        systems = tuple(system for system in sorted(CPUS) if _marker(system) in environments)
        return PythonLock(
            python=str(tables["requires-python"]).removeprefix("==").removesuffix(".*"),
            request=str(tables["tool"]["dock2nix"]["request"]),
            systems=systems,
            distributions=tuple(_read_distribution(row, systems) for row in tables["packages"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, LockRefused, binascii.Error):
        return None


def _read_distribution(row: Mapping[str, Any], systems: tuple[str, ...]) -> LockedDistribution:
    package = _package(row)
    marker = str(row.get("marker", ""))
    mine = tuple(system for system in systems if not marker or _marker(system) in marker)
    libraries = row.get("tool", {}).get("dock2nix", {})
    needs = libraries.get("needs")
    return LockedDistribution(
        name=package.name,
        version=package.version,
        wheels=tuple(_read_wheel(file, mine) for file in package.files),
        needs=None if needs is None else tuple(map(_library, needs)),
        borrows=tuple(map(_library, libraries.get("borrows", ()))),
    )


def _read_wheel(file: _File, systems: tuple[str, ...]) -> LockedWheel:
    mine = tuple(system for system in systems if _is_for(file.name, system))
    if not mine:
        raise LockRefused(f"{file.name}: for no system of the lock")
    return LockedWheel(name=file.name, url=file.url, hash=_sri(file.sha256), systems=mine, size=file.size)


def _sri(sha256: str) -> SriHash:
    return SriHash("sha256-" + base64.b64encode(bytes.fromhex(sha256)).decode())


def _library(name: object) -> str:
    if not isinstance(name, str) or not is_library_name(name):
        raise LockRefused(f"{name!r} is no name of a library")
    return name


def is_library_name(text: str) -> bool:
    """Whether a text can be the name of a shared library, so that it may stand in a file of ours."""
    return _LIBRARY.fullmatch(text) is not None
