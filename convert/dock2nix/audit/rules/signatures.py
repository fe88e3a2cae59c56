"""Package managers that are told to take packages without a valid signature."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dock2nix.audit.fates import fate_of_command
from dock2nix.audit.written import written_texts
from dock2nix.managers.base import called_as
from dock2nix.model.finding import Finding, Severity
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.audit.model import Command, Subject
    from dock2nix.model.shell import Word

CODE = "D2N504"
WHY = (
    "The signature is all that tells a package of the distribution from one that a mirror, a proxy or somebody on the way made "
    "up; its scripts run as root when it is installed."
)
_OFF = r"=?\s*\"?(?:0|false|no)\"?"
_APT = regex(
    r"--allow-unauthenticated|--force-yes|--allow-insecure-repositories"
    r"|(?:-o)?(?:apt::get::allowunauthenticated|acquire::allowinsecurerepositories)=\"?(?:true|1|yes)\"?",
    re.IGNORECASE,
)
_RPM = regex(
    rf"--no-?gpgcheck|--nogpg|--setopt=(?:[\w.*-]+\.)?(?:repo_|localpkg_)?gpgcheck{_OFF}", re.IGNORECASE
)
_OPTIONS = {
    "apk": regex(r"--allow-untrusted"),
    "apt": _APT,
    "apt-get": _APT,
    "aptitude": regex(r"--allow-untrusted"),
    "dnf": _RPM,
    "microdnf": _RPM,
    "tdnf": _RPM,
    "yum": _RPM,
    "zypper": regex(r"--no-gpg-checks|--allow-unsigned-rpm|--gpg-auto-import-keys|--no-gpg-check"),
    "rpm": regex(r"--nosignature|--nodigest"),
    "dpkg": regex(r"--force-bad-verify"),
}
# In files that say where packages come from.
_TRUSTED_SOURCE = regex(
    r"\[[^\[\]\n]{0,200}\btrusted=yes\b[^\[\]\n]{0,200}\]|^Trusted:[ \t]*yes", re.MULTILINE | re.IGNORECASE
)
_UNCHECKED_REPOSITORY = regex(
    r"^[ \t]{0,9}gpgcheck[ \t]{0,9}=[ \t]{0,9}(?:0|false|no)\b", re.MULTILINE | re.IGNORECASE
)
_UNSIGNED_APT = regex(
    r"(?:AllowUnauthenticated|AllowInsecureRepositories)[ \t]{1,9}\"?(?:true|1|yes)", re.IGNORECASE
)
_UNSIGNED_PACMAN = regex(r"^[ \t]{0,9}SigLevel[ \t]{0,9}=[ \t]{0,9}Never", re.MULTILINE)
_FILES = (_TRUSTED_SOURCE, _UNCHECKED_REPOSITORY, _UNSIGNED_APT, _UNSIGNED_PACMAN)


def find(subject: Subject) -> Iterator[Finding]:
    """One for each option, and each line that is written to a file, by which signatures are not asked for."""
    for run in subject.runs:
        for command in run.commands:
            fate = fate_of_command(subject, command.shell.location)
            for word in _switches(command):
                yield Finding(
                    code=CODE,
                    message=f"{word.value}: packages are taken without a valid signature",
                    location=word.location,
                    hint=fate,
                    severity_override=Severity.ERROR,
                )
        for text in written_texts(run):
            found = next((match for pattern in _FILES if (match := pattern.search(text.text))), None)
            if found is not None:
                yield Finding(
                    code=CODE,
                    message=f"{found[0].strip()}: packages of this source are taken without a valid signature",
                    location=text.location,
                    hint=fate_of_command(subject, text.at),
                    severity_override=Severity.ERROR,
                )


def _switches(command: Command) -> Iterator[Word]:
    name, words = called_as(command.invocation)
    pattern = _OPTIONS.get(name)
    if pattern is not None:
        yield from (word for word in words if pattern.fullmatch(word.value or ""))
