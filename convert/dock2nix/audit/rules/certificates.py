"""Switches that keep a program from asking a server who it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dock2nix.audit.base import place_of
from dock2nix.audit.fates import fate_of_command
from dock2nix.managers.arguments import read_command_line
from dock2nix.managers.base import called_as
from dock2nix.model.finding import Finding
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.audit.model import Command, Subject
    from dock2nix.model.shell import Word

CODE = "D2N514"
WHY = (
    "Without a look at its certificate any machine can pass for the server: encryption then hides the wrong file from everybody "
    "but the one who sent it."
)
_OPTIONS = {
    "aria2c": regex(r"--check-certificate=false"),
    "apk": regex(r"--no-check-certificate"),
    "conda": regex(r"-k|--insecure"),
    "curl": regex(r"-[a-zA-Z#]*k[a-zA-Z#]*|--insecure|--proxy-insecure"),
    "gem": regex(r"-:ssl_verify_mode.*"),
    "npm": regex(r"--no-strict-ssl|--strict-ssl=false"),
    "pip": regex(r"--trusted-host(?:=.*)?"),
    "uv": regex(r"--(?:allow-insecure-host|trusted-host)(?:=.*)?"),
    "wget": regex(r"--no-check-certificate"),
    "yum": regex(r"--setopt=(?:[\w.*-]+\.)?sslverify=(?:0|false|no)"),
    "dnf": regex(r"--setopt=(?:[\w.*-]+\.)?sslverify=(?:0|false|no)"),
}
_APT = regex(r"acquire::https?::(?:[^=\s]*::)?verify-(?:peer|host)=\"?(?:false|0|no)\"?", re.IGNORECASE)
_GIT = regex(r"http\.(?:[^=\s]*\.)?sslverify=(?:false|0|no)", re.IGNORECASE)
# Settings that are two words behind `config`: the name, and a value that switches the check off.
_SETTINGS = {
    "git": regex(r"http\.(?:\S*\.)?sslverify", re.IGNORECASE),
    "npm": regex(r"strict-ssl", re.IGNORECASE),
    "yarn": regex(r"strict-ssl|enableStrictSsl", re.IGNORECASE),
    "pnpm": regex(r"strict-ssl", re.IGNORECASE),
    "conda": regex(r"ssl_verify", re.IGNORECASE),
    "composer": regex(r"secure-http", re.IGNORECASE),
    "pip": regex(r"(?:global|install)\.trusted-host", re.IGNORECASE),
    "poetry": regex(r"certificates\.\S+\.cert", re.IGNORECASE),
}
_OFF = frozenset({"false", "0", "no", "off"})
_VARIABLES = {
    "GIT_SSL_NO_VERIFY": frozenset({"1", "true", "yes"}),
    "NODE_TLS_REJECT_UNAUTHORIZED": frozenset({"0"}),
    "NPM_CONFIG_STRICT_SSL": _OFF,
    "PYTHONHTTPSVERIFY": frozenset({"0"}),
    "YARN_ENABLE_STRICT_SSL": _OFF,
    "CONDA_SSL_VERIFY": _OFF,
    "HOMEBREW_CURLRC_INSECURE": frozenset({"1"}),
}
_CURL_VALUED = frozenset(
    [
        "-A",
        "-b",
        "-c",
        "-C",
        "-d",
        "-D",
        "-e",
        "-E",
        "-F",
        "-H",
        "-K",
        "-m",
        "-o",
        "-P",
        "-Q",
        "-r",
        "-t",
        "-T",
        "-u",
        "-U",
        "-w",
        "-x",
        "-X",
        "-y",
        "-Y",
        "-z",
    ]
)


def find(subject: Subject) -> Iterator[Finding]:
    """One for each option, setting and variable that switches the check off."""
    for run in subject.runs:
        for command in run.commands:
            for word, text in _switches(command):
                yield Finding(
                    code=CODE,
                    message=f"{text}: the server may be anybody",
                    location=word.location,
                    hint=_instead(subject, command),
                )
    for _, instruction in subject.scoped:
        if instruction.keyword != "ENV":
            continue
        for name, value in zip(instruction.arguments[::2], instruction.arguments[1::2], strict=False):
            if value.lower() in _VARIABLES.get(name.upper(), ()):
                yield Finding(
                    code=CODE,
                    message=f"{name}={value}: the image's programs do not check who a server is",
                    location=place_of(instruction, name),
                    hint="the variable is kept in the image's configuration; what Nix fetches is checked by hash all the same",
                )


def _instead(subject: Subject, command: Command) -> str:
    fate = fate_of_command(subject, command.shell.location)
    return fate if fate.startswith("Nix fetches") else f"{fate}; what Nix fetches is checked by hash"


def _switches(command: Command) -> Iterator[tuple[Word, str]]:
    name, words = called_as(command.invocation)
    option = _OPTIONS.get(name)
    if name == "curl":
        line = read_command_line(words, _CURL_VALUED, has_verb=False)
        given = (one for one in line.options if one.name in {"-k", "--insecure", "--proxy-insecure"})
        yield from ((one.word, f"curl {one.name}") for one in given)
    elif option is not None:
        yield from ((word, f"{name} {word.value}") for word in words if option.fullmatch(word.value or ""))
    pattern = {"apt": _APT, "apt-get": _APT, "aptitude": _APT, "git": _GIT}.get(name)
    if pattern is not None:
        yield from ((word, f"{name} {word.value}") for word in words if _matches(pattern, word))
    yield from _settings(name, words)
    for variable, word in command.invocation.assignments:
        if (word.value or "").lower() in _VARIABLES.get(variable.upper(), ()):
            yield word, f"{variable}={word.value}"


def _matches(pattern: re.Pattern[str], word: Word) -> bool:
    text = word.value or ""
    return pattern.fullmatch(text.removeprefix("-o").removeprefix("-c")) is not None


def _settings(name: str, words: tuple[Word, ...]) -> Iterator[tuple[Word, str]]:
    """`npm config set strict-ssl false`, `git config --global http.sslVerify false`."""
    setting = _SETTINGS.get(name)
    values = [word.value or "" for word in words]
    if setting is None or not values or values[0] not in {"config", "set", "c"}:
        return
    for at, word in enumerate(words[1:], start=1):
        key, equals, value = values[at].partition("=")
        value = value if equals else "".join(values[at + 1 : at + 2])
        if setting.fullmatch(key) and (value.lower() in _OFF or name == "pip"):
            yield word, f"{name} {key} {value}"
