"""Secrets that stay in the image, in its history or in the build cache."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from dock2nix.audit.base import place_of
from dock2nix.audit.secret_options import secret_options
from dock2nix.audit.secret_words import (
    assigns_secret,
    holds_secret,
    is_environment_file,
    is_private_file,
    may_be_secret,
    may_hold_secret,
    names_a_secret,
    password_in_address,
    token_in,
)
from dock2nix.audit.written import written_texts
from dock2nix.model.finding import Finding, Severity
from dock2nix.parse.copying import is_remote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.audit.model import Run, Subject
    from dock2nix.model.dockerfile import ScopedInstruction
    from dock2nix.model.source import Location

CODE = "D2N505"
WHY = (
    "Everybody who has the image can read its variables, its history and all files of all its layers, those that a later "
    "instruction removes too; what Nix builds can be read by every user of the machine."
)
_START = "give it to the container when it is started"
_BUILD = "nothing secret gets into the flake from here; a Nix build has no secrets"
_MOST_FILES = 5_000


def find(subject: Subject) -> Iterator[Finding]:
    """Variables, arguments, files and words of commands that are secret by their name or their form; each place once."""
    seen: set[tuple[int, int]] = set()
    for finding in _all(subject):
        place = finding.location.first_line, finding.location.first_column
        if place not in seen:
            seen.add(place)
            yield finding


def _all(subject: Subject) -> Iterator[Finding]:
    taken: dict[str, tuple[str, ...]] = {}
    for stage, instruction in subject.scoped:
        match instruction.keyword:
            case "ENV":
                yield from _variables(instruction)
            case "ARG":
                yield from _argument(instruction)
            case "COPY" | "ADD" if instruction.flag("from") is None:
                yield from _copied(subject, stage, instruction, taken)
    for run in subject.runs:
        yield from _run(run)


def _found(message: str, location: Location, hint: str, *, certain: bool = False) -> Finding:
    return Finding(
        code=CODE,
        message=message,
        location=location,
        hint=hint,
        severity_override=Severity.ERROR if certain else None,
    )


def _variables(instruction: ScopedInstruction) -> Iterator[Finding]:
    pairs = zip(instruction.arguments[::2], instruction.arguments[1::2], strict=False)
    for name, value in pairs:
        place = place_of(instruction, name)
        kind = token_in(value)
        if kind:
            yield _found(f"ENV {name}: the value is {kind}", place, _START, certain=True)
        elif password_in_address(value):
            yield _found(f"ENV {name}: there is a password in the address", place, _START)
        elif names_a_secret(name) and may_be_secret(value):
            yield _found(f"ENV {name} looks like a secret, and stays in the image", place, _START)


def _argument(instruction: ScopedInstruction) -> Iterator[Finding]:
    for argument in instruction.arguments:
        name, _, value = argument.partition("=")
        place = place_of(instruction, name)
        kind = token_in(value)
        if kind:
            yield _found(f"ARG {name}: the default is {kind}", place, _BUILD, certain=True)
        elif names_a_secret(name) and (not value or may_be_secret(value)):
            hint = f"{_BUILD}; RUN --mount=type=secret keeps one out of a Dockerfile's layers"
            yield _found(f"ARG {name} looks like a secret, and stays in the image's history", place, hint)


# --- files -------------------------------------------------------------------------------------------------------------------


def _copied(
    subject: Subject, stage: int, instruction: ScopedInstruction, taken: dict[str, tuple[str, ...]]
) -> Iterator[Finding]:
    """The sources that hold secrets; `taken` are those looked through before."""
    for source in instruction.arguments[:-1]:
        if is_remote(source) or source.startswith("<<"):
            continue
        path = source.strip("/").removeprefix("./")
        if path not in taken:
            taken[path] = _secret_files(subject, path)
        for secret in taken[path]:
            what = secret if secret == path else f"{source} takes {secret} along"
            hint = "keep it out with .dockerignore, which the flake honours too, and give it to the container"
            message = f"{what}: a secret, by its {'content' if _content(subject, secret) else 'name'}"
            finding = _found(message, place_of(instruction, source), hint, certain=_content(subject, secret))
            yield finding if stage in subject.chain else _elsewhere(finding)


def _elsewhere(finding: Finding) -> Finding:
    return Finding(
        code=CODE,
        message=f"{finding.message}; it stays in the build cache, not in the image",
        location=finding.location,
        hint=finding.hint,
        severity_override=Severity.INFO,
    )


def _secret_files(subject: Subject, path: str) -> tuple[str, ...]:
    """The files with secrets that copying a path takes along: the first one found."""
    context = subject.context
    entry = context.find(path)
    if entry is not None and entry.directory and not entry.ignored:
        below = islice((name for name, folder in context.walk(entry.path) if not folder), _MOST_FILES)
        names = (name for name in below if is_private_file(name) or may_hold_secret(name))
        found = (name for name in names if context.exists(name) and _is_secret(subject, name))
        return tuple(islice(found, 1))
    if entry is not None and entry.ignored:
        return ()
    return (path,) if _is_secret(subject, path) else ()


def _is_secret(subject: Subject, path: str) -> bool:
    if path.endswith("/.git/config"):
        return False
    if is_environment_file(path) and subject.context.exists(path):
        return is_private_file(path) and _content(subject, path)
    if may_hold_secret(path) and not is_private_file(path):
        return _content(subject, path)
    return is_private_file(path)


def _content(subject: Subject, path: str) -> bool:
    text = subject.context.read_context_file(path)
    if text is None:
        return False
    return holds_secret(text) or (is_environment_file(path) and assigns_secret(text))


# --- commands ----------------------------------------------------------------------------------------------------------------


def _run(run: Run) -> Iterator[Finding]:
    for text in written_texts(run):
        kind = token_in(text.text)
        if kind:
            yield _found(f"the text holds {kind}", text.location, _BUILD, certain=True)
    for command in run.commands:
        words = [*command.invocation.arguments, *(word for _, word in command.invocation.assignments)]
        for word in words:
            value = word.value if word.value is not None else word.text
            kind = token_in(value)
            if kind:
                yield _found(
                    f"{command.name}: a word of the command is {kind}", word.location, _BUILD, certain=True
                )
            elif "/run/secrets/" not in word.text and password_in_address(value):
                message = f"{command.name}: there is a password or token in the address"
                yield _found(message, word.location, _BUILD, certain="$" not in value)
        for word, what in secret_options(command, run):
            yield _found(f"{what}: it stays in the image's history", word.location, _BUILD)
