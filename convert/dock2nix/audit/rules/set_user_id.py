"""Files that run with the rights of their owner, whoever starts them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dock2nix.audit.base import place_of
from dock2nix.audit.fates import fate_of_command
from dock2nix.model.finding import Finding
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.audit.model import Command, Subject
    from dock2nix.model.shell import Word

CODE = "D2N518"
WHY = (
    "A program with the set-user-ID bit runs with the rights of its owner, root as a rule, whoever starts it: a fault in it makes "
    "root of every user of the container."
)
_OCTAL = regex(r"0*[4-7][0-7]{3}")
_CLAUSE = regex(r"([ugoa]*)[+=]([rwxXstugo]*)")
_COPIES = frozenset({"ADD", "COPY"})


def find(subject: Subject) -> Iterator[Finding]:
    """One for each mode that has the bit: of chmod, of install, of COPY and ADD."""
    for run in subject.runs:
        for command in run.commands:
            word = _mode(command)
            if word is not None and sets_user_id(word.value or ""):
                yield Finding(
                    code=CODE,
                    message=f"{command.name} {word.value}: the set-user-ID bit is set",
                    location=word.location,
                    hint=fate_of_command(subject, command.shell.location),
                )
    for _, instruction in subject.scoped:
        mode = (instruction.flag("chmod") or "") if instruction.keyword in _COPIES else ""
        if sets_user_id(mode):
            yield Finding(
                code=CODE,
                message=f"--chmod={mode}: the set-user-ID bit is set",
                location=place_of(instruction, mode),
                hint=fate_of_command(subject, instruction.location),
            )


def sets_user_id(mode: str) -> bool:
    """Whether a mode, in digits or symbols, has the set-user-ID bit; the set-group-ID bit alone does not count."""
    if mode.isdigit():
        return _OCTAL.fullmatch(mode) is not None
    clauses = (_CLAUSE.fullmatch(clause) for clause in mode.split(","))
    return any(
        clause and "s" in clause[2] and (not clause[1] or {*"ua"} & {*clause[1]}) for clause in clauses
    )


def _mode(command: Command) -> Word | None:
    words = command.invocation.arguments
    if command.name == "chmod":
        return next((word for word in words if not re.fullmatch(r"-[Rvcf]+|--\w+", word.value or "-R")), None)
    if command.name == "install":
        for at, word in enumerate(words):
            text = word.value or ""
            if text in {"-m", "--mode"}:
                return next(iter(words[at + 1 :]), None)
    return None
