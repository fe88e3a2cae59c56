"""Downloads over plain http, ftp or the git protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.audit.downloads import is_unencrypted
from dock2nix.audit.fates import fate_of_command
from dock2nix.audit.gits import git_sources
from dock2nix.audit.rules.downloads import shown_address
from dock2nix.managers.arguments import without_password
from dock2nix.model.finding import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.audit.model import Subject

CODE = "D2N513"
WHY = (
    "Plain http, ftp and git:// tell nobody from anybody: every machine between the server and the build can put another file "
    "in the place of the one asked for. A checksum helps, https too."
)


def find(subject: Subject) -> Iterator[Finding]:
    """One for each address without encryption; mere information where a checksum or a commit is compared."""
    for one in subject.downloads:
        if is_unencrypted(one.url):
            yield Finding(
                code=CODE,
                message=f"{shown_address(one)}: {_risk(checked=one.verified)}",
                location=one.location,
                hint=fate_of_command(subject, one.at),
                severity_override=Severity.INFO if one.verified else None,
            )
    for git in git_sources(subject):
        if is_unencrypted(git.url):
            yield Finding(
                code=CODE,
                message=f"{without_password(git.url)}: {_risk(checked=git.pinned)}",
                location=git.location,
                hint=fate_of_command(subject, git.at),
                severity_override=Severity.INFO if git.pinned else None,
            )


def _risk(*, checked: bool) -> str:
    if checked:
        return "fetched without encryption, but compared with what the Dockerfile names"
    return "fetched without encryption and without a check: anybody on the way can replace it"
