"""Texts that a RUN writes into files: `echo … > file`, here-documents, `tee`, `printf`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dock2nix.parse.shell import shell_dialect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.audit.model import Command, Run
    from dock2nix.model.source import Location

_PRINTING = frozenset({"cat", "echo", "printf", "sed", "tee"})


class WrittenText(Struct, frozen=True, kw_only=True):
    """Text of a command, where it stands, and the command (`at`)."""

    text: str
    location: Location
    at: Location


def written_texts(run: Run) -> Iterator[WrittenText]:
    """The texts that printing commands of a RUN are given, and its here-documents."""
    for command in run.commands:
        if command.name in _PRINTING:
            yield from _printed(command)
    for heredoc in run.instruction.instruction.heredocs:
        if not shell_dialect(run.instruction.shell):
            continue
        location = heredoc.source.locate(0, max(len(heredoc.source.text.partition("\n")[0]), 1))
        yield WrittenText(text=heredoc.body, location=location, at=run.instruction.location)


def _printed(command: Command) -> Iterator[WrittenText]:
    for word in command.invocation.arguments:
        text = word.value if word.value is not None else word.text
        yield WrittenText(text=text, location=word.location, at=command.shell.location)
    for redirect in command.shell.redirects:
        if redirect.body and redirect.operator == "<<<":
            location = redirect.target.location if redirect.target else command.shell.location
            yield WrittenText(text=redirect.body, location=location, at=command.shell.location)
