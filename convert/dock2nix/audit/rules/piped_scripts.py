"""Downloads that are run without anybody having seen them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.audit.fates import fate_of_command
from dock2nix.audit.pipes import executions
from dock2nix.audit.rules.downloads import shown_address
from dock2nix.model.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.audit.model import Subject

CODE = "D2N501"
WHY = (
    "A script that is run as it is downloaded has all rights that the build has. The server can send each build another one, "
    "a broken connection can end it in the middle of a line, and afterwards there is no telling what it was."
)


def find(subject: Subject) -> Iterator[Finding]:
    """One for each download that an interpreter gets, by a pipe, a substitution or a file that nothing checks."""
    for one in executions(subject):
        how = "is piped into" if one.piped else "is run, unchecked, by"
        program = (
            (one.by.invocation.program or "a command").rsplit("/", 1)[-1] if one.piped else one.by.shell.text
        )
        shown = program if len(program) <= 60 else program[:59] + "…"
        yield Finding(
            code=CODE,
            message=f"{shown_address(one.download)}: {how} {shown}",
            location=one.download.location,
            hint=_instead(fate_of_command(subject, one.by.shell.location)),
        )


def _instead(fate: str) -> str:
    return fate if "never run" in fate else f"never run; {fate}"
