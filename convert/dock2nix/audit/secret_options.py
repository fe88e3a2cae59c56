"""Passwords among the words of commands."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dock2nix.audit.secret_words import may_be_secret
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.audit.model import Command, Run
    from dock2nix.model.shell import Word

_OPTION = regex(
    r"(--?(?:password|passwd|token|auth-token|api-?key|secret|client-secret|access-key|passphrase|storepass|keypass))(?:=(.*))?",
    re.DOTALL | re.IGNORECASE,
)
_WITHOUT_PASSWORD = frozenset({"adduser", "useradd", "docker-php-ext-configure", "grep", "configure"})
_ACCOUNT = regex(r"([A-Za-z_][A-Za-z0-9_.-]*):([^\s:$\\]+)(?:\\n)?\s*")
# Programs that take a password behind a short option.
_SHORT = {"sshpass": "-p", "curl": "-u", "docker": "-p", "helm": "-p"}


def secret_options(command: Command, run: Run) -> Iterator[tuple[Word, str]]:
    """The words that are passwords, and what to say of them."""
    words = command.invocation.arguments
    if command.name not in _WITHOUT_PASSWORD:
        for at, word in enumerate(words):
            option = _OPTION.fullmatch(word.value or "")
            if option is None:
                continue
            value = option[2] if option[2] is not None else _known(words[at + 1 : at + 2])
            if may_be_secret(value) and not value.startswith(("-", "$")):
                yield word, f"{command.name} {option[1]} with the password itself"
    yield from _short_option(command)
    if command.name == "chpasswd" and command.shell.stdin_from is not None:
        yield from _new_passwords(run.first.get(command.shell.stdin_from))


def _known(words: tuple[Word, ...]) -> str:
    return next((word.value or "" for word in words), "")


def _short_option(command: Command) -> Iterator[tuple[Word, str]]:
    option = _SHORT.get(command.name, "")
    words = command.invocation.arguments
    for at, word in enumerate(words[:-1]):
        value = words[at + 1].value or ""
        known = may_be_secret(value) and (command.name != "curl" or ":" in value.strip(":"))
        if option and word.value == option and known and _logs_in(command):
            yield words[at + 1], f"{command.name} {option} with the password itself"


def _logs_in(command: Command) -> bool:
    words = {word.value for word in command.invocation.arguments}
    return command.name in {"sshpass", "curl"} or "login" in words


def _new_passwords(source: Command | None) -> Iterator[tuple[Word, str]]:
    for word in source.invocation.arguments if source is not None else ():
        account = _ACCOUNT.fullmatch(word.value or "")
        if account:
            yield word, f"the password of {account[1]} is set to one that all can read"
