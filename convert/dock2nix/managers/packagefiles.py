"""Package files given by path or address (`./tool_1.2_amd64.deb`, `https://…/epel-release.noarch.rpm`)."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dock2nix.managers.arguments import without_password
from dock2nix.managers.resolution import curated, file_evidence, same_name, unresolved
from dock2nix.model.packages import NixpkgsPackage, NotNeeded, Origin, Requirement
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.managers.resolution import Question
    from dock2nix.model.packages import Resolution
    from dock2nix.model.shell import Word

_ADDRESS = regex(r"(?:https?|ftp|file)://")
# epel-release, mysql-apt-config, cuda-keyring, packages-microsoft-prod and their kin.
_REPOSITORY_PACKAGE = regex(
    r"(?:[a-z0-9+.-]*-(?:release|apt-config|archive-keyring|keyring|apt-source)|packages-microsoft-prod|erlang-solutions)"
    r"(?:[-_.].*)?\.(?:deb|rpm)"
)
_LONGEST = 300
_FORMS = (
    regex(r"(?P<name>[a-z0-9][a-z0-9+.-]*)_(?P<version>[^_]+)_[a-z0-9]+\.deb"),
    regex(r"(?P<name>[A-Za-z0-9][A-Za-z0-9+._-]*)-(?P<version>[^-]+-[^-]+)\.(?:[a-z0-9_]+)\.rpm"),
    regex(r"(?P<name>[a-z0-9][a-z0-9+._-]*?)-(?P<version>[0-9][^-]*-r[0-9]+)\.apk"),
)


def is_package_file(text: str, suffix: str) -> bool:
    """Whether a word names a package file, by path or address, rather than a package.

    Args:
        text: the word.
        suffix: of the manager's package files (`.deb`).
    """
    return _ADDRESS.match(text) is not None or text.startswith(("./", "../")) or text.endswith(suffix)


def file_requirement(manager: str, word: Word, text: str) -> Requirement:
    """A requirement for a package file; name and version are read from the file's name where it has them."""
    base = posixpath.basename(text.partition("?")[0])
    forms = _FORMS if len(base) <= _LONGEST else ()
    found = next((match for form in forms if (match := form.fullmatch(base))), None)
    return Requirement(
        manager=manager,
        name=found["name"] if found else "",
        specifier=f"={found['version']}" if found else "",
        url=without_password(text),
        location=word.location,
    )


def resolve_file(question: Question) -> tuple[Resolution, ...]:
    """A package file is never exchanged for a package of the same name: what it holds is not known here.

    Only those that hold nothing but a repository's address and keys are known by their names to mean nothing under Nix.
    """
    base = posixpath.basename(question.requirement.url.partition("?")[0])
    if _REPOSITORY_PACKAGE.match(base):
        reason = f"{base} adds a package repository; packages come from nixpkgs"
        return (NotNeeded(requirement=question.requirement, reason=reason, origin=Origin.RULE),)
    reason = f"a package file ({question.requirement.url}): what it holds is not known here"
    return (unresolved(question, reason, _of_that_name(question)),)


def _of_that_name(question: Question) -> tuple[str, ...]:
    if not question.name:
        return ()
    found = (answer for source in (curated, file_evidence, same_name) for answer in source(question))
    return tuple(dict.fromkeys(item.attribute_path for item in found if isinstance(item, NixpkgsPackage)))
