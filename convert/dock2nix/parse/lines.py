"""Bytes to physical lines, and physical lines to the logical line of an instruction, as BuildKit joins them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from dock2nix.errors import DockerfileError
from dock2nix.model.dockerfile import ParserDirectives
from dock2nix.model.finding import Finding
from dock2nix.model.source import Location, SourceText
from dock2nix.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# The white space of Go's unicode.IsSpace. Python's str.strip() would also take the separators U+001C to U+001F.
SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
MAXIMUM_SIZE = 20 * 1024 * 1024
MAXIMUM_LINES = 200_000
# BuildKit reads with a buffer of 64 KiB that has to hold a line and its end.
MAXIMUM_LINE = 65_535

_ASCII_SPACE = "\t\n\f\r "
_DIRECTIVE = regex(r"([a-zA-Z][a-zA-Z0-9]*)[\t\n\f\r ]*=(.+)", re.DOTALL)
_SURROGATES = regex("[\udc80-\udcff]")


class LogicalLine(Struct, frozen=True, kw_only=True):
    """The physical lines of one instruction, as 0-based numbers.

    `rows` are those with text, comments and blank lines left out; `blank` the blank ones in between; `end` is the number behind
    the last line that was looked at. `cut_off`: the file ends where a continuation line was announced.
    """

    rows: tuple[int, ...]
    blank: tuple[int, ...]
    end: int
    cut_off: bool


def refusal(source: SourceText, offset: int, message: str) -> DockerfileError:
    """The error for the character at `offset` of `source`; its length stands for the place behind the last character."""
    line, column = source.position(offset)
    return DockerfileError(message, path=source.path, line=line, column=column)


def read_lines(content: bytes, path: str) -> tuple[tuple[str, ...], tuple[Finding, ...]]:
    """Decode a Dockerfile and cut it into lines, without their ends (a carriage return stays).

    A byte order mark is dropped; a byte that is not UTF-8 becomes U+FFFD and is reported.

    Raises:
        DockerfileError: the file is too large, has an overlong line or holds NUL bytes.

    """
    for count, unit, most in (
        (len(content), "bytes", MAXIMUM_SIZE),
        (content.count(b"\n"), "lines", MAXIMUM_LINES),
    ):
        if count > most:
            message = f"the file has {count} {unit}: expected a Dockerfile of at most {most} {unit}"
            raise DockerfileError(message, path=path)
    text = content.removeprefix(b"\xef\xbb\xbf").decode("utf-8", errors="surrogateescape")
    _check_text(text, path)
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    _check_line_lengths(content, path)
    findings = () if text.isascii() else _undecodable(lines, path)
    return tuple(_SURROGATES.sub("\ufffd", line) for line in lines) if findings else tuple(lines), findings


def _check_text(text: str, path: str) -> None:
    at = text.find("\0")
    if at >= 0:
        line = text.count("\n", 0, at) + 1
        message = "a NUL byte: expected the text of a Dockerfile, this looks like a binary file"
        raise DockerfileError(message, path=path, line=line, column=at - text.rfind("\n", 0, at))


def _check_line_lengths(content: bytes, path: str) -> None:
    for number, line in enumerate(content.split(b"\n"), start=1):
        if len(line) > MAXIMUM_LINE:
            message = f"a line of {len(line)} bytes: expected at most {MAXIMUM_LINE}"
            raise DockerfileError(message, path=path, line=number)


def _undecodable(lines: Sequence[str], path: str) -> tuple[Finding, ...]:
    places = [(row, match.start()) for row, line in enumerate(lines) if (match := _SURROGATES.search(line))]
    if not places:
        return ()
    row, column = places[0]
    count = sum(len(_SURROGATES.findall(lines[row])) for row, _ in places)
    where = Location(
        path=path, first_line=row + 1, first_column=column + 1, last_line=row + 1, last_column=column + 1
    )
    more = "" if len(places) == 1 else f" ({len(places)} lines have such bytes)"
    message = f"{count} byte(s) that are not UTF-8 were replaced by U+FFFD{more}"
    return (Finding(code="D2N103", message=message, location=where, hint="save the file as UTF-8"),)


def is_comment(line: str) -> bool:
    """Whether a physical line is a comment wherever BuildKit looks for one."""
    return line.lstrip(SPACE).startswith("#")


def is_blank(line: str) -> bool:
    """Whether a physical line has nothing but white space."""
    return not line.strip(SPACE)


def read_directives(lines: Sequence[str], path: str) -> tuple[ParserDirectives, int]:
    """The parser directives at the top, and the number of lines they take.

    Raises:
        DockerfileError: a directive is given twice, or `escape` is neither a backslash nor a backtick.

    """
    found: dict[str, str] = {}
    count = 0
    for line in lines:
        text = line.rstrip("\r").lstrip(SPACE)
        match = _DIRECTIVE.match(text[1:].lstrip(SPACE)) if text.startswith("#") else None
        name = match[1].lower() if match else ""
        if match is None or name not in {"syntax", "escape", "check"}:
            break
        column = line.index(match[1]) + 1
        if name in found:
            message = f"only one {name} parser directive can be used"
            raise DockerfileError(message, path=path, line=count + 1, column=column)
        # A value of nothing but blanks is its last blank: that is how BuildKit's pattern backs off.
        found[name] = match[2].strip(_ASCII_SPACE) or match[2][-1]
        if name == "escape" and found[name] not in {"\\", "`"}:
            message = f"invalid escape token {found[name]!r}: expected ` or \\"
            raise DockerfileError(message, path=path, line=count + 1, column=column)
        count += 1
    escape = found.get("escape", "\\")
    return ParserDirectives(syntax=found.get("syntax"), escape=escape, check=found.get("check")), count


def continuation(line: str, escape: str) -> int | None:
    """Where the escape character stands that continues `line` on the next one; None when it does not continue."""
    text = line.rstrip("\r").rstrip(" \t")
    if not text.endswith(escape) or text.endswith(escape * 2):
        return None
    return len(text) - 1


def logical_line(lines: Sequence[str], first: int, escape: str) -> LogicalLine:
    """The logical line that starts at the physical line `first`, which is neither blank nor a comment."""
    rows, blank = [first], []
    row = first
    continued = continuation(lines[first], escape) is not None
    while continued and row + 1 < len(lines):
        row += 1
        if is_blank(lines[row]):
            blank.append(row)
        elif not is_comment(lines[row]):
            rows.append(row)
            continued = continuation(lines[row], escape) is not None
    return LogicalLine(rows=tuple(rows), blank=tuple(blank), end=row + 1, cut_off=continued)


def join_lines(lines: Sequence[str], rows: Sequence[int], escape: str, path: str) -> SourceText:
    """The text of physical lines joined: line ends, continuation characters and the first line's indentation dropped."""
    pieces: list[str] = []
    anchors: list[tuple[int, int, int]] = []
    offset = 0
    for row, column, piece in _pieces(lines, rows, escape):
        if piece:
            anchors.append((offset, row + 1, column))
            pieces.append(piece)
            offset += len(piece)
    return SourceText(path=path, text="".join(pieces), anchors=tuple(anchors) or ((0, rows[0] + 1, 1),))


def _pieces(lines: Sequence[str], rows: Sequence[int], escape: str) -> Iterator[tuple[int, int, str]]:
    for row in rows:
        line = lines[row].rstrip("\r")
        cut = continuation(line, escape)
        start = len(line) - len(line.lstrip(SPACE)) if row == rows[0] else 0
        yield row, start + 1, line[start:cut]


def trimmed(source: SourceText) -> SourceText:
    """`source` without the white space around it."""
    start = len(source.text) - len(source.text.lstrip(SPACE))
    return source.cut(start, max(start, len(source.text.rstrip(SPACE))))
