"""The same instructions as BuildKit's own parser, which the distribution `dockerfile` wraps."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import dockerfile
import pytest

from dock2nix.errors import DockerfileError
from dock2nix.parse.arguments import INSTRUCTIONS
from dock2nix.parse.dockerfile import parse_dockerfile

if TYPE_CHECKING:
    from dock2nix.model.dockerfile import Instruction

SAMPLES = sorted((Path(__file__).parents[2] / "samples").glob("*/Dockerfile"))


class Reading(NamedTuple):
    """One instruction, in what both parsers tell of it."""

    keyword: str
    trigger: str
    exec_form: bool
    flags: tuple[str, ...]
    arguments: tuple[str, ...]
    heredocs: tuple[tuple[str, int, str], ...]
    original: str
    lines: tuple[int, int]


def without_tabs(body: str) -> str:
    return "\n".join(line.lstrip("\t") for line in body.split("\n"))


def our_reading(instruction: Instruction) -> Reading:
    inner = instruction.trigger or instruction
    return Reading(
        keyword=instruction.keyword.upper(),
        trigger=instruction.trigger.keyword.upper() if instruction.trigger else "",
        exec_form=inner.form == "exec",
        flags=instruction.flags,
        arguments=inner.arguments,
        heredocs=tuple((it.name, it.descriptor, without_tabs(it.body)) for it in instruction.heredocs),
        original=without_tabs(instruction.original),
        lines=(instruction.location.first_line, instruction.location.last_line),
    )


def its_reading(command: dockerfile.Command) -> Reading:
    """It leaves the case of words and the tabs of `<<-` as they are, and has None for empty words."""
    arguments = command.value
    if "HEALTHCHECK" in f"{command.cmd} {command.sub_cmd}".upper() and arguments:
        arguments = (arguments[0].upper(), *arguments[1:])
    return Reading(
        keyword=(command.cmd or "").upper(),
        trigger=(command.sub_cmd or "").upper(),
        exec_form=command.json,
        flags=command.flags,
        arguments=arguments,
        heredocs=tuple((it.name, it.file_descriptor, without_tabs(it.content)) for it in command.heredocs),
        original=without_tabs(command.original or ""),
        lines=(command.start_line, command.end_line),
    )


def ours(text: str) -> list[Reading] | None:
    """None when the text is refused."""
    try:
        return [our_reading(it) for it in parse_dockerfile(text.encode(), "D").value.instructions]
    except DockerfileError:
        return None


def its(text: str) -> list[Reading] | None:
    try:
        return [its_reading(command) for command in dockerfile.parse_string(text)]
    except dockerfile.GoParseError:
        return None


WRITTEN = {
    "every-instruction": """\
# syntax=docker/dockerfile:1
ARG V=1 W
FROM --platform=linux/amd64 python:$V AS Base
MAINTAINER me <me@example.org>
LABEL a=b "c d"='e f' g=h\\ i
LABEL old  form of  label
ENV a=b c="d e" f=
ENV old  form of  env
ARG x y=1 z='2 3'
WORKDIR /a b
USER a:b
COPY --from=base --chown=a:b x y z/
COPY ["a b", "c"]
ADD https://example.org/x.tar.gz /
RUN apt-get update && apt-get install -y curl
RUN ["echo", "$HOME"]
EXPOSE 80 443/tcp
VOLUME /a /b
VOLUME ["/c"]
STOPSIGNAL SIGTERM
SHELL ["/bin/bash", "-c"]
HEALTHCHECK --interval=5s --timeout=3s CMD curl -f http://localhost || exit 1
HEALTHCHECK NONE
ONBUILD COPY --chown=x . /app
ENTRYPOINT ["a"]
CMD exec b "$@"
""",
    "lower-case": 'from a as b\nrun x\ncmd ["y"]\nhealthcheck cmd z\nonbuild run w\n',
    "continuation": "FROM a\nRUN a \\\n  b \\  \n\tc\\\nd\nCMD e\n",
    "comments-in-continuation": "FROM a\nRUN a \\\n# x \\\n  # y\n b && \\\n#z\n c\nCMD e\n",
    "blank-lines-in-continuation": "FROM a\nRUN a \\\n\n \t\n b\nCMD e\n",
    "double-backslash": "FROM a\nRUN a \\\\\nCMD e\n",
    "backslash-at-the-end": "FROM a\nRUN a \\",
    "backslash-before-the-keyword": "FROM a\nRUN\\\n a\nENV\\\n b=c\n",
    "torn-keyword": "FROM a\nRU\\\nN a\n",
    "escape-directive": "# escape=`\nFROM a\nRUN a `\n  b\\\nCOPY C:\\x C:\\y\nENV a=`$b\n",
    "escape-directive-behind-syntax": "# syntax=x\n# escape=`\nFROM a\nRUN a `\n b\n",
    "escape-directive-too-late": "# comment\n# escape=`\nFROM a\nRUN a \\\n b\n",
    "carriage-returns": "FROM a\r\nRUN a \\\r\n  b\r\nENV c=d\r\n",
    "no-newline-at-the-end": "FROM a\nRUN b",
    "indentation-and-tabs": "  FROM\ta\n\tRUN\t a\tb \n  # c\n",
    "byte-order-mark": "\ufeffFROM a\nRUN b\n",
    "heredoc": "FROM a\nRUN <<EOF\nx\n\n# y\nEOF\nCMD b\n",
    "heredocs": "FROM a\nRUN cat <<A <<-'B' 3<<\"C\" >x\n1\nA\n\t2\n\tB\n3\nC\nCMD b\n",
    "heredoc-with-instructions": "FROM a\nCOPY <<EOF /x\nFROM evil\nRUN y \\\nEOF\nCMD b\n",
    "heredoc-behind-continuation": "FROM a\nRUN a && \\\n  cat <<EOF | \\\n  b\nx\nEOF\nCMD b\n",
    "heredoc-with-carriage-returns": "FROM a\r\nRUN <<EOF\r\nx\r\nEOF\r\nCMD b\r\n",
    "no-heredoc-in-quotes": "FROM a\nRUN echo '<<EOF' \"<<EOF\" \\<<EOF\nCMD b\n",
    "no-heredoc-in-cmd": "FROM a\nCMD cat <<EOF\nENTRYPOINT c\n",
    "no-heredoc-in-exec-form": 'FROM a\nRUN ["cat", "<<EOF"]\nCMD b\n',
    "no-heredoc-when-glued": "FROM a\nRUN cat<<EOF >x<<EOF <<<y\nCMD b\n",
    "no-heredoc-behind-an-open-quote": "FROM a\nRUN echo it's <<EOF\nCMD b\n",
    "unterminated-heredoc": "FROM a\nRUN <<EOF\nx\n",
    "broken-arrays": 'FROM a\nCMD ["a"\nCMD [\'a\']\nCMD ["a",]\nCMD [ -f x ]\nCMD []\n',
    "array-of-numbers": "FROM a\nRUN [1]\n",
    "array-of-arrays": 'FROM a\nRUN [["a"]]\n',
    "array-of-null": "FROM a\nRUN [null]\n",
    "array-with-escapes": 'FROM a\nCMD ["a\\tb", "\\u00e9", "\\"", "\\/"]\n',
    "array-continued": 'FROM a\nCMD ["a", \\\n  "b"]\n',
    "flags": "FROM a\nCOPY --from='b c' --chown=d\\ e --link f g\nRUN --mount=type=cache,target=/x --network=none y --z\n",
    "two-dashes": "FROM a\nCOPY --link -- --b c\n",
    "env-words": 'FROM a\nENV a=\'b c\' d="e\\"f" g=\\"h i=j\\\n k=l\n',
    "env-open-quote": "FROM a\nENV a='b c\n",
    "env-without-value": "FROM a\nENV a\n",
    "env-mixed": "FROM a\nENV a=b c\n",
    "label-keys": 'FROM a\nLABEL "com.example.a"="b" c.d-e=f\n',
    "arg-quotes": "ARG a=\"b c\" d='e'\nFROM a\n",
    "healthcheck-array": 'FROM a\nHEALTHCHECK   CMD   ["a", "b"]\n',
    "not-ascii": "FROM a\nLABEL a='é ü' b=日本\nRUN echo ñ \\\n  „x“\n",
    "separators-of-ascii": "FROM a\nRUN a\x1c\x1db \\\x1e\nCMD c\x0bd\x0ce\n",
    "other-white-space": "\u3000FROM a\u2003\nRUN b\x85\nUSER\t\x0c c\n",
    "only-comments": "# a\n\n# b\n",
    "empty": "",
    "unknown-directive-value": "# escape=x\nFROM a\n",
    "directive-twice": "# escape=`\n# escape=`\nFROM a\n",
    "quadruple": "FROM a\nRUN echo \"a\\\\\" \\\n  'b\\' \\\n  c\n",
}


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in WRITTEN.items()])
def test_written_cases_are_read_as_buildkit_reads_them(text: str) -> None:
    assert ours(text) == its(text)


def test_there_are_samples() -> None:
    assert SAMPLES


@pytest.mark.parametrize("path", [pytest.param(path, id=path.parent.name) for path in SAMPLES])
def test_samples_are_read_as_buildkit_reads_them(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    reading = its(text)
    assert reading is not None
    assert ours(text) == reading


# --- texts made of awkward pieces ---

PIECES = (
    *(
        "RUN ",
        "run ",
        "COPY ",
        "ADD ",
        "ENV ",
        "LABEL ",
        "ARG ",
        "CMD ",
        "HEALTHCHECK CMD ",
        "ONBUILD ",
        "VOLUME ",
    ),
    *(
        "USER ",
        "EXPOSE ",
        'SHELL ["a"]\n',
        "STOPSIGNAL 9",
        "ENTRYPOINT ",
        "WORKDIR ",
        "FROM b",
        "FOO",
        "# escape=`\n",
    ),
    *(
        " ",
        " ",
        "  ",
        "\t",
        "\n",
        "\n",
        "\n",
        "\n",
        "\\\n",
        "\\\n",
        "\\ \n",
        "\\\\\n",
        "\\",
        "\r\n",
        "\v",
        "\f",
        "`",
        "`\n",
    ),
    *(
        "#",
        "# c\n",
        "\n#x\n",
        "\n\n",
        "<<EOF",
        "<<-EOF",
        "<<'EOF'",
        '<<"EOF"',
        "3<<A",
        "<<",
        "<",
        "<<<",
        "<<\\EOF",
    ),
    *(
        "EOF",
        "\nEOF\n",
        "\n\tEOF\n",
        "\nA\n",
        "\n\t\tx\n",
        "'",
        '"',
        "a",
        "b=c",
        "=",
        "$",
        "${x}",
        "${x:-y}",
        "${x^^}",
    ),
    *(
        '["a"]\n',
        '["a", "b"]\n',
        '["a",]',
        "[1]\n",
        "[ -f a ]",
        "--from=b ",
        "--chown='b c' ",
        "-- ",
        "é",
        "日",
        "\x1c",
    ),
)


def made_text(generator: random.Random) -> str:
    start = generator.choice(("FROM a\n", "FROM a\n", "# escape=`\n", "# syntax=a\n# escape=`\n", "\ufeff"))
    pieces = generator.choices(PIECES, k=generator.randint(1, 14))
    heredocs = generator.choice(("", "", "\nEOF\n", "\nA\nEOF\n"))
    return f"{start}{''.join(pieces)}{heredocs}\nCMD z\n"


def is_known_difference(text: str) -> bool:
    """Those of `KNOWN_DIFFERENCES` that made texts run into."""
    flags = "--" in text and (not text.isascii() or "`" in text)
    return flags or re.search("<<[ \t\r\n]", text) is not None or text.count("ONBUILD") > 1


def comparable(readings: list[Reading] | None) -> list[Reading] | None:
    """Without what made texts run into of the differences below: first lines, heredocs of ONBUILD, unknown names."""
    return readings and [without_differences(it) for it in readings]


def without_differences(reading: Reading) -> Reading:
    known = (reading.trigger or reading.keyword) in INSTRUCTIONS
    reading = reading._replace(lines=(0, reading.lines[1]), arguments=reading.arguments if known else ())
    return reading._replace(heredocs=(), original="") if reading.trigger else reading


@pytest.mark.parametrize("seed", range(8))
def test_made_texts_are_read_as_buildkit_reads_them(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dock2nix.parse.dockerfile.check_statements", lambda _: None)
    generator = random.Random(seed)
    texts = [text for _ in range(500) if not is_known_difference(text := made_text(generator))]
    assert len(texts) > 200
    for text in texts:
        assert comparable(ours(text)) == comparable(its(text)), repr(text)


# --- where the two differ, and why ---


class Difference(NamedTuple):
    """A text, and in one word each what the two make of it."""

    text: str
    our: object
    other: object
    reason: str


def arguments(text: str, read: object) -> object:
    reading = read(text)  # type: ignore[operator]
    return reading and [it.arguments for it in reading][1:]


KNOWN_DIFFERENCES = {
    "check-directive": Difference(
        "# check=skip=all\n# escape=`\nFROM a\nRUN b `\n c\n",
        [("b  c",)],
        [("b `",), ("",)],
        "it was built before the check directive, and takes it for a comment that ends the directives",
    ),
    "blank-before-a-heredoc-name": Difference(
        "FROM a\nRUN << EOF\nEOF\n",
        [("<< EOF",)],
        [("<< EOF",), ("",)],
        "it was built before blanks were allowed there",
    ),
    "heredoc-behind-a-pattern": Difference(
        "FROM a\nRUN echo ${x%y} <<EOF\nEOF\n",
        [("echo ${x%y} <<EOF",)],
        [("echo ${x%y} <<EOF",), ("",)],
        "it was built before its lexer knew patterns: it gives up on such a line and sees no heredoc in it",
    ),
    "text-behind-an-array": Difference(
        'FROM a\nRUN ["b"] c\n',
        [('["b"] c',)],
        [("b",)],
        "it was built when what follows an array was dropped; a broken array is shell form now",
    ),
    "flags-with-backticks": Difference(
        "# escape=`\nFROM a\nCOPY --chown=b`c d e\n",
        [("d", "e")],
        [("d", "e")],
        "the arguments agree; in flags it was built to know the backslash only",
    ),
    "white-space-of-one-byte-in-flags": Difference(
        "FROM a\nCOPY --chown=à b c\n",
        [("b", "c")],
        [("b", "c")],
        "the arguments agree; BuildKit reads flags byte by byte and writes other letters for those that are not ASCII",
    ),
    "heredoc-of-onbuild": Difference(
        "FROM a\nONBUILD RUN <<EOF\nx\nEOF\n",
        [("<<EOF",)],
        [("<<EOF",)],
        "the arguments agree; the wrapper loses the heredocs of an ONBUILD",
    ),
    "rules": Difference(
        "FROM a\nFOO b\n",
        None,
        [("",)],
        "it is the parser alone: instructions are looked at by BuildKit's next step",
    ),
    "chained-onbuild": Difference(
        "FROM a\nONBUILD ONBUILD RUN b\n",
        None,
        [("",)],
        "likewise",
    ),
}


@pytest.mark.parametrize("it", [pytest.param(it, id=name) for name, it in KNOWN_DIFFERENCES.items()])
def test_known_differences(it: Difference) -> None:
    assert arguments(it.text, ours) == it.our
    assert arguments(it.text, its) == it.other
    assert ours(it.text) != its(it.text), it.reason


def test_bytes_that_are_not_utf8_are_read_here_only() -> None:
    content = b"FROM a\nLABEL b=\xff\n"
    assert parse_dockerfile(content, "D").value.instructions[1].arguments == ("b", "\ufffd")
    with pytest.raises(UnicodeDecodeError):
        dockerfile.parse_string(content.decode())


def test_the_last_line_of_a_file_that_ends_in_a_continuation() -> None:
    """BuildKit counts the comments behind it; here an instruction ends where its text does."""
    text = "FROM a\nRUN b \\\n# c\n"
    (_, run), (_, other) = ours(text) or [], its(text) or []
    assert (run.lines, other.lines) == ((2, 2), (2, 3))
    assert run._replace(lines=other.lines) == other


def test_a_keyword_behind_a_line_of_its_own_backslash() -> None:
    """BuildKit starts to count at the backslash; here an instruction starts where its keyword does."""
    text = "FROM a\n\\\nRUN b\n"
    (_, run), (_, other) = ours(text) or [], its(text) or []
    assert (run.lines, other.lines) == ((3, 3), (2, 3))
    assert run._replace(lines=other.lines) == other
