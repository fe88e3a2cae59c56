"""What BuildKit refuses in an instruction that it can parse: unknown names, wrong numbers of arguments, flags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.model.dockerfile import Form
from dock2nix.parse.arguments import INSTRUCTIONS
from dock2nix.parse.heredoc import heredoc_operator
from dock2nix.parse.lines import SPACE, refusal
from dock2nix.parse.mounts import mount_fields
from dock2nix.parse.values import duration
from dock2nix.parse.variables import ExpansionError
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dock2nix.parse.arguments import Statement, Token

_STAGE_NAME = regex(r"[a-z][a-z0-9\-_.]*")
_INTEGER = regex(r"[+-]?[0-9]{1,10}")

# name: whether it is a truth value ("bool"), takes a value once ("one") or several times ("many")
_COPY_FLAGS = {"chown": "one", "chmod": "one", "link": "bool", "exclude": "many"}
_DURATIONS = ("interval", "timeout", "start-period", "start-interval")
_FLAGS: dict[str, dict[str, str]] = {
    "ADD": {**_COPY_FLAGS, "keep-git-dir": "bool", "checksum": "one", "unpack": "bool"},
    "COPY": {**_COPY_FLAGS, "from": "one", "parents": "bool"},
    "FROM": {"platform": "one"},
    "HEALTHCHECK": dict.fromkeys((*_DURATIONS, "retries"), "one"),
    "RUN": {"mount": "many", "device": "many", "network": "one", "security": "one"},
}
# BuildKit does not look at the flags of these.
_ANY_FLAGS = frozenset({"ARG", "STOPSIGNAL"})


def check_statements(statements: Sequence[Statement]) -> None:
    """Apply the rules to every instruction, and those for the order of FROM and ARG.

    Raises:
        DockerfileError: at the first instruction that BuildKit refuses.

    """
    in_stage = False
    for statement in statements:
        check_statement(statement)
        in_stage = in_stage or statement.keyword == "FROM"
        if not in_stage and statement.keyword != "ARG":
            message = f"no build stage in current context: expected FROM or ARG before {statement.keyword}"
            raise refusal(statement.line, 0, message)
    if not in_stage:
        raise statements[-1].end_of_line("dockerfile contains no stages to build: expected FROM")


def check_statement(statement: Statement) -> None:
    """Apply the rules to one instruction. What an ONBUILD carries is not looked at until it is used.

    Raises:
        DockerfileError: BuildKit refuses it.

    """
    if statement.keyword not in INSTRUCTIONS:
        raise refusal(statement.line, 0, _unknown_instruction(statement.keyword))
    _RULES.get(statement.keyword, _any_arguments)(statement)
    if statement.keyword not in _ANY_FLAGS and not _is_healthcheck_none(statement):
        _check_flags(statement)


def _unknown_instruction(name: str) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only a refused file pays for it

    near = get_close_matches(name.upper(), sorted(INSTRUCTIONS), n=1)
    expected = f"did you mean {near[0]}?" if near else f"expected one of {', '.join(sorted(INSTRUCTIONS))}"
    return f"unknown instruction: {name} ({expected})"


def _is_healthcheck_none(statement: Statement) -> bool:
    return statement.keyword == "HEALTHCHECK" and statement.arguments[0].text == "NONE"


# --- flags ---


def _check_flags(statement: Statement) -> None:
    known = _FLAGS.get(statement.keyword, {})
    seen: set[str] = set()
    for flag in statement.flags:
        name, sign, value = flag.text[2:].partition("=")
        problem = _flag_problem(name, value if sign else None, known, seen)
        problem = problem or _value_problem(statement.keyword, name, value)
        if problem:
            raise refusal(statement.line, flag.start, problem)
        seen.add(name)


def _flag_problem(name: str, value: str | None, known: dict[str, str], seen: Iterable[str]) -> str:
    kind = known.get(name)
    if kind is None:
        names = ", ".join(f"--{flag}" for flag in sorted(known))
        return f"unknown flag: --{name} (expected {f'one of {names}' if names else 'no flag'})"
    if name in seen and kind != "many":
        return f"duplicate flag specified: --{name}"
    if value == "" if kind == "bool" else value is None:
        return f"missing a value on flag: --{name}"
    if kind == "bool" and value is not None and value.lower() not in {"true", "false"}:
        return f"expecting boolean value for flag --{name}, not: {value}"
    return ""


def _value_problem(keyword: str, name: str, value: str) -> str:
    if keyword == "RUN" and name == "mount":
        return _mount_problem(value)
    if keyword == "RUN" and name == "network" and value not in {"default", "none", "host"}:
        return f"invalid network mode {value!r}: expected default, none or host"
    if keyword == "RUN" and name == "security" and value not in {"insecure", "sandbox"}:
        return f"security {value!r} is not valid: expected insecure or sandbox"
    if name in _DURATIONS:
        return _duration_problem(name, value)
    if name == "retries" and value:
        retries = int(value) if _INTEGER.fullmatch(value) else -1
        return "" if 0 <= retries < 2**31 else f"--retries={value}: expected a number from 0 on"
    return ""


def _mount_problem(value: str) -> str:
    """Other fields may hold variables: they are looked at when these have values."""
    try:
        fields = mount_fields(value)
    except ValueError as error:
        return str(error)
    for name, text in fields:
        if name == "from" and text is not None and "$" in text[:-1]:
            return "'from' doesn't support variable expansion, define alias stage instead"
    return ""


def _duration_problem(name: str, value: str) -> str:
    nanoseconds = duration(value) if value else 0
    if nanoseconds is None:
        return f"--{name}={value}: expected a duration as 30s or 1m30s"
    return f"--{name}={value}: expected at least 1ms" if nanoseconds and nanoseconds < 1_000_000 else ""


# --- arguments ---


def _any_arguments(statement: Statement) -> None:
    """CMD, ENTRYPOINT and RUN may be empty."""


def _one_argument(statement: Statement) -> None:
    if len(statement.arguments) != 1:
        raise statement.end_of_line(f"{statement.keyword} requires exactly one argument")


def _some_arguments(statement: Statement) -> None:
    if not statement.arguments:
        raise statement.end_of_line(f"{statement.keyword} requires at least one argument")


def _names_not_blank(statement: Statement, names: Iterable[Token]) -> None:
    _some_arguments(statement)
    for name in names:
        if not name.text or name.text.startswith("="):
            raise refusal(statement.source, name.start, f"{statement.keyword} names can not be blank")


def _pairs(statement: Statement) -> None:
    _names_not_blank(statement, statement.arguments[::2])


def _arg(statement: Statement) -> None:
    _names_not_blank(statement, statement.arguments)


def _copy(statement: Statement) -> None:
    if len(statement.arguments) < 2:
        count = "no" if not statement.arguments else "only one"
        message = f"{statement.keyword} requires at least two arguments, but {count} was provided: expected SOURCE… DESTINATION"
        raise statement.end_of_line(message)
    try:
        is_heredoc = heredoc_operator(statement.arguments[-1].text) is not None
    except ExpansionError:
        is_heredoc = False
    if is_heredoc:
        message = f"{statement.keyword} cannot accept a heredoc as a destination"
        raise statement.at_argument(-1, message)


def _from(statement: Statement) -> None:
    arguments = statement.arguments
    message = "FROM requires either one or three arguments: expected IMAGE or IMAGE AS NAME"
    if len(arguments) > 1 and arguments[1].text.casefold() != "as":
        raise statement.at_argument(1, message)
    if len(arguments) > 3:
        raise statement.at_argument(3, message)
    if len(arguments) not in {1, 3}:
        raise statement.end_of_line(message)
    if len(arguments) == 3 and not _STAGE_NAME.fullmatch(arguments[2].text.lower()):
        name = arguments[2].text
        message = f"invalid name for build stage: {name!r}: expected a letter, then letters, digits, `-`, `_` and `.`"
        raise statement.at_argument(2, message)


def _healthcheck(statement: Statement) -> None:
    _some_arguments(statement)
    kind = statement.arguments[0].text
    if kind not in {"CMD", "NONE"}:
        message = f"unknown type {kind!r} in HEALTHCHECK: expected CMD or NONE"
        raise statement.at_argument(0, message)
    if kind == "NONE" and len(statement.arguments) > 1:
        raise statement.at_argument(1, "HEALTHCHECK NONE takes no arguments")
    if kind == "CMD" and len(statement.arguments) == 1:
        raise statement.end_of_line("missing command after HEALTHCHECK CMD")


def _onbuild(statement: Statement) -> None:
    _some_arguments(statement)
    if statement.trigger and statement.trigger.keyword in {"FROM", "MAINTAINER"}:
        message = f"{statement.trigger.keyword} isn't allowed as an ONBUILD trigger"
        raise statement.at_argument(0, message)


def _shell(statement: Statement) -> None:
    _some_arguments(statement)
    if statement.form is not Form.EXEC:
        message = 'SHELL requires the arguments to be in JSON form: expected ["…", "…"]'
        raise statement.at_argument(0, message)


def _volume(statement: Statement) -> None:
    _some_arguments(statement)
    for position, token in enumerate(statement.arguments):
        if not token.text.strip(SPACE):
            raise statement.at_argument(position, "VOLUME specified can not be an empty string")


_RULES: dict[str, Callable[[Statement], None]] = {
    "ADD": _copy,
    "ARG": _arg,
    "COPY": _copy,
    "ENV": _pairs,
    "EXPOSE": _some_arguments,
    "FROM": _from,
    "HEALTHCHECK": _healthcheck,
    "LABEL": _pairs,
    "MAINTAINER": _one_argument,
    "ONBUILD": _onbuild,
    "SHELL": _shell,
    "STOPSIGNAL": _one_argument,
    "USER": _one_argument,
    "VOLUME": _volume,
    "WORKDIR": _one_argument,
}
