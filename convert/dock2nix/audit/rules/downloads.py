"""Downloads that nothing is compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.audit.downloads import is_unencrypted
from dock2nix.audit.fates import fate_of_command
from dock2nix.audit.keyrings import is_key_download
from dock2nix.audit.pipes import executions
from dock2nix.managers.arguments import without_password
from dock2nix.model.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.audit.downloads import Download
    from dock2nix.audit.model import Subject

CODE = "D2N512"
WHY = (
    "What an address gives is up to its server, and to whoever takes it over: without a checksum or a signature that the "
    "Dockerfile names, the build takes any file for the right one."
)
_SHORT = 100


def find(subject: Subject) -> Iterator[Finding]:
    """One for each download without a check; keys, scripts that are run and plain http have rules of their own."""
    executed = {id(one.download) for one in executions(subject)}
    for one in subject.downloads:
        if one.verified or id(one) in executed or is_unencrypted(one.url) or is_key_download(one):
            continue
        message = f"{shown_address(one)}: {_what(one)}"
        yield Finding(
            code=CODE, message=message, location=one.location, hint=fate_of_command(subject, one.at)
        )


def _what(download: Download) -> str:
    if download.asked:
        return "the answer of the day decides what is built"
    if download.command is None:
        return "ADD without --checksum takes any file for the right one"
    return "nothing checks the file that comes"


def shown_address(download: Download) -> str:
    """The address, without a password, not too long."""
    text = without_password(download.url)
    return text if len(text) <= _SHORT else text[: _SHORT - 1] + "…"
