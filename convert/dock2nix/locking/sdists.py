"""Source distributions, read and never run: what they depend on, what builds them, whether they hold machine code."""

from __future__ import annotations

import io
import tarfile
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from dock2nix.locking.base import LockRefused
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_LARGEST, _LARGEST_FILE, _MOST_FILES = 200 * 2**20, 2**20, 20_000
_READ = ("PKG-INFO", "pyproject.toml", "requires.txt", "setup.py", "setup.cfg")
# Files that a compiler is needed for.
_MACHINE_CODE = regex(
    r".*(?:\.(?:c|cc|cpp|cu|cxx|f|f90|go|m|mm|pyx|rs|swg)|/(?:CMakeLists\.txt|Cargo\.toml|meson\.build))"
)
_BESIDE = regex(r"[^/]+/(?:.*/)?(?:benchmarks?|docs?|examples?|samples?|tests?|testing)/")
_SECTION = regex(r"\[([^\]:]*)(?::(.*))?\]")


# What setup.cfg may say of requirements, for setuptools and for older tools.
_IN_SETTINGS = ("install_requires", "extras_require", "requires-dist", "requires_dist")
_DAMAGED = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    UnicodeDecodeError,
    NotImplementedError,
    RuntimeError,
)


class SourceMetadata(Struct, frozen=True, kw_only=True):
    """What a source distribution says of itself: PEP 508 requirements, of itself and of what builds it (PEP 518)."""

    name: str
    version: str = ""
    requires: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    build_requires: tuple[str, ...] = ()
    native: bool = False


def read_sdist(name: str, version: str, file_name: str, content: bytes) -> SourceMetadata:
    """What can be known of a source distribution without running it.

    Args:
        name: of the distribution, normalized.
        version: as the index has it.
        file_name: which tells the kind of archive: `.tar.gz` (PEP 625), `.zip` for older ones.
        content: the archive.

    Raises:
        LockRefused: it is another kind of archive, it is damaged or too large, or what it depends on is computed when it runs.
    """
    shown = f"{name} {version}"
    if not file_name.endswith((".tar.gz", ".tgz", ".zip")):
        raise LockRefused(
            f"{shown}: there is no wheel of it, and {file_name} is no archive that is read here"
        )
    try:
        names, files = _read_zip(content) if file_name.endswith(".zip") else _read_archive(content)
    except _DAMAGED as error:
        raise LockRefused(f"{shown}: {file_name} cannot be read ({error})") from error
    requires = _requires(names, files)
    if requires is None:
        raise LockRefused(f"{shown}: there is no wheel of it, and what it needs is known only by running it")
    return SourceMetadata(
        name=name,
        version=version,
        requires=requires[0],
        extras=requires[1],
        build_requires=_build_requires(files.get("pyproject.toml", "")),
        native=any(_MACHINE_CODE.fullmatch(path) and not _BESIDE.match(path) for path in names),
    )


def _read_archive(content: bytes) -> tuple[tuple[str, ...], dict[str, str]]:
    """The names of all files, and the texts of those that say something, by their path below the archive's one folder."""
    names: list[str] = []
    files: dict[str, str] = {}
    with tarfile.open(fileobj=io.BytesIO(_decompressed(content)), mode="r:") as archive:
        for member in archive:
            if len(names) >= _MOST_FILES:
                raise tarfile.TarError("too many files")
            names.append(member.name)
            base, path = member.name.rpartition("/")[2], member.name.partition("/")[2]
            if base in _READ and member.isfile() and member.size <= _LARGEST_FILE:
                file = archive.extractfile(member)
                files[path] = file.read().decode("utf-8", "replace") if file else ""
    return tuple(names), files


def _read_zip(content: bytes) -> tuple[tuple[str, ...], dict[str, str]]:
    """The same of a zip archive; no more of a file is unpacked than its entry says it has."""
    files: dict[str, str] = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
        if len(members) >= _MOST_FILES:
            raise zipfile.BadZipFile("too many files")
        for member in members:
            base, path = member.filename.rpartition("/")[2], member.filename.partition("/")[2]
            if base in _READ and member.file_size <= _LARGEST_FILE:
                with archive.open(member) as file:
                    files[path] = file.read(_LARGEST_FILE).decode("utf-8", "replace")
    return tuple(member.filename for member in members if not member.is_dir()), files


def _decompressed(content: bytes) -> bytes:
    """A gzip file's content, if it is not unreasonably much."""
    reader = zlib.decompressobj(wbits=31)
    data = reader.decompress(content, _LARGEST)
    if reader.unconsumed_tail:
        raise tarfile.TarError("it holds too much")
    if not reader.eof:
        raise EOFError("it ends too early")
    return data


def _requires(
    names: tuple[str, ...], files: Mapping[str, str]
) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Requirements and extras; None when only running it would tell."""
    core = _metadata(files.get("PKG-INFO", ""))
    if core is not None and _is_static(core):
        return tuple(core.get("requires_dist", ())), tuple(core.get("provides_extra", ()))
    listed = next((text for path, text in files.items() if path.endswith(".egg-info/requires.txt")), None)
    if listed is not None:
        return _from_egg(listed)
    # setuptools leaves the file out when there is nothing to list
    if any(name.endswith(".egg-info/SOURCES.txt") for name in names):
        return (), ()
    declared = _declared(files.get("pyproject.toml", ""))
    if declared is not None:
        return declared
    if "setup.py" in files:
        return _from_setup(files["setup.py"], files.get("setup.cfg", ""))
    return None if core is None or _dynamic(core) else ((), ())


def _declared(pyproject: str) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """What the table `project` lists; whatever builds it has to take that (PEP 621). None where it leaves that open."""
    project = _toml(pyproject).get("project")
    if not isinstance(project, dict) or {"dependencies", "optional-dependencies"} & set(
        project.get("dynamic", ())
    ):
        return None
    try:
        optional = dict(project.get("optional-dependencies", {}))
        return _joined(tuple(map(str, project.get("dependencies", ()))), optional)
    except (TypeError, ValueError):
        return None


def _from_setup(setup: str, settings: str) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    from dock2nix.parse.setup_scripts import literal_requirements  # noqa: PLC0415 - few locks have sources

    if any(name in settings for name in _IN_SETTINGS):
        return None
    found = literal_requirements(setup)
    return None if found is None else _joined(*found)


def _joined(
    requires: tuple[str, ...], extras: Mapping[str, Iterable[str]]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Requirements of extras among the others, each with its marker; setuptools' keys may hold one: `extra:marker`."""
    names: dict[str, None] = {}
    lines = [*requires]
    for key, texts in extras.items():
        extra, _, marker = key.partition(":")
        names |= {extra: None} if extra else {}
        lines += [_with_marker(text, extra, marker) for text in texts]
    return tuple(lines), tuple(names)


def _toml(text: str) -> Mapping[str, Any]:
    import tomli  # noqa: PLC0415 - few locks have sources

    try:
        return tomli.loads(text)
    except (ValueError, RecursionError):
        return {}


def _metadata(text: str) -> Mapping[str, Any] | None:
    from packaging.metadata import parse_email  # noqa: PLC0415 - slow to import

    return dict(parse_email(text)[0]) if text else None


def _is_static(core: Mapping[str, Any]) -> bool:
    """Whether the requirements in PKG-INFO are what a wheel would say too (core metadata 2.2)."""
    if core.get("requires_dist") and not _dynamic(core):
        return True
    return core.get("metadata_version", "") >= "2.2" and not _dynamic(core)


def _dynamic(core: Mapping[str, Any]) -> bool:
    return "requires-dist" in {field.lower() for field in core.get("dynamic", ())}


def _from_egg(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """requires.txt of setuptools: sections of extras and markers, `[extra:marker]`."""
    requires: list[str] = []
    extras: dict[str, None] = {}
    extra = marker = ""
    for line in (line.strip() for line in text.splitlines()):
        section = _SECTION.fullmatch(line)
        if section:
            extra, marker = section[1], section[2] or ""
            extras |= {extra: None} if extra else {}
        elif line:
            requires.append(_with_marker(line, extra, marker))
    return tuple(requires), tuple(extras)


def _with_marker(line: str, extra: str, marker: str) -> str:
    bare, _, own = line.partition(";")
    parts = [f"({text.strip()})" for text in (own, marker) if text.strip()]
    parts += [f'extra == "{extra}"'] if extra else []
    return f"{bare.strip()} ; {' and '.join(parts)}" if parts else bare.strip()


def _build_requires(pyproject: str) -> tuple[str, ...]:
    """What builds it; setuptools where pyproject.toml does not say (PEP 517)."""
    system = _toml(pyproject).get("build-system")
    found = system.get("requires") if isinstance(system, dict) else None
    return tuple(str(text) for text in found) if isinstance(found, list) and found else ("setuptools",)


def applying(requirements: Iterable[str], python: str) -> Iterator[str]:
    """The normalized names of requirements whose marker holds for a version of Python on Linux.

    Raises:
        LockRefused: one is not as PEP 508 defines it.
    """
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415 - slow to import
    from packaging.utils import canonicalize_name  # noqa: PLC0415

    values = {"python_version": ".".join(python.split(".")[:2]), "python_full_version": python}
    values |= {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "extra": ""}
    for text in requirements:
        try:
            requirement = Requirement(text)
        except InvalidRequirement as error:
            raise LockRefused(f"{text}: not a requirement as PEP 508 defines it") from error
        if requirement.marker is None or requirement.marker.evaluate(values):
            yield canonicalize_name(requirement.name)
