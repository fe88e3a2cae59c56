"""RUN text to commands: what the rest of dock2nix calls."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from dock2nix.model.finding import Outcome
from dock2nix.model.shell import Opaque, ShellItem, Word
from dock2nix.model.source import SourceText
from dock2nix.parse.shell.commands import Call, run_call
from dock2nix.parse.shell.context import Context
from dock2nix.parse.shell.evaluate import Evaluator
from dock2nix.parse.shell.expand import Field
from dock2nix.parse.shell.record import TooMuchError
from dock2nix.parse.shell.state import EVERY_NAME, State, Unknown, Unset, Value
from dock2nix.parse.shell.structure import read_script
from dock2nix.parse.shell.syntax import Script, Simple, Span
from dock2nix.parse.shell.wrappers import SHELLS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dock2nix.model.dockerfile import Heredoc
    from dock2nix.model.source import Location

LONGEST_TEXT = 1_000_000


def parse_shell(
    source: SourceText,
    *,
    environment: Mapping[str, str | None],
    directory: str = "/",
    heredocs: tuple[Heredoc, ...] = (),
    dialect: str = "sh",
    platform: str = "linux/amd64",
) -> Outcome[tuple[ShellItem, ...]]:
    """The commands of a shell text, in source order, as they would run; nothing is run.

    `source` is the text behind RUN (continuation lines joined) or the body of a here-document. `environment` holds what ENV and
    ARG set, None for a name that is set to nobody knows what; the name `*` with None says that further variables may be set, and
    `0` is what a script is called by.
    `heredocs` are the bodies behind the instruction, in order. `dialect` is the shell: see `shell_dialect`. `platform` is that
    of the image, for `uname -m` and its like. What cannot be understood is `Opaque`: finding D2N108 is the caller's to make.
    """
    state = _initial_state(environment, directory)
    script = Script(source=source, dialect=dialect)

    def follow(evaluator: Evaluator) -> None:
        evaluator.run_script(script, state.copy())

    return Outcome(_followed(follow, script, platform, heredocs))


def exec_form_command(
    arguments: tuple[str, ...],
    location: Location,
    *,
    environment: Mapping[str, str | None],
    directory: str = "/",
    platform: str = "linux/amd64",
) -> tuple[ShellItem, ...]:
    """The commands of an exec form (`RUN ["sh", "-c", "…"]`): no shell, so nothing is expanded but by a shell it starts."""
    if not arguments:
        return ()
    text = shlex.join(arguments)
    script = Script(source=SourceText.at(location.path, text), dialect="sh", fixed=location)
    node = Simple(span=Span(0, len(text)), words=(), redirects=())
    words = [Word(text=word, value=word, location=location, quoted=True) for word in arguments]
    call = Call(
        node=node,
        context=Context(script=script, required=True),
        fields=tuple(Field(word=word) for word in words),
        exec_form=True,
    )
    state = _initial_state(environment, directory)

    def follow(evaluator: Evaluator) -> None:
        run_call(evaluator, call, state.copy())
        evaluator.run_uncalled()

    return _followed(follow, script, platform, ())


def shell_dialect(shell: tuple[str, ...]) -> str | None:
    """The kind of shell that a SHELL instruction names: sh, bash, ash, dash, ksh or zsh; None for what is not POSIX.

    The shell may stand behind a wrapper (`conda run -n env bash -c`); it must take its text as `-c`.
    """
    for at in range(len(shell) - 1, -1, -1):
        name = shell[at].rpartition("/")[2]
        options = [word for word in shell[at + 1 :] if re.fullmatch(r"-[A-Za-z]*c[A-Za-z]*", word)]
        if name in SHELLS:
            return ("ksh" if name == "mksh" else name) if options else None
    return None


def _initial_state(environment: Mapping[str, str | None], directory: str) -> State:
    variables: dict[str, Value | Unset] = {
        name: Unknown(f"{name} is not known") if value is None else value
        for name, value in environment.items()
        if name != EVERY_NAME
    }
    inherited = Unknown("the base image may set it") if EVERY_NAME in environment else None
    return State(
        variables=variables,
        exported=set(variables),
        directory=directory if directory.startswith("/") else None,
        inherited=inherited,
    )


def _followed(
    follow: Callable[[Evaluator], None], script: Script, platform: str, heredocs: tuple[Heredoc, ...]
) -> tuple[ShellItem, ...]:
    """What `follow` sees; once more without unrolling loops when that is too much; one `Opaque` when it still is."""
    whole = Span(0, len(script.text))
    reason = "too long to read"
    if len(script.text) <= LONGEST_TEXT:
        reason = "asks for too many steps"
        for unroll in (True, False):
            evaluator = Evaluator(read_script, platform=platform, heredocs=heredocs, unroll=unroll)
            try:
                follow(evaluator)
            except TooMuchError:
                continue
            except RecursionError:
                reason = "nested too deeply"
                break
            return evaluator.recorder.items()
    return (Opaque(text=script.written(whole), reason=reason, location=script.locate(whole)),)
