"""Lock files of Python distributions (PEP 751): what uv writes into what Nix can read, and that read again."""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import msgspec
import tomli
from msgspec import Struct

from dock2nix.locking.base import CPUS, LockRefused
from dock2nix.locking.sdists import applying
from dock2nix.locking.wheels import best_wheel
from dock2nix.model.packages import SriHash
from dock2nix.model.python_lock import LockedDistribution, LockedSource, LockedWheel, PythonLock
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dock2nix.locking.base import LockRequest
    from dock2nix.locking.sdists import SourceMetadata

_NAME = regex(r"[a-z0-9](?:[a-z0-9-]{0,200}[a-z0-9])?")
_VERSION = regex(r"[A-Za-z0-9][A-Za-z0-9.+!_-]{0,200}")
# What a store path may be called, less what a wheel's name never has.
_FILE = regex(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,190}\.(?:whl|tar\.gz|tgz|zip|tar\.bz2)")
_URL = regex(r"https?://[!-~]+")
_LIBRARY = regex(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,120}")
_HEX = regex(r"[0-9a-f]{64}")

_HEADER = """\
# The Python distributions of the image, each wheel with its hash (PEP 751): made by dock2nix with uv, read by python.nix.
# It is kept as it is until the requirements change; delete it and convert again for newer versions.
"""


class Source(Struct, frozen=True, kw_only=True):
    """Sources as a lock file names them."""

    name: str
    version: str
    file_name: str
    url: str
    sha256: str


class _File(Struct, frozen=True, kw_only=True):
    """A wheel or an archive of sources as a lock file of one system names it."""

    name: str
    url: str
    sha256: str
    size: int


class _Package(Struct, frozen=True, kw_only=True):
    """A distribution of such a lock file, with all wheels that fit, and its sources."""

    name: str
    version: str
    files: tuple[_File, ...]
    source: _File | None = None


# --- what uv writes ----------------------------------------------------------------------------------------------------------


def versions_of(text: str) -> dict[str, str]:
    """Distribution → version of a lock file."""
    return {str(row["name"]): str(row.get("version", "")) for row in tomli.loads(text).get("packages", ())}


def sources_of(text: str) -> tuple[Source, ...]:
    """The distributions of a lock file that come as sources only.

    Raises:
        LockRefused: something about one of them cannot be used.
    """
    packages = (_package(row) for row in tomli.loads(text).get("packages", ()))
    return tuple(
        Source(
            name=one.name,
            version=one.version,
            file_name=one.source.name,
            url=one.source.url,
            sha256=one.source.sha256,
        )
        for one in packages
        if one.source is not None and not one.files
    )


def merge(
    answers: Mapping[str, str], request: LockRequest, sources: tuple[SourceMetadata, ...] = ()
) -> PythonLock:
    """The lock files of several systems as one, with one wheel for each system.

    Args:
        answers: lock files by system; their versions agree.
        request: what they answer.
        sources: what is known of distributions that come as sources.

    Raises:
        LockRefused: something in them cannot be used: no wheel, a file without an address, an address with a password, a
            hash other than the one that was asked for.
    """
    found: dict[tuple[str, str], LockedDistribution] = {}
    known = {(source.name, source.version): source for source in sources}
    for system, text in sorted(answers.items()):
        for row in tomli.loads(text).get("packages", ()):
            package = _package(row)
            key = (package.name, package.version)
            before = found.get(key, LockedDistribution(name=package.name, version=package.version, wheels=()))
            if package.files:
                found[key] = _with_wheel(before, _chosen(package, request, system))
            else:
                found[key] = _with_source(before, package, known.get(key), request, system)
    return PythonLock(
        python=".".join(request.python.split(".")[:2]),
        request=request.digest,
        systems=tuple(sorted(answers)),
        distributions=tuple(found[key] for key in sorted(found)),
    )


def _with_wheel(before: LockedDistribution, chosen: LockedWheel) -> LockedDistribution:
    """The distribution with one more wheel, or with one that it has already for one more system."""
    wheels = {wheel.name: wheel for wheel in before.wheels}
    own = wheels.get(chosen.name, chosen)
    systems = tuple(sorted({*own.systems, *chosen.systems}))
    wheels[chosen.name] = msgspec.structs.replace(chosen, systems=systems)
    return msgspec.structs.replace(before, wheels=tuple(wheels[name] for name in sorted(wheels)))


def _with_source(
    before: LockedDistribution,
    package: _Package,
    metadata: SourceMetadata | None,
    request: LockRequest,
    system: str,
) -> LockedDistribution:
    shown = f"{package.name} {package.version}"
    if package.source is None or metadata is None:
        raise LockRefused(f"{shown}: there is no wheel of it, and sources of it are not known")
    allowed = _allowed(package.name, request)
    if allowed is not None and package.source.sha256 not in allowed:
        raise LockRefused(f"{shown}: its sources have none of the hashes that are asked for")
    source = LockedSource(
        name=package.source.name,
        url=package.source.url,
        hash=_sri(package.source.sha256),
        size=package.source.size,
        builders=tuple(dict.fromkeys(applying(metadata.build_requires, request.python))),
        native=metadata.native,
    )
    systems = tuple(sorted({*before.source_systems, system}))
    return msgspec.structs.replace(before, source=source, source_systems=systems)


def _allowed(name: str, request: LockRequest) -> frozenset[str] | None:
    """The SHA-256 digests that files of a distribution may have; None when any will do."""
    asked = dict(request.hashes).get(name, ())
    if not asked:
        return None
    return frozenset(text.partition(":")[2].lower() for text in asked if text.startswith("sha256:"))


def _package(row: Mapping[str, Any]) -> _Package:
    name, version = str(row.get("name", "")), str(row.get("version", ""))
    if not _NAME.fullmatch(name) or not _VERSION.fullmatch(version):
        raise LockRefused(f"{name or 'a distribution'}: no name and version that can be used")
    if not (row.get("wheels") or row.get("sdist")):
        raise LockRefused(f"{name} {version}: there is no wheel of it")
    files = tuple(_file(wheel, f"{name} {version}") for wheel in row.get("wheels", ()))
    source = _file(row["sdist"], f"{name} {version}") if row.get("sdist") and not files else None
    return _Package(name=name, version=version, files=files, source=source)


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
    allowed = _allowed(package.name, request)
    fitting = {file.name: file for file in package.files if allowed is None or file.sha256 in allowed}
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
    if distribution.source is not None:
        lines += _source_lines(distribution.source)
    if distribution.wheels:
        lines += ["wheels = [", *(f"  {_wheel(wheel)}," for wheel in distribution.wheels), "]"]
    for key, names in (("needs", distribution.needs), ("borrows", distribution.borrows or None)):
        if names is not None:
            lines.append(f"tool.dock2nix.{key} = [{', '.join(map(_text, names))}]")
    return lines


def _source_lines(source: LockedSource) -> list[str]:
    builders = ", ".join(map(_text, source.builders))
    return [
        f"sdist = {_wheel(source)}",
        f"tool.dock2nix.builders = [{builders}]",
        f"tool.dock2nix.native = {'true' if source.native else 'false'}",
    ]


def _wheel(wheel: LockedWheel | LockedSource) -> str:
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
        tables = tomli.loads(text)
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
        source=_read_source(package.source, libraries) if package.source else None,
        source_systems=mine if package.source else (),
        needs=None if needs is None else tuple(map(_library, needs)),
        borrows=tuple(map(_library, libraries.get("borrows", ()))),
    )


def _read_wheel(file: _File, systems: tuple[str, ...]) -> LockedWheel:
    mine = tuple(system for system in systems if _is_for(file.name, system))
    if not mine:
        raise LockRefused(f"{file.name}: for no system of the lock")
    return LockedWheel(name=file.name, url=file.url, hash=_sri(file.sha256), systems=mine, size=file.size)


def _read_source(file: _File, said: Mapping[str, Any]) -> LockedSource:
    builders = tuple(str(name) for name in said["builders"])
    if not all(_NAME.fullmatch(name) for name in builders):
        raise LockRefused(f"{file.name}: what builds it is not named as it must be")
    return LockedSource(
        name=file.name,
        url=file.url,
        hash=_sri(file.sha256),
        size=file.size,
        builders=builders,
        native=bool(said["native"]),
    )


def _sri(sha256: str) -> SriHash:
    return SriHash("sha256-" + base64.b64encode(bytes.fromhex(sha256)).decode())


def _library(name: object) -> str:
    if not isinstance(name, str) or not is_library_name(name):
        raise LockRefused(f"{name!r} is no name of a library")
    return name


def is_library_name(text: str) -> bool:
    """Whether a text can be the name of a shared library, so that it may stand in a file of ours."""
    return _LIBRARY.fullmatch(text) is not None
