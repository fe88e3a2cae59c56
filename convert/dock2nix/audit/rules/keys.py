"""Keys that are trusted without a look at their fingerprints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.audit.downloads import is_unencrypted
from dock2nix.audit.fates import fate_of_command
from dock2nix.audit.keyrings import is_key_download
from dock2nix.audit.rules.downloads import shown_address
from dock2nix.managers.arguments import without_password
from dock2nix.model.finding import Finding, Severity
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.audit.model import Command, Subject
    from dock2nix.model.shell import Word

CODE = "D2N516"
WHY = (
    "Whoever holds a trusted key decides what every package signed with it may be. A key that is fetched and trusted in one go is "
    "no better checked than the server it came from; apt-key trusts it for all archives, not for the one it belongs to."
)
_SHORT_NAME = regex(r"(?:0x)?[0-9A-Fa-f]{8}")
_RECEIVE = ("--recv", "--recv-key", "--recv-keys")


def find(subject: Subject) -> Iterator[Finding]:
    """One for each key that is downloaded and trusted, and for each that is asked for by less than its fingerprint."""
    for one in subject.downloads:
        if is_key_download(one) and not one.verified and not is_unencrypted(one.url):
            message = f"{shown_address(one)}: the key is trusted as it comes"
            fate = fate_of_command(subject, one.at)
            yield Finding(code=CODE, message=message, location=one.location, hint=fate)
    for run in subject.runs:
        for command in run.commands:
            for word, message in _taken(command):
                plain = is_unencrypted(word.value or "")
                yield Finding(
                    code=CODE,
                    message=message,
                    location=word.location,
                    hint=fate_of_command(subject, command.shell.location),
                    severity_override=Severity.ERROR if plain else None,
                )


def _taken(command: Command) -> Iterator[tuple[Word, str]]:
    words = command.invocation.arguments
    texts = [word.value or "" for word in words]
    if command.name in {"rpm", "rpmkeys"} and "--import" in texts:
        for word, text in zip(words, texts, strict=True):
            if "://" in text:
                yield word, f"{without_password(text)}: the key is trusted as it comes"
    if command.name in {"apt-key", "gpg", "gpg2"}:
        for at, text in enumerate(texts):
            if text in _RECEIVE:
                yield from _short_names(words[at + 1 :])


def _short_names(words: tuple[Word, ...]) -> Iterator[tuple[Word, str]]:
    """Names of keys of eight digits: others with the same name have been made."""
    for word in words:
        text = word.value or ""
        if text.startswith("-"):
            return
        if _SHORT_NAME.fullmatch(text):
            yield word, f"{text}: another key can be made that has this short name"
