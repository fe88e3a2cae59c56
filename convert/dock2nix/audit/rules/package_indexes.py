"""Packages that may come from more than one index (dependency confusion)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dock2nix.audit.base import place_of
from dock2nix.audit.fates import fate_of_command
from dock2nix.managers.arguments import without_password
from dock2nix.managers.base import called_as
from dock2nix.model.finding import Finding
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.audit.model import Command, Subject
    from dock2nix.model.shell import Word

CODE = "D2N503"
WHY = (
    "Asked for a name, pip takes the highest version that any of its indexes has: whoever registers the name of an internal "
    "package on the public one, with a high version, gets it installed (dependency confusion)."
)
_OPTION = regex(r"(--extra-index-url)(?:=(.*))?", re.DOTALL)
_PROGRAMS = frozenset({"pip", "pipx", "uv", "uvx", "pipenv", "pip-compile"})
_VARIABLES = frozenset({"PIP_EXTRA_INDEX_URL", "UV_EXTRA_INDEX_URL"})


def find(subject: Subject) -> Iterator[Finding]:
    """One for each option, setting and variable that names a further index."""
    for run in subject.runs:
        for command in run.commands:
            for word, address in _indexes(command):
                yield Finding(
                    code=CODE,
                    message=f"{without_password(address)}: any package may come from here as well",
                    location=word.location,
                    hint=f"{fate_of_command(subject, command.shell.location)}; what is locked comes from one place, by hash",
                )
    for _, instruction in subject.scoped:
        names = instruction.arguments[::2] if instruction.keyword == "ENV" else ()
        for name in names:
            if name in _VARIABLES:
                yield Finding(
                    code=CODE,
                    message=f"{name}: every package may come from another index as well",
                    location=place_of(instruction, name),
                    hint="no index is asked when the image is built: what is locked comes from one place, by hash",
                )


def _indexes(command: Command) -> Iterator[tuple[Word, str]]:
    for name, value in command.invocation.assignments:
        if name in _VARIABLES:
            yield value, value.value or value.text
    program, words = called_as(command.invocation)
    if program not in _PROGRAMS:
        return
    for at, word in enumerate(words):
        option = _OPTION.fullmatch(word.value or word.text)
        if option and option[2]:
            yield word, option[2]
        elif option or ((word.value or "").endswith("extra-index-url") and words[0].value == "config"):
            yield word, "".join(following.value or following.text for following in words[at + 1 : at + 2])
