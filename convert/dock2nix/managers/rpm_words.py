"""Words that ask for RPM packages: names with version and architecture, capabilities, groups, modules, files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.managers.arguments import refused
from dock2nix.managers.packagefiles import file_requirement, is_package_file
from dock2nix.model.packages import Requirement
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.model.packages import UnknownWord
    from dock2nix.model.shell import Word

FOREIGN_ARCHITECTURES = frozenset(
    {"i386", "i486", "i586", "i686", "aarch64", "armv7hl", "ppc64le", "s390x", "src"}
)
_ARCHITECTURES = frozenset({"x86_64", "noarch"})
_PACKAGE = regex(r"[A-Za-z0-9_][A-Za-z0-9_.+~^:-]*")
_CAPABILITY = regex(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*\([^()\s]*\)(?:\(64bit\))?")
_COMPARED = regex(r"(?P<name>[^<>=\s]+)\s*(?P<specifier>[<>=]{1,2}\s*[A-Za-z0-9_.+~^:-]+)")
_PATTERN_VERSION = regex(
    r"(?P<name>[A-Za-z0-9_.+-]+?)(?P<specifier>-(?:[0-9]+:)?[0-9][0-9A-Za-z.+~^]*(?:-[0-9A-Za-z._+~^]*)?)\*"
)
_VERSION_RELEASE = regex(
    r"(?P<name>.+?)(?P<specifier>-(?:[0-9]+:)?[0-9][0-9A-Za-z.+~^_]*-[0-9][0-9A-Za-z.+~^_]*)"
)
_VERSION = regex(r"(?P<name>.+?)(?P<specifier>-(?:[0-9]+:)?[0-9]+(?:\.[0-9A-Za-z+~^_]+)+)")
_LONGEST = 300
# Names that end in a version of their own.
_NAMED_BY_VERSION = regex(r"(?:dotnet|aspnetcore|netstandard|java|compat)-.*")


def rpm_requirement(
    manager: str, word: Word, text: str, *, module: bool = False
) -> Requirement | UnknownWord:
    """A word that asks for an RPM package: a name with version and architecture, a capability, a group, a path, a file.

    Args:
        manager: whose requirement it becomes.
        word: as it stands on the command line.
        text: its value.
        module: whether the words are modules (`nodejs:18/common`).
    """
    if is_package_file(text, ".rpm"):
        return file_requirement(manager, word, text)
    if len(text) > _LONGEST:
        return refused(word, "is not a package name")
    if text.startswith("@") or module:
        return _group_or_module(manager, word, text)
    if _CAPABILITY.fullmatch(text) or text.startswith("/"):
        return Requirement(manager=manager, name=text, location=word.location)
    name, specifier = split_rpm_name(text)
    if _PACKAGE.fullmatch(name) is None:
        glob = any(letter in text for letter in "*?[")
        reason = (
            "a pattern: which packages it matches depends on the repository"
            if glob
            else "is not an RPM package name"
        )
        return refused(word, reason)
    return Requirement(manager=manager, name=name, specifier=specifier, location=word.location)


def _group_or_module(manager: str, word: Word, text: str) -> Requirement:
    name, colon, stream = text.partition(":")
    specifier = f":{stream}" if colon else ""
    return Requirement(
        manager=manager,
        name=name if specifier == "" else name.lstrip("@"),
        specifier=specifier,
        location=word.location,
    )


def split_rpm_name(text: str) -> tuple[str, str]:
    """Name and version of `name-1.2-3.el8.x86_64`, `name-1.2*`, `name = 1.2`.

    RPM's names may end in numbers themselves (`gcc-toolset-9`, `dotnet-sdk-6.0`): what may be part of the name stays there.

    Returns:
        The name (with a foreign architecture, `glibc.i686`) and the version as written, `-` or the comparison included.
    """
    compared = _COMPARED.fullmatch(text)
    if compared:
        return compared["name"], "".join(compared["specifier"].split())
    bare, _, last = text.rpartition(".")
    if bare and last in _ARCHITECTURES:
        text = bare
    elif bare and last in FOREIGN_ARCHITECTURES:
        name, specifier = split_rpm_name(bare)
        return f"{name}.{last}", specifier
    forms = (
        (_VERSION_RELEASE,)
        if _NAMED_BY_VERSION.fullmatch(text)
        else (_PATTERN_VERSION, _VERSION_RELEASE, _VERSION)
    )
    found = next((match for form in forms if (match := form.fullmatch(text))), None)
    if found is None or not ("." in found["specifier"] or text.endswith("*")):
        return text, ""
    tail = "*" if text.endswith("*") else ""
    return found["name"], found["specifier"] + tail
