"""Checksums that can be forged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.audit.fates import fate_of_command
from dock2nix.model.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.audit.model import Command, Subject

CODE = "D2N507"
WHY = "Two files with the same MD5 or SHA-1 sum can be made by anybody: whoever made the file can have another one ready."
_WEAK = {"md5sum": "MD5", "sha1sum": "SHA-1"}


def find(subject: Subject) -> Iterator[Finding]:
    """One for each check by MD5 or SHA-1 of something that the same instruction downloads."""
    loading = {id(one.run) for one in subject.downloads}
    for run in subject.runs:
        for command in run.commands if id(run) in loading else ():
            weak = _weak(command)
            if weak:
                yield Finding(
                    code=CODE,
                    message=f"{command.name}: {weak} sums can be forged",
                    location=command.shell.location,
                    hint=fate_of_command(subject, command.shell.location),
                )


def _weak(command: Command) -> str:
    words = [word.value or "" for word in command.invocation.arguments]
    checks = any(word in {"--check", "--status"} or (word[:1] == "-" and "c" in word[1:4]) for word in words)
    if command.name == "shasum":
        strong = any(
            word in {"-a", "--algorithm"} or word.startswith(("-a", "--algorithm=")) for word in words
        )
        return "SHA-1" if checks and not strong else ""
    return _WEAK.get(command.name, "") if checks else ""
