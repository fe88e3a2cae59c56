"""A Dockerfile's bytes to its instructions. The only module that imports dockerfile_parse."""

from __future__ import annotations

import hashlib
from io import BytesIO
from typing import TYPE_CHECKING

from dock2nix.errors import DockerfileError
from dock2nix.model.dockerfile import Dockerfile, Instruction
from dock2nix.model.finding import Finding, Outcome
from dock2nix.model.source import Location
from dock2nix.parse.arguments import split_statement
from dock2nix.parse.heredoc import lift_heredocs
from dock2nix.parse.lines import is_blank, is_comment, join_lines, read_directives, read_lines
from dock2nix.parse.rules import check_statements

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dock2nix.model.dockerfile import Heredoc
    from dock2nix.parse.arguments import Statement
    from dock2nix.parse.heredoc import LiftedDockerfile, LiftedInstruction


def parse_dockerfile(content: bytes, path: str) -> Outcome[Dockerfile]:
    """Read a Dockerfile as BuildKit's parser and its instruction rules do.

    Args:
        content: the bytes of the file.
        path: what the user called it, for messages and locations.

    Returns:
        The instructions, nothing expanded; findings about bytes that are not UTF-8 and blank lines in instructions.

    Raises:
        DockerfileError: BuildKit would refuse the file; line and column are those of the offending word.

    """
    lines, findings = read_lines(content, path)
    directives, directive_lines = read_directives(lines, path)
    lifted = lift_heredocs(lines, directives, directive_lines, path)
    if not lifted.instructions:
        raise DockerfileError("file with no instructions: expected FROM", path=path)
    found = tuple(_statements(lines, lifted, directives.escape, path))
    check_statements([statement for statement, _ in found])
    dockerfile = Dockerfile(
        path=path,
        sha256=hashlib.sha256(content).hexdigest(),
        directives=directives,
        instructions=tuple(_instruction(statement, origin, lines) for statement, origin in found),
    )
    _refuse_nul(dockerfile)
    return Outcome(dockerfile, findings + tuple(_blank_lines(lifted, path)))


def _refuse_nul(dockerfile: Dockerfile) -> None:
    """A NUL written as an escape in a JSON array: no argument of a program can hold one."""
    for one in dockerfile.instructions:
        if any("\0" in argument for argument in one.arguments):
            place = one.location
            raise DockerfileError(
                "an argument holds the character NUL",
                path=place.path,
                line=place.first_line,
                column=place.first_column,
            )


def _statements(
    lines: Sequence[str], lifted: LiftedDockerfile, escape: str, path: str
) -> Iterator[tuple[Statement, LiftedInstruction]]:
    """The instructions cut into their parts, in order; a broken heredoc is refused where its instruction stands."""
    for first, last in _split_instructions(lifted.masked):
        rows = [
            row for row in range(first, last + 1) if not is_comment(lines[row]) and not is_blank(lines[row])
        ]
        origin = lifted.instructions[first]
        yield split_statement(join_lines(lines, rows, escape, path), escape), origin
        if origin.unterminated is not None:
            raise origin.unterminated


def _split_instructions(masked: Sequence[str]) -> list[tuple[int, int]]:
    """First and last line of every instruction, 0-based, as dockerfile_parse splits them.

    Given a file object it only reads: neither its cache nor its setters, which write, are used.
    """
    from dockerfile_parse import DockerfileParser  # noqa: PLC0415 - takes longer to import than to run

    text = "".join(f"{line}\n" for line in masked)
    parser = DockerfileParser(fileobj=BytesIO(text.encode()), env_replace=False)
    return [
        (part["startline"], part["endline"])
        for part in parser.structure
        # Not by the name COMMENT that it gives them: an instruction may be called that.
        if not part["content"].startswith("#")
    ]


def _instruction(statement: Statement, origin: LiftedInstruction, lines: Sequence[str]) -> Instruction:
    trigger = statement.trigger
    return Instruction(
        keyword=statement.keyword,
        flags=tuple(flag.text for flag in statement.flags),
        form=statement.form,
        arguments=tuple(token.text for token in statement.arguments),
        heredocs=origin.heredocs,
        location=_location(statement, origin, lines),
        original=_original(statement, origin.heredocs),
        source=statement.source,
        trigger=_instruction(trigger, origin, lines) if trigger else None,
    )


def _location(statement: Statement, origin: LiftedInstruction, lines: Sequence[str]) -> Location:
    place = statement.line.locate(0, len(statement.line.text))
    if not origin.heredocs:
        return place
    return Location(
        path=place.path,
        first_line=place.first_line,
        first_column=place.first_column,
        last_line=origin.end,
        last_column=max(len(lines[origin.end - 1].rstrip("\r")), 1),
    )


def _original(statement: Statement, heredocs: Sequence[Heredoc]) -> str:
    """The instruction on one line, its heredocs behind it."""
    bodies = "".join(f"{heredoc.body}{heredoc.name}\n" for heredoc in heredocs)
    return f"{statement.original}\n{bodies}" if heredocs else statement.original


def _blank_lines(lifted: LiftedDockerfile, path: str) -> Iterator[Finding]:
    for instruction in lifted.instructions.values():
        for row in instruction.line.blank[:1]:
            yield Finding(
                code="D2N104",
                message="a blank line inside a continued instruction: BuildKit skips it, and will refuse it one day",
                location=Location(path=path, first_line=row + 1, last_line=row + 1),
                hint="remove the line, or start it with #",
            )
