"""Packages files: tens of megabytes of paragraphs, of which a conversion needs a few."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from dock2nix.errors import Dock2nixError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PACKAGE = re.compile(rb"^Package: (\S+)$", re.MULTILINE)
_PROVIDES = re.compile(rb"^Provides: (.+)$", re.MULTILINE)
_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+")
_PLACE = re.compile(r"[A-Za-z0-9][\w@+.~:%/-]*", re.ASCII)
_FILE = re.compile(r"[\w@+.~:%-]+", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Relation(Struct, frozen=True, kw_only=True):
    """One alternative of a dependency (Debian Policy 7.1). `exact`: only this very version of it will do."""

    name: str
    exact: bool = False


class Paragraph(Struct, frozen=True, kw_only=True):
    """One binary package of one version. `depends` are alternatives, first choice first; `mirror` is the archive it is in."""

    name: str
    version: str
    architecture: str
    source: str
    source_version: str
    component: str
    section: str
    mirror: str
    path: str
    sha256: str
    size: int
    essential: bool
    depends: tuple[tuple[Relation, ...], ...]
    recommends: tuple[str, ...]

    @property
    def url(self) -> str:
        return f"{self.mirror}/{self.path}"


class PackagesFile(Struct, frozen=True):
    """The text of a Packages file, with the archive and the component that it is of."""

    text: bytes
    mirror: str
    component: str


class Packages:
    """The packages of a release by name. Only what is asked for is read.

    Args:
        files: of all its suites.
    """

    def __init__(self, files: tuple[PackagesFile, ...]) -> None:
        self._files = files
        self._places: dict[str, list[tuple[int, int]]] = {}
        self._read: dict[str, tuple[Paragraph, ...]] = {}
        for number, file in enumerate(files):
            for match in _PACKAGE.finditer(file.text):
                self._places.setdefault(match[1].decode("utf-8", "replace"), []).append(
                    (number, match.start())
                )
        self._virtual: dict[str, list[str]] | None = None

    def versions(self, name: str) -> tuple[Paragraph, ...]:
        """All that the release has of a package, newest first (deb-version(7))."""
        if name not in self._read:
            found = (self._paragraph(*place) for place in self._places.get(name, ()))
            self._read[name] = tuple(sorted(filter(None, found), key=_version_of, reverse=True))
        return self._read[name]

    def best(self, name: str, specifier: str = "") -> Paragraph | None:
        """The newest version of a package, or of those that `specifier` allows (`=1.2-3`, `=1.2*`)."""
        wanted = specifier.removeprefix("=") if specifier.startswith("=") else "*"
        return next((one for one in self.versions(name) if fnmatchcase(one.version, wanted)), None)

    def providers(self, name: str) -> tuple[str, ...]:
        """The packages that provide a virtual one, by name."""
        if self._virtual is None:
            self._virtual = {}
            for file in self._files:
                for match in _PROVIDES.finditer(file.text):
                    start = file.text.rfind(b"\n\n", 0, match.start()) + 2
                    package = _PACKAGE.search(file.text, max(start, 0))
                    provider = package[1].decode("utf-8", "replace") if package else ""
                    for provided in match[1].decode("utf-8", "replace").split(","):
                        self._virtual.setdefault(provided.split("(")[0].strip(), []).append(provider)
        return tuple(sorted(set(self._virtual.get(name, ()))))

    def _paragraph(self, number: int, start: int) -> Paragraph | None:
        file = self._files[number]
        end = file.text.find(b"\n\n", start)
        text = file.text[start : end if end >= 0 else len(file.text)].decode("utf-8", "replace")
        return _read(_fields(text), file)


def _fields(text: str) -> Mapping[str, str]:
    from debian_inspector.debcon import get_paragraph_data  # noqa: PLC0415 - few conversions need it

    return {str(name): str(value) for name, value in get_paragraph_data(text).items()}


def _read(fields: Mapping[str, str], file: PackagesFile) -> Paragraph | None:
    """A paragraph; None when it is none that can be used, or would lead out of its archive."""
    path, sha256, name = (fields.get(one, "") for one in ("filename", "sha256", "package"))
    usable = _NAME.fullmatch(name) and _SHA256.fullmatch(sha256) and _PLACE.fullmatch(path)
    if not usable or ".." in path.split("/"):
        return None
    size, source = fields.get("size", ""), (fields.get("source") or name).split()
    return Paragraph(
        name=name,
        version=fields.get("version", ""),
        architecture=fields.get("architecture", ""),
        source=source[0],
        source_version=source[1].strip("()") if len(source) > 1 else fields.get("version", ""),
        component=file.component,
        section=fields.get("section", ""),
        mirror=file.mirror,
        path=path,
        sha256=sha256,
        size=int(size) if size.isdigit() else 0,
        essential=fields.get("essential") == "yes" or fields.get("priority") == "required",
        depends=(*_relations(fields.get("pre-depends", "")), *_relations(fields.get("depends", ""))),
        recommends=tuple(one[0].name for one in _relations(fields.get("recommends", ""))),
    )


def source_files(text: bytes, name: str, version: str) -> Mapping[str, str]:
    """The files of a source package (Debian Policy 5.4) in the text of a Sources file: SHA-256 by path in the archive."""
    for match in re.finditer(rb"^Package: " + re.escape(name.encode()) + rb"$", text, re.MULTILINE):
        start, end = text.rfind(b"\n\n", 0, match.start()) + 2, text.find(b"\n\n", match.start())
        start = 0 if start < 2 else start
        fields = _fields(text[start : end if end >= 0 else len(text)].decode("utf-8", "replace"))
        folder = fields.get("directory", "")
        if fields.get("version") != version or not _PLACE.fullmatch(folder) or ".." in folder.split("/"):
            continue
        return {
            f"{folder}/{file}": sha256
            for sha256, _, file in (
                line.split()
                for line in fields.get("checksums-sha256", "").splitlines()
                if line.count(" ") >= 2
            )
            if _SHA256.fullmatch(sha256) and _FILE.fullmatch(file)
        }
    return {}


def _relations(text: str) -> tuple[tuple[Relation, ...], ...]:
    from debian_inspector.deps import parse_depends  # noqa: PLC0415 - few conversions need it

    try:
        parsed = parse_depends(" ".join(text.split())) if text else None
    except (AttributeError, ValueError) as error:
        raise Dock2nixError(f"a Packages file has a dependency that cannot be read: {text[:200]}") from error
    found = parsed.relationships if parsed is not None else ()
    return tuple(tuple(_alternatives(one)) for one in found)


def _alternatives(found: Any) -> Iterator[Relation]:  # noqa: ANN401 - a relation, or a group of them
    for one in getattr(found, "relationships", (found,)):
        name = str(one.name).partition(":")[0]
        yield Relation(name=name, exact=getattr(one, "operator", "") == "=")


def _version_of(paragraph: Paragraph) -> Any:  # noqa: ANN401 - compared by its own operators
    from debian_inspector.version import Version  # noqa: PLC0415 - few conversions need it

    return Version.from_string(paragraph.version)
