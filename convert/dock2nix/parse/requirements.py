"""Python requirements: one as PEP 508 and pip write it, and pip's requirements and constraints files."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dock2nix.paths import normal_path
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# Longer lines are no requirements; parsing them would only cost time.
_LONGEST = 4096
_DEEPEST = 30

_COMMENT = regex(r"(?:^|\s)#.*$")
_VARIABLE = regex(r"\$\{([A-Z0-9_]+)\}")
_TAIL_OPTIONS = regex(r"\s--?[A-Za-z]")
_HASH = regex(r"\s--hash[= ]\s?[\"']?([a-z0-9]{1,20}:[0-9A-Fa-f]{1,256})")
_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,200}[A-Za-z0-9])?"
_LOOSE = regex(
    rf"({_NAME})\s*+(?:\[([^\]]*)\])?\s*+\(?\s*+((?:===|==|~=|!=|<=|>=|<|>)[A-Za-z0-9.*+!_,<>=~ -]*?)?\s*+\)?\s*+(?:;(.*))?"
)
_NAME_AT = regex(rf"{_NAME}\s*(?:\[[^\]]*\])?\s*@")
_URL = regex(r"(?:[A-Za-z][A-Za-z0-9+.-]{0,20}://|git@|file:)")
_PATH_EXTRAS = regex(r"(.*?)\[([^\[\]]*)\]")
_EGG = regex(r"[#&]egg=([^&\[]*)(?:\[([^\]]*)\])?")
# Endings of what pip takes for an archive.
ARCHIVES = (".whl", ".tar.gz", ".tgz", ".zip", ".tar.bz2", ".tar.xz", ".tar")
_WHEEL = regex(rf"({_NAME})-([0-9][^-]*)(?:-[^-]+){{3,4}}\.whl")
_SDIST = regex(rf"({_NAME})-([0-9][^-]*)\.(?:tar\.(?:gz|bz2|xz)|tgz|zip)")

# Options of a requirements file that take a value; those of a single requirement (--hash …) are cut off before.
_SHORT = {
    "-r": "--requirement",
    "-c": "--constraint",
    "-e": "--editable",
    "-i": "--index-url",
    "-f": "--find-links",
}


class PythonRequirement(Struct, frozen=True, kw_only=True):
    """A requirement as PEP 508 and pip write it.

    `name` is normalized (PEP 503), "" when a path or address does not tell it. `specifier` is as written, without spaces.
    `url` is set for a direct reference: an address, a path, an archive. `hashes` are those of its `--hash` options.
    """

    name: str
    specifier: str = ""
    extras: tuple[str, ...] = ()
    marker: str = ""
    url: str = ""
    editable: bool = False
    hashes: tuple[str, ...] = ()


class RequirementLine(Struct, frozen=True, kw_only=True):
    """A requirement with the place it stands at: `requirements.txt:3`."""

    requirement: PythonRequirement
    origin: str


class FileOption(Struct, frozen=True, kw_only=True):
    """An option line of a requirements file, by its long name."""

    name: str
    value: str
    origin: str


class RejectedLine(Struct, frozen=True, kw_only=True):
    """A line that is no requirement, or a file that cannot be read (`origin` is then the place that names it)."""

    text: str
    reason: str
    origin: str
    missing_file: bool = False


class RequirementsFile(Struct, frozen=True, kw_only=True):
    """All that a requirements file asks for, the files it includes in place. `files` are those read, in order."""

    requirements: tuple[RequirementLine, ...] = ()
    constraints: tuple[RequirementLine, ...] = ()
    options: tuple[FileOption, ...] = ()
    rejected: tuple[RejectedLine, ...] = ()
    files: tuple[str, ...] = ()


# --- one requirement ---------------------------------------------------------------------------------------------------------


def normalized_name(name: str) -> str:
    """The name of a Python distribution as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_requirement(text: str) -> PythonRequirement | str:
    """One requirement: a name with extras, versions and marker (PEP 508), an address, a path or an archive.

    Returns:
        The requirement, or the reason why the text is none.
    """
    if len(text) > _LONGEST:
        return f"is longer than {_LONGEST} characters"
    text = " ".join(text.split())
    if _is_reference(text):
        return _read_reference(text)
    return _read_named(text)


def _is_reference(text: str) -> bool:
    if _URL.match(text):
        return True
    if _NAME_AT.match(text):
        return False
    bare = text.split(";", maxsplit=1)[0].split("[", maxsplit=1)[0].strip()
    return bare.startswith((".", "~")) or "/" in bare or bare.lower().endswith(ARCHIVES)


def _read_reference(text: str) -> PythonRequirement:
    reference, _, marker = text.partition(" ;") if _URL.match(text) else text.partition(";")
    reference = reference.strip()
    extras = ""
    bracketed = _PATH_EXTRAS.fullmatch(reference)
    if bracketed and "#" not in reference:
        reference, extras = bracketed[1], bracketed[2]
    egg = _EGG.search(reference)
    if egg:
        name, specifier, extras = egg[1], "", egg[2] or extras
    else:
        name, specifier = _archive_name(reference)
    return PythonRequirement(
        name=normalized_name(name),
        specifier=specifier,
        extras=split_extras(extras),
        marker=marker.strip(),
        url=reference,
    )


def _archive_name(reference: str) -> tuple[str, str]:
    base = posixpath.basename(reference.split("#", maxsplit=1)[0].split("?", maxsplit=1)[0])
    found = _WHEEL.fullmatch(base) or _SDIST.fullmatch(base)
    return (found[1], f"=={found[2]}") if found else ("", "")


def split_extras(text: str | None) -> tuple[str, ...]:
    """The normalized names between the brackets of `name[a,b]`, sorted."""
    return tuple(
        sorted({normalized_name(extra.strip()) for extra in (text or "").split(",") if extra.strip()})
    )


def _read_named(text: str) -> PythonRequirement | str:
    # Without a marker strict and loose reading come to the same, and most requirements have none.
    loose = _LOOSE.fullmatch(text)
    if loose is not None and loose[4] is None:
        return _read_loosely(text)
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415 - slow to import

    try:
        strict = Requirement(text)
    except (InvalidRequirement, RecursionError):
        return _read_loosely(text)
    if strict.url:
        return PythonRequirement(
            name=normalized_name(strict.name),
            extras=split_extras(",".join(strict.extras)),
            marker=str(strict.marker or ""),
            url=strict.url,
        )
    return PythonRequirement(
        name=normalized_name(strict.name),
        specifier="".join((loose[3] or "").split()) if loose else str(strict.specifier),
        extras=split_extras(",".join(strict.extras)),
        marker=str(strict.marker or ""),
    )


def _read_loosely(text: str) -> PythonRequirement | str:
    """Versions that PEP 440 does not know (`==2013b-1`) were fine with older pips: the name is clear all the same."""
    loose = _LOOSE.fullmatch(text)
    if loose is None or (loose[4] or "").strip():
        return "is no requirement as PEP 508 defines it"
    specifier = "".join((loose[3] or "").split())
    return PythonRequirement(
        name=normalized_name(loose[1]), specifier=specifier, extras=split_extras(loose[2])
    )


# --- requirements files ------------------------------------------------------------------------------------------------------


def read_requirements_file(
    path: str,
    read: Callable[[str], str | None],
    *,
    environment: Mapping[str, str | None],
    constraint: bool = False,
) -> RequirementsFile:
    """Read a requirements file as pip does, the files it includes (`-r`, `-c`) in place.

    Args:
        path: as the command names it; included files are relative to the file that names them.
        read: the text of a file by its path, None when there is none.
        environment: for `${NAME}` in the file; a name that is missing stays as written.
        constraint: whether the file only constrains versions (`-c`).

    Returns:
        Requirements and constraints in order; what could not be read is in `rejected`. A file is read once: a circle ends there.
    """
    reading = _Reading(read, environment)
    reading.file(path, origin="", constraint=constraint, depth=0)
    return RequirementsFile(
        requirements=tuple(reading.requirements),
        constraints=tuple(reading.constraints),
        options=tuple(reading.options),
        rejected=tuple(reading.rejected),
        files=tuple(reading.files),
    )


class _Reading:
    """One walk through a requirements file and what it includes."""

    def __init__(self, read: Callable[[str], str | None], environment: Mapping[str, str | None]) -> None:
        self._read = read
        self._environment = environment
        self._seen: set[tuple[str, bool]] = set()
        self.requirements: list[RequirementLine] = []
        self.constraints: list[RequirementLine] = []
        self.options: list[FileOption] = []
        self.rejected: list[RejectedLine] = []
        self.files: list[str] = []

    def file(self, path: str, *, origin: str, constraint: bool, depth: int) -> None:
        key = (normal_path(path), constraint)
        if key in self._seen:
            return
        self._seen.add(key)
        remote = _URL.match(path) is not None
        text = None if remote or depth > _DEEPEST else self._read(path)
        if text is None:
            reason = "is downloaded when the image is built" if remote else "is not in the build context"
            self.rejected.append(RejectedLine(text=path, reason=reason, origin=origin, missing_file=True))
            return
        self.files.append(path)
        for number, line in _logical_lines(text):
            self._line(line, path, f"{path}:{number}", constraint=constraint, depth=depth)

    def _line(self, line: str, path: str, origin: str, *, constraint: bool, depth: int) -> None:
        line = self._with_variables(line)
        if not line.startswith("-"):
            bare, hashes = _own_options(line)
            self._requirement(bare, origin, constraint=constraint, hashes=hashes)
            return
        name, value = _read_option_line(line)
        if name in {"--requirement", "--constraint"}:
            nested = value if _URL.match(value) else posixpath.join(posixpath.dirname(path), value)
            inner = constraint or name == "--constraint"
            self.file(nested, origin=origin, constraint=inner, depth=depth + 1)
        elif name == "--editable":
            self._requirement(value, origin, constraint=constraint, editable=True)
        else:
            self.options.append(FileOption(name=name, value=value, origin=origin))

    def _requirement(
        self,
        text: str,
        origin: str,
        *,
        constraint: bool,
        editable: bool = False,
        hashes: tuple[str, ...] = (),
    ) -> None:
        found = read_requirement(text)
        if isinstance(found, str):
            self.rejected.append(RejectedLine(text=text[:200], reason=found, origin=origin))
            return
        entry = RequirementLine(requirement=replace(found, editable=editable, hashes=hashes), origin=origin)
        (self.constraints if constraint else self.requirements).append(entry)

    def _with_variables(self, line: str) -> str:
        return _VARIABLE.sub(lambda match: self._environment.get(match[1]) or match[0], line)


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines with continuations joined and comments dropped, and the number of the first line of each."""
    parts: list[str] = []
    first = 0
    for number, line in enumerate(text.lstrip("\ufeff").splitlines(), start=1):
        first = first if parts else number
        comment = line.lstrip().startswith("#")
        if line.endswith("\\") and not comment:
            parts.append(line[:-1])
            continue
        joined = "".join([*parts, "" if comment else line])
        parts = []
        bare = _COMMENT.sub("", joined).strip() if len(joined) <= _LONGEST * 8 else joined.strip()
        if bare:
            yield first, bare
    rest = _COMMENT.sub("", "".join(parts)).strip()
    if rest:
        yield first, rest


def _read_option_line(line: str) -> tuple[str, str]:
    short = _SHORT.get(line[:2])
    if short and not line.startswith("--"):
        return short, line[2:].lstrip(" =").strip()
    name, _, value = line.replace("=", " ", 1).partition(" ")
    return name, value.strip().strip("\"'")


def _own_options(line: str) -> tuple[str, tuple[str, ...]]:
    """A requirement without its own options, and the hashes among them (`--hash=sha256:…`)."""
    options = _TAIL_OPTIONS.search(line)
    if not options:
        return line, ()
    return line[: options.start()], tuple(_HASH.findall(line[options.start() :]))
