"""Short ways to ask what `parse_shell` makes of a text, for the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.model.shell import Opaque, ShellCommand
from dock2nix.model.source import SourceText
from dock2nix.parse.shell import parse_shell

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dock2nix.model.dockerfile import Heredoc
    from dock2nix.model.shell import Invocation, ShellItem, Word


def items(
    text: str,
    environment: Mapping[str, str | None] | None = None,
    *,
    dialect: str = "sh",
    directory: str = "/",
    platform: str = "linux/amd64",
    heredocs: tuple[Heredoc, ...] = (),
) -> tuple[ShellItem, ...]:
    """What stands in the text, which is taken to start at line 5, column 3."""
    return parse_shell(
        SourceText.at("Dockerfile", text, line=5, column=3),
        environment=environment or {},
        directory=directory,
        dialect=dialect,
        platform=platform,
        heredocs=heredocs,
    ).value


def commands(
    text: str, environment: Mapping[str, str | None] | None = None, **options: str
) -> list[ShellCommand]:
    """The commands in the text; fails when something is not understood."""
    found = items(text, environment, **options)  # type: ignore[arg-type]
    assert not [item for item in found if isinstance(item, Opaque)]
    return [item for item in found if isinstance(item, ShellCommand)]


def the(
    text: str, program: str, environment: Mapping[str, str | None] | None = None, **options: str
) -> ShellCommand:
    """The only command of that program in the text."""
    (found,) = [item for item in commands(text, environment, **options) if item.program == program]
    return found


def values(words: tuple[Word, ...]) -> list[str | None]:
    return [word.value for word in words]


def run(invocation: Invocation) -> list[str | None]:
    """The program and the values of its arguments."""
    return [invocation.program, *values(invocation.arguments)]


def runs(command: ShellCommand) -> list[list[str | None]]:
    return [run(invocation) for invocation in command.invocations]


def all_runs(
    text: str, environment: Mapping[str, str | None] | None = None, **options: str
) -> list[list[str | None]]:
    """Every run of every command, in order."""
    return [one for command in commands(text, environment, **options) for one in runs(command)]


def arguments(
    word: str, environment: Mapping[str, str | None] | None = None, **options: str
) -> list[str | None]:
    """What a program gets for the word."""
    return values(the(f"probe {word}", "probe", environment, **options).invocations[0].arguments)
