"""Bytes to lines: encodings, limits, parser directives, continuation."""

from __future__ import annotations

import pytest

from dock2nix.errors import DockerfileError
from dock2nix.parse.lines import (
    MAXIMUM_LINE,
    MAXIMUM_LINES,
    MAXIMUM_SIZE,
    join_lines,
    logical_line,
    read_directives,
    read_lines,
)


def test_a_byte_order_mark_is_dropped_and_counts_for_no_column() -> None:
    lines, findings = read_lines(b"\xef\xbb\xbfFROM a\n", "Dockerfile")
    assert lines == ("FROM a",)
    assert findings == ()


def test_bytes_that_are_not_utf8_are_replaced_one_by_one_and_located() -> None:
    lines, (finding,) = read_lines(b"FROM a\nLABEL a=\xe4\xf6 b=\xc3\xa9\n# \xff\n", "D")
    assert lines[1] == "LABEL a=\ufffd\ufffd b=é"
    assert (finding.code, finding.location.line, finding.location.column) == ("D2N103", 2, 9)
    assert "3 byte(s)" in finding.message
    assert "2 lines" in finding.message


def test_only_newlines_end_lines() -> None:
    text = "FROM a\r\nRUN x\x0by\x0c\u2028z\rw\n"
    assert read_lines(text.encode(), "D")[0] == ("FROM a\r", "RUN x\x0by\x0c\u2028z\rw")


@pytest.mark.parametrize(
    ("content", "line", "column", "message"),
    [
        pytest.param(b"\x7fELF\x02\x01\x01\x00\x00", 1, 8, "binary", id="executable"),
        pytest.param(b"FROM a\nRUN x\x00y\n", 2, 6, "NUL byte", id="nul-on-the-second-line"),
        pytest.param(b"x" * (MAXIMUM_SIZE + 1), 1, 1, "bytes", id="too-many-bytes"),
        pytest.param(b"\n" * (MAXIMUM_LINES + 1), 1, 1, "lines", id="too-many-lines"),
        pytest.param(b"FROM a\nRUN " + b"x" * MAXIMUM_LINE, 2, 1, "at most 65535", id="overlong-line"),
    ],
)
def test_what_is_no_text_file_of_reasonable_size_is_refused(
    content: bytes, line: int, column: int, message: str
) -> None:
    with pytest.raises(DockerfileError, match=message) as caught:
        read_lines(content, "D")
    assert (caught.value.line, caught.value.column) == (line, column)


def test_the_longest_line_that_buildkit_reads_is_read() -> None:
    assert len(read_lines(b"x" * MAXIMUM_LINE + b"\n", "D")[0][0]) == MAXIMUM_LINE


@pytest.mark.parametrize(
    ("text", "expected", "count"),
    [
        pytest.param("FROM a", (None, "\\", None), 0, id="none"),
        pytest.param("# syntax=docker/dockerfile:1", ("docker/dockerfile:1", "\\", None), 1, id="syntax"),
        pytest.param("#escape=`", (None, "`", None), 1, id="escape"),
        pytest.param("# check=skip=all", (None, "\\", "skip=all"), 1, id="check"),
        pytest.param(
            "# check=error=true\n# escape=`", (None, "`", "error=true"), 2, id="escape-behind-check"
        ),
        pytest.param("  #  ESCAPE \t=  `  ", (None, "`", None), 1, id="case-and-blanks-mean-nothing"),
        pytest.param("# comment\n# escape=`", (None, "\\", None), 0, id="a-comment-before-ends-them"),
        pytest.param("\n# escape=`", (None, "\\", None), 0, id="a-blank-line-before-ends-them"),
        pytest.param("# other=1\n# escape=`", (None, "\\", None), 0, id="an-unknown-one-ends-them"),
        pytest.param("# escape=`\r\nFROM a\r", (None, "`", None), 1, id="carriage-return"),
        pytest.param("# syntax=\n# escape=`", (None, "\\", None), 0, id="without-value-is-a-comment"),
    ],
)
def test_parser_directives(text: str, expected: tuple[str | None, ...], count: int) -> None:
    directives, lines = read_directives(text.split("\n"), "D")
    assert (directives.syntax, directives.escape, directives.check) == expected
    assert lines == count


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        pytest.param("# escape=x", 1, 3, "invalid escape token 'x'", id="unknown-token"),
        pytest.param("# escape=\\\\", 1, 3, "invalid escape token", id="two-backslashes"),
        pytest.param("# escape= ", 1, 3, "invalid escape token ' '", id="blank-token"),
        pytest.param("# escape=`\n#  escape=`", 2, 4, "only one escape", id="twice"),
        pytest.param("# syntax=a\n# syntax=b", 2, 3, "only one syntax", id="syntax-twice"),
    ],
)
def test_broken_directives_are_refused_where_they_stand(
    text: str, line: int, column: int, message: str
) -> None:
    with pytest.raises(DockerfileError, match=message) as caught:
        read_directives(text.split("\n"), "D")
    assert (caught.value.line, caught.value.column) == (line, column)


def test_a_directive_of_many_blanks_is_read_in_linear_time() -> None:
    text = "# syntax=a" + " " * 60_000 + "b"
    assert read_directives([text], "D")[0].syntax == text.partition("=")[2]


@pytest.mark.parametrize(
    ("text", "joined", "end"),
    [
        pytest.param("RUN a \\\n  b\nRUN c", "RUN a   b", 2, id="backslash"),
        pytest.param("RUN a\\  \t\nb", "RUN ab", 2, id="blanks-behind-the-backslash"),
        pytest.param("RUN a\\\r\nb\r\nc", "RUN ab", 2, id="carriage-returns"),
        pytest.param("RUN a \\\n# comment\n   # another\nb", "RUN a b", 4, id="comments"),
        pytest.param("RUN a \\\n\n \t\nb", "RUN a b", 4, id="blank-lines"),
        pytest.param("RUN a \\\\\nb", "RUN a \\\\", 1, id="an-escaped-backslash-does-not-continue"),
        pytest.param("RUN a \\x\nb", "RUN a \\x", 1, id="a-backslash-in-the-middle-does-not-continue"),
        pytest.param("RUN a \\", "RUN a ", 1, id="end-of-file"),
        pytest.param("RUN a \\\n# comment\n", "RUN a ", 3, id="end-of-file-behind-a-comment"),
        pytest.param("\\\nRUN a", "RUN a", 2, id="a-backslash-alone-before-the-keyword"),
        pytest.param("RU\\\nN a", "RUN a", 2, id="a-keyword-in-two-halves"),
        pytest.param("  \tRUN a\\\n\tb", "RUN a\tb", 2, id="only-the-first-line-loses-its-indentation"),
    ],
)
def test_continuation_lines_are_joined(text: str, joined: str, end: int) -> None:
    lines = text.split("\n")
    line = logical_line(lines, 0, "\\")
    assert join_lines(lines, line.rows, "\\", "D").text == joined
    assert line.end == end


def test_only_the_escape_character_in_force_continues() -> None:
    lines = ["RUN dir C:\\", "RUN a `", "b"]
    assert logical_line(lines, 0, "`").rows == (0,)
    assert logical_line(lines, 1, "`").rows == (1, 2)


def test_blank_lines_in_an_instruction_are_remembered() -> None:
    line = logical_line(["RUN a \\", "", "# x", " ", "b"], 0, "\\")
    assert line.blank == (1, 3)
    assert line.rows == (0, 4)
