"""`# dock2nix:` comments: what the user says about the lines below, in the Dockerfile itself.

    # dock2nix: map foo=pkgs.bar            foo is pkgs.bar, in the whole file; apt:foo for one package manager alone;
                                            pkgs.a,pkgs.b for two packages, pkgs.bar^dev for an output
    # dock2nix: build-only foo bar          packages that are needed to build, not in the image; in the whole file
    # dock2nix: keep foo                    a package that stays in the image although it would be left out
    # dock2nix: ignore=D2N202 the reason    findings of the instruction that follows are for information only

A comment may also stand between the lines of a continued instruction; in a here-document it is the document's.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING

from dock2nix.model.annotation import IgnoreFindings, MapName, UseOf
from dock2nix.model.finding import FINDING_CODES, Finding, Outcome
from dock2nix.model.packages import AttributePath
from dock2nix.model.source import Location
from dock2nix.parse.lines import is_comment, read_lines
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dock2nix.model.annotation import Annotation
    from dock2nix.model.dockerfile import Dockerfile, Instruction

# What may stand in front of a name, and the table it means.
TABLES = {
    "apk": "apk",
    "apt": "apt",
    "command": "commands",
    "dnf": "dnf",
    "npm": "npm",
    "pip": "pip",
    "yum": "dnf",
    "zypper": "zypper",
}
_ANNOTATION = regex(r"[ \t]*#[ \t]*dock2nix[ \t]*:(.*)", re.IGNORECASE | re.DOTALL)
_SLUGS = {slug: code for code, (slug, _, _) in FINDING_CODES.items()}
_FORMS = "map NAME=pkgs.ATTRIBUTE, build-only NAME, keep NAME, or ignore=CODE REASON"


class _MalformedError(Exception):
    """The annotation cannot be understood; the message says why."""


def read_annotations(content: bytes, dockerfile: Dockerfile) -> Outcome[tuple[Annotation, ...]]:
    """The annotations of a Dockerfile, in order, and findings about those that cannot be understood.

    Args:
        content: the bytes of the file.
        dockerfile: what they were parsed to.
    """
    if b"dock2nix" not in content.lower():
        return Outcome(())
    lines, _ = read_lines(content, dockerfile.path)
    bodies = _heredoc_lines(dockerfile)
    annotations: list[Annotation] = []
    findings: list[Finding] = []
    for number, line in enumerate(lines, 1):
        found = _ANNOTATION.fullmatch(line.rstrip("\r")) if is_comment(line) else None
        if found is None or number in bodies:
            continue
        column = line.index("#") + 1
        place = Location(
            path=dockerfile.path,
            first_line=number,
            last_line=number,
            first_column=column,
            last_column=len(line.rstrip()),
        )
        try:
            annotations += _read(found[1].strip(), place, dockerfile.instructions)
        except _MalformedError as error:
            message = f"{line.strip()}: {error}"
            findings.append(
                Finding(code="D2N120", message=message, location=place, hint=f"expected {_FORMS}")
            )
    return Outcome(tuple(annotations), tuple(findings))


def _heredoc_lines(dockerfile: Dockerfile) -> frozenset[int]:
    """The lines of all here-documents: a `#` in there is no comment of the Dockerfile."""
    found: set[int] = set()
    for instruction in dockerfile.instructions:
        for heredoc in instruction.heredocs:
            first = heredoc.source.anchors[0][1]
            found.update(range(first, first + heredoc.body.count("\n") + 1))
    return frozenset(found)


def _read(text: str, place: Location, instructions: Sequence[Instruction]) -> Iterator[Annotation]:
    verb, _, rest = text.partition(" ")
    match verb.partition("="):
        case ("map", "", _):
            yield from (_mapping(word, place) for word in _words(rest, "map needs NAME=pkgs.ATTRIBUTE"))
        case ("build-only" | "keep", "", _):
            for word in _words(rest, f"{verb} needs the name of a package"):
                table, name = _name(word)
                yield UseOf(table=table, name=name, keep=verb == "keep", location=place)
        case ("ignore", "=", codes):
            yield _ignored(codes, rest.strip(), place, instructions)
        case _:
            raise _MalformedError(f"{verb or 'nothing'} is no annotation")


def _words(text: str, missing: str) -> list[str]:
    words = text.split()
    if not words:
        raise _MalformedError(missing)
    return words


def _name(text: str) -> tuple[str, str]:
    """The table and the name of `apt:foo`; a name with a colon of its own (`libc6:i386`) has no known table in front."""
    prefix, colon, name = text.partition(":")
    if not (colon and prefix in TABLES):
        return "", text
    if not name:
        raise _MalformedError(f"{text}: a name is missing")
    return TABLES[prefix], name


def _mapping(word: str, place: Location) -> MapName:
    """`NAME=pkgs.ATTRIBUTE[^OUTPUT],…`; the last `=` divides, for names may hold one."""
    left, equals, right = word.rpartition("=")
    if not equals or not left:
        raise _MalformedError(f"{word}: expected NAME=pkgs.ATTRIBUTE")
    table, name = _name(left)
    try:
        attributes = tuple(_attribute(text) for text in right.split(","))
    except ValueError as error:
        raise _MalformedError(str(error)) from error
    return MapName(table=table, name=name, attributes=attributes, location=place)


def _attribute(text: str) -> tuple[AttributePath, tuple[str, ...]]:
    path, caret, output = text.removeprefix("pkgs.").partition("^")
    if caret and not re.fullmatch(r"[a-z][A-Za-z0-9_]*", output):
        raise ValueError(f"not an output: {output!r}")
    return AttributePath(path), (output,) if caret else ()


def _ignored(codes: str, reason: str, place: Location, instructions: Sequence[Instruction]) -> IgnoreFindings:
    found = [_SLUGS.get(code, code) for code in codes.split(",")]
    unknown = [code for code in found if code not in FINDING_CODES]
    if unknown:
        raise _MalformedError(f"{unknown[0] or 'nothing'} is no finding code")
    if not reason:
        raise _MalformedError("a reason is missing")
    at = bisect_left(instructions, place.first_line, key=lambda one: one.location.last_line)
    if at == len(instructions):
        raise _MalformedError("no instruction follows")
    where = instructions[at].location
    return IgnoreFindings(
        codes=tuple(found),
        reason=reason,
        first_line=where.first_line,
        last_line=where.last_line,
        location=place,
    )
