"""What a statement stands in while a script is followed, and what comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from dock2nix.model.shell import Certainty, Redirect
from dock2nix.parse.shell.record import NOWHERE, Surroundings
from dock2nix.parse.shell.state import RUNNING, Scalar, Unknown, weaker

if TYPE_CHECKING:
    from dock2nix.model.source import SourceText
    from dock2nix.parse.shell.syntax import Function, Script

LONGEST_OUTPUT = 100_000


class Result(NamedTuple):
    """Whether it succeeds (None: not known) and what it prints on standard output.

    `asked`: it is not known, and failure is an answer and no error, as that of a test.
    """

    status: bool | None
    output: Scalar = ""
    asked: bool = False


class Context(Struct, frozen=True, kw_only=True):
    """What a statement stands in.

    `certainty` is that of the statement with the text of its innermost condition. `stdin` is the text on standard input,
    None when nothing is given; `piped` stands for a compound command that writes it. `required`: the build fails when it does.
    `calls` are the functions it is called from.
    """

    script: Script
    certainty: tuple[Certainty, str] = RUNNING
    stdin: Scalar | None = None
    stdin_source: SourceText | None = None
    piped: Redirect | None = None
    around: Surroundings = NOWHERE
    required: bool = False
    depth: int = 0
    calls: tuple[Function, ...] = ()

    def under(self, certainty: Certainty, condition: str) -> Context:
        """The same under a further condition."""
        return replace(self, certainty=weaker(self.certainty, (certainty, condition)), required=False)

    def never(self, condition: str) -> Context:
        """The same where nothing runs."""
        return replace(self, certainty=(Certainty.NEVER, condition), required=False)


def joined(one: Scalar, other: Scalar) -> Scalar:
    """Two outputs, one after the other."""
    if isinstance(one, Unknown):
        return one
    if isinstance(other, Unknown):
        return other
    return one + other if len(one) + len(other) <= LONGEST_OUTPUT else Unknown("an output too long to follow")
