"""Shell text understood without running it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dock2nix.model.source import Location


class Word(Struct, frozen=True, kw_only=True):
    """One word after expansion, quote removal and field splitting.

    `text` is as written; `value` is None when it cannot be known without running something, and `unknown` then says why in a
    few words ("$(curl …)", "NAME is not set"). `quoted` is true when any part of it was quoted (so a glob is no glob).
    """

    text: str
    value: str | None
    location: Location
    quoted: bool = False
    unknown: str = ""


class Redirect(Struct, frozen=True, kw_only=True):
    """`operator` is `>`, `>>`, `<`, `&>`, `<<`, `<<<` …; a heredoc's body (None if unknowable) is in `body`."""

    operator: str
    descriptor: int | None
    target: Word | None
    body: str | None = None


class Certainty(StrEnum):
    """Whether a command runs when the image is built."""

    ALWAYS = (
        "always"  # in a sequence, in a branch whose condition is known to hold, in a loop with known items
    )
    FALLBACK = "fallback"  # behind `||`: only when something failed
    CONDITIONAL = "conditional"  # behind a condition that cannot be known here
    NEVER = "never"  # behind a condition known not to hold, in a function that is not called


class Invocation(Struct, frozen=True, kw_only=True):
    """One run of a command. A command in a loop over known items has one for each item, else exactly one.

    `program` is None when it cannot be known. Wrappers (sudo, env, exec, `sh -c` …) are already taken off.
    `directory` is where it runs: absolute when known, None when not. `environment` are the shell's variables at that moment
    (those it can know), `assignments` the ones set for this invocation alone. `shell` is which shell runs it; "sh" is any.
    """

    program: str | None
    arguments: tuple[Word, ...]
    assignments: tuple[tuple[str, Word], ...] = ()
    directory: str | None = None
    environment: Mapping[str, str | None]
    shell: str = "sh"


class ShellCommand(Struct, frozen=True, kw_only=True):
    """One simple command of the source, at one place in the file, whatever loop, function or branch it stands in.

    `text` is as written. `condition` is the text of the innermost condition when not certain. `stdin_from` is the position (in
    the tuple that `parse_shell` returns) of the command whose output is piped into this one. `substitution_of` is the position
    of the command whose words contain this one as `$(…)` or `<(…)`; -1 for a substitution in an assignment.
    """

    text: str
    invocations: tuple[Invocation, ...]
    redirects: tuple[Redirect, ...]
    location: Location
    certainty: Certainty = Certainty.ALWAYS
    condition: str = ""
    wrappers: tuple[str, ...] = ()
    stdin_from: int | None = None
    substitution_of: int | None = None

    @property
    def program(self) -> str | None:
        return self.invocations[0].program if self.invocations else None


class Opaque(Struct, frozen=True, kw_only=True):
    """Shell we refuse to guess at."""

    text: str
    reason: str
    location: Location


ShellItem = ShellCommand | Opaque
