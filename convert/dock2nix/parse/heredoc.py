"""Here-documents: found as BuildKit finds them, lifted out, and masked so that a line splitter without them works."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from dock2nix.errors import DockerfileError
from dock2nix.model.dockerfile import Form, Heredoc
from dock2nix.model.source import SourceText
from dock2nix.parse.arguments import split_statement
from dock2nix.parse.lines import continuation, is_blank, is_comment, join_lines, logical_line, refusal
from dock2nix.parse.variables import ExpansionError, split_words
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dock2nix.model.dockerfile import ParserDirectives
    from dock2nix.parse.lines import LogicalLine

_OPERATOR = regex(r"([0-9]*)<<(-?)[\t\n\f\r ]*([^<]*)")
_KEYWORDS = frozenset({"ADD", "COPY", "RUN"})
# dockerfile_parse joins the lines of an instruction one by one, which takes quadratic time: longer ones are shortened for it.
_LONGEST_INSTRUCTION = 500


class HeredocOperator(Struct, frozen=True, kw_only=True):
    """A `<<NAME` on an instruction's line; `start` is its place in the text looked at."""

    name: str
    expand: bool
    chomp: bool
    descriptor: int
    start: int = 0


class LiftedInstruction(Struct, frozen=True, kw_only=True):
    """What is known of an instruction before it is split off: 0-based line numbers, and the heredocs behind it."""

    line: LogicalLine
    heredocs: tuple[Heredoc, ...] = ()
    end: int
    unterminated: DockerfileError | None = None


class LiftedDockerfile(Struct, frozen=True, kw_only=True):
    """`masked` has as many lines as the file, none that would mislead dockerfile_parse; `instructions` by first line."""

    masked: tuple[str, ...]
    instructions: Mapping[int, LiftedInstruction]


def heredoc_operator(word: str) -> HeredocOperator | None:
    """The heredoc that a word opens, if it is one: `<<EOF`, `<<-EOF`, `<<"EOF"`, `3<<EOF`.

    Raises:
        ExpansionError: a quote in the name is not closed.

    """
    match = _OPERATOR.fullmatch(word)
    if match is None or not match[3]:
        return None
    names = split_words(match[3], raw=False)
    if len(names) != 1:
        return None
    name = names[0].text
    written = sum(match[3].count(quote) for quote in "'\"")
    return HeredocOperator(
        name=name,
        expand=written == sum(name.count(quote) for quote in "'\""),
        chomp=match[2] == "-",
        descriptor=int(match[1][-9:] or 0),
    )


def heredoc_operators(text: str) -> tuple[HeredocOperator, ...]:
    """The heredocs that an instruction's line opens, in order.

    None in a text that BuildKit's lexer cannot split into words (`${name^^}`, an open quote): it sees none there either.

    Raises:
        ExpansionError: a quote in a name is not closed.

    """
    try:
        words = split_words(text)
    except ExpansionError:
        return ()
    found = ((word.start, heredoc_operator(word.text)) for word in words if "<<" in word.text)
    return tuple(
        HeredocOperator(name=it.name, expand=it.expand, chomp=it.chomp, descriptor=it.descriptor, start=start)
        for start, it in found
        if it is not None
    )


def lift_heredocs(
    lines: Sequence[str], directives: ParserDirectives, directive_lines: int, path: str
) -> LiftedDockerfile:
    """Find the heredocs of every instruction and mask their bodies, and all else that dockerfile_parse misreads.

    Args:
        lines: the file without line ends.
        directives: the parser directives.
        directive_lines: how many lines they take.
        path: what the user called the file.

    Returns:
        The lines to split, and the heredocs of the instructions.

    """
    masked = ["#"] * len(lines)
    if directives.escape != "\\":
        # It looks no further than the first line that is neither syntax nor escape; `check` is one.
        masked[:directive_lines] = ["# syntax=x"] * (directive_lines - 1) + [f"# escape={directives.escape}"]
    instructions: dict[int, LiftedInstruction] = {}
    row = directive_lines
    while row < len(lines):
        if is_blank(lines[row]) or is_comment(lines[row]):
            row += 1
            continue
        line = logical_line(lines, row, directives.escape)
        lifted = _lift(lines, line, directives.escape, path)
        _mask(masked, lines, line.rows, directives.escape)
        instructions[row] = lifted
        row = lifted.end
    return LiftedDockerfile(masked=tuple(masked), instructions=instructions)


def _mask(masked: list[str], lines: Sequence[str], rows: Sequence[int], escape: str) -> None:
    """Copy an instruction's lines, so that dockerfile_parse sees it end where it ends."""
    shown = rows if len(rows) <= _LONGEST_INSTRUCTION else (rows[0], rows[-1])
    for row in shown:
        # White space for Python's patterns, but not for BuildKit.
        masked[row] = re.sub("[\x1c-\x1f]", "_", lines[row])
    last = masked[rows[-1]].rstrip()
    if last.endswith(escape):
        cut = continuation(lines[rows[-1]], escape)
        masked[rows[-1]] = last + "." if cut is None else last[:cut] + " ."


def _lift(lines: Sequence[str], line: LogicalLine, escape: str, path: str) -> LiftedInstruction:
    if not any("<<" in lines[row] or lines[row].startswith("<") for row in line.rows):
        return LiftedInstruction(line=line, end=line.end)
    source = join_lines(lines, line.rows, escape, path)
    row = line.end
    heredocs: list[Heredoc] = []
    try:
        for operator in _operators(source, escape):
            end = _terminator(lines, row, operator)
            if end is None:
                message = (
                    f"unterminated heredoc: expected a line {operator.name!r} before the end of the file"
                )
                problem = refusal(source, operator.start, message)
                return LiftedInstruction(line=line, end=len(lines), unterminated=problem)
            heredocs.append(_heredoc(lines[row:end], row, operator, path))
            row = end + 1
    except ExpansionError as error:
        problem = refusal(source, source.text.find("<<"), f"heredoc name: {error}")
        return LiftedInstruction(line=line, end=line.end, unterminated=problem)
    return LiftedInstruction(line=line, heredocs=tuple(heredocs), end=row)


def _operators(source: SourceText, escape: str) -> tuple[HeredocOperator, ...]:
    """The heredocs of an instruction that can have some; a malformed one is refused later, when its turn comes."""
    try:
        statement = split_statement(source, escape)
    except DockerfileError:
        return ()
    statement = statement.trigger or statement
    if statement.keyword not in _KEYWORDS or statement.form is Form.EXEC:
        return ()
    return heredoc_operators(source.text)


def _terminator(lines: Sequence[str], row: int, operator: HeredocOperator) -> int | None:
    for at in range(row, len(lines)):
        text = lines[at].rstrip("\r")
        if (text.lstrip("\t") if operator.chomp else text) == operator.name:
            return at
    return None


def _heredoc(body: Sequence[str], row: int, operator: HeredocOperator, path: str) -> Heredoc:
    source = _body_source(body, row, path, chomp=operator.chomp)
    return Heredoc(
        name=operator.name,
        body=source.text,
        expand=operator.expand,
        chomp=operator.chomp,
        descriptor=operator.descriptor,
        source=source,
    )


def _body_source(body: Sequence[str], row: int, path: str, *, chomp: bool) -> SourceText:
    if not chomp:
        text = "".join(f"{line}\n" for line in body)
        return SourceText.at(path, text, line=row + 1)
    pieces = [line.lstrip("\t") + "\n" for line in body]
    anchors: list[tuple[int, int, int]] = []
    offset = 0
    for number, (line, piece) in enumerate(zip(body, pieces, strict=True), start=row + 1):
        anchors.append((offset, number, len(line) + 2 - len(piece)))
        offset += len(piece)
    return SourceText(path=path, text="".join(pieces), anchors=tuple(anchors) or ((0, row + 1, 1),))
