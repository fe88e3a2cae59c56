"""A Dockerfile's bytes to its instructions, and what is refused."""

from __future__ import annotations

import logging
import sys
import time
from typing import TYPE_CHECKING

import pytest

from dock2nix.errors import DockerfileError
from dock2nix.model.dockerfile import Form, Instruction
from dock2nix.parse.dockerfile import parse_dockerfile

if TYPE_CHECKING:
    from io import BytesIO
    from pathlib import Path

    from dock2nix.model.source import SourceText


def parse(text: str) -> tuple[Instruction, ...]:
    return parse_dockerfile(text.encode(), "Dockerfile").value.instructions


def second(text: str) -> Instruction:
    """The instruction behind a FROM."""
    return parse(f"FROM a\n{text}\n")[1]


@pytest.mark.parametrize(
    ("text", "keyword", "arguments"),
    [
        pytest.param("RUN echo  'a b' | cat", "RUN", ("echo  'a b' | cat",), id="run-is-one-text"),
        pytest.param("run x", "RUN", ("x",), id="keywords-in-any-case"),
        pytest.param("\tRUN\tx\t", "RUN", ("x",), id="tabs"),
        pytest.param("RUN", "RUN", (), id="an-empty-run-is-allowed"),
        pytest.param("RUN\\\n  x", "RUN", ("x",), id="a-backslash-glued-to-the-keyword"),
        pytest.param("EN\\\nV a=b", "ENV", ("a", "b"), id="a-keyword-in-two-halves"),
        pytest.param("COPY a\t b  c", "COPY", ("a", "b", "c"), id="copy-words"),
        pytest.param("COPY 'a b' c", "COPY", ("'a", "b'", "c"), id="copy-knows-no-quotes"),
        pytest.param('COPY ["a b", "c"]', "COPY", ("a b", "c"), id="copy-json"),
        pytest.param("ENV a=b c='d e' f=\\ g", "ENV", ("a", "b", "c", "'d e'", "f", "\\ g"), id="env-pairs"),
        pytest.param("ENV a=", "ENV", ("a", ""), id="env-empty"),
        pytest.param("ENV a=b=c", "ENV", ("a", "b=c"), id="env-value-with-sign"),
        pytest.param("ENV a  b c=d", "ENV", ("a", "b c=d"), id="env-old-form"),
        pytest.param("ENV a b \\\n  c", "ENV", ("a", "b   c"), id="env-old-form-continued"),
        pytest.param('LABEL "a b"="c" d=e', "LABEL", ('"a b"', '"c"', "d", "e"), id="label"),
        pytest.param("LABEL a b c", "LABEL", ("a", "b c"), id="label-old-form"),
        pytest.param("ARG a", "ARG", ("a",), id="arg-name"),
        pytest.param("ARG a b=1 c='x y'", "ARG", ("a", "b=1", "c='x y'"), id="arg-several"),
        pytest.param("EXPOSE 80 443/tcp", "EXPOSE", ("80", "443/tcp"), id="expose"),
        pytest.param("VOLUME /a /b", "VOLUME", ("/a", "/b"), id="volume"),
        pytest.param('VOLUME ["/a"]', "VOLUME", ("/a",), id="volume-json"),
        pytest.param("USER a b", "USER", ("a b",), id="user-is-one-text"),
        pytest.param("WORKDIR /a b", "WORKDIR", ("/a b",), id="workdir-is-one-text"),
        pytest.param("STOPSIGNAL SIGTERM", "STOPSIGNAL", ("SIGTERM",), id="stopsignal"),
        pytest.param("MAINTAINER a <b@c>", "MAINTAINER", ("a <b@c>",), id="maintainer"),
        pytest.param("HEALTHCHECK none", "HEALTHCHECK", ("NONE",), id="healthcheck-none"),
        pytest.param("HEALTHCHECK CMD a  b", "HEALTHCHECK", ("CMD", "a  b"), id="healthcheck-shell"),
        pytest.param('HEALTHCHECK cmd ["a", "b"]', "HEALTHCHECK", ("CMD", "a", "b"), id="healthcheck-exec"),
        pytest.param('SHELL ["/bin/bash", "-c"]', "SHELL", ("/bin/bash", "-c"), id="shell"),
        pytest.param("ONBUILD run x y", "ONBUILD", ("RUN", "x y"), id="onbuild"),
        pytest.param("ONBUILD FOO bar", "ONBUILD", ("FOO", "bar"), id="onbuild-is-not-looked-into"),
    ],
)
def test_arguments(text: str, keyword: str, arguments: tuple[str, ...]) -> None:
    instruction = second(text)
    assert (instruction.keyword, instruction.arguments) == (keyword, arguments)


@pytest.mark.parametrize(
    ("text", "form", "arguments"),
    [
        pytest.param('["a", "b c"]', Form.EXEC, ("a", "b c"), id="array-of-strings"),
        pytest.param('  [ "a" ]  ', Form.EXEC, ("a",), id="blanks-around"),
        pytest.param("[]", Form.EXEC, (), id="empty-array"),
        pytest.param('["a\\tb\\u00e9"]', Form.EXEC, ("a\tbé",), id="json-escapes"),
        pytest.param('["${HOME}"]', Form.EXEC, ("${HOME}",), id="nothing-expanded"),
        pytest.param('["a"', Form.SHELL, ('["a"',), id="not-closed"),
        pytest.param("['a']", Form.SHELL, ("['a']",), id="single-quotes"),
        pytest.param('["a",]', Form.SHELL, ('["a",]',), id="trailing-comma"),
        pytest.param('["a"] b', Form.SHELL, ('["a"] b',), id="something-behind"),
        pytest.param("[ -f x ] && y", Form.SHELL, ("[ -f x ] && y",), id="the-test-command"),
        pytest.param("[NaN]", Form.SHELL, ("[NaN]",), id="not-json-though-python-reads-it"),
        pytest.param('["a\tb"]', Form.SHELL, ('["a\tb"]',), id="a-bare-tab-in-a-string"),
        pytest.param('["\\ud800"]', Form.EXEC, ("\ufffd",), id="lone-surrogate"),
        pytest.param('["a", \\\n  "b"]', Form.EXEC, ("a", "b"), id="continued"),
    ],
)
def test_exec_and_shell_form(text: str, form: Form, arguments: tuple[str, ...]) -> None:
    instruction = second(f"CMD {text}")
    assert (instruction.form, instruction.arguments) == (form, arguments)


@pytest.mark.parametrize(
    ("text", "flags", "arguments"),
    [
        pytest.param("COPY --from=a b c", ("--from=a",), ("b", "c"), id="one"),
        pytest.param("COPY --link --chown=a:b c d", ("--link", "--chown=a:b"), ("c", "d"), id="two"),
        pytest.param("COPY --chown='a b' c d", ("--chown=a b",), ("c", "d"), id="quotes-taken-off"),
        pytest.param("COPY --chown=a\\ b c d", ("--chown=a b",), ("c", "d"), id="escapes-taken-off"),
        pytest.param("COPY -- --from c", (), ("--from", "c"), id="two-dashes-end-them"),
        pytest.param("COPY a --from=b c", (), ("a", "--from=b", "c"), id="only-before-the-arguments"),
        pytest.param(
            "RUN --mount=type=cache,target=/x a --b", ("--mount=type=cache,target=/x",), ("a --b",), id="run"
        ),
        pytest.param("RUN -x", (), ("-x",), id="one-dash-is-none"),
        pytest.param(
            "HEALTHCHECK --interval=5m --timeout=3s CMD x",
            ("--interval=5m", "--timeout=3s"),
            ("CMD", "x"),
            id="healthcheck",
        ),
        pytest.param("STOPSIGNAL --x 9", ("--x",), ("9",), id="stopsignal-takes-any"),
        pytest.param("COPY \\\n  --from=a \\\n  b c", ("--from=a",), ("b", "c"), id="on-lines-of-their-own"),
    ],
)
def test_flags(text: str, flags: tuple[str, ...], arguments: tuple[str, ...]) -> None:
    instruction = second(text)
    assert (instruction.flags, instruction.arguments) == (flags, arguments)


def test_an_onbuild_carries_its_trigger_as_an_instruction() -> None:
    trigger = second("ONBUILD COPY --chown=x a \\\n b").trigger
    assert trigger is not None
    assert (trigger.keyword, trigger.flags, trigger.arguments) == ("COPY", ("--chown=x",), ("a", "b"))
    assert (trigger.location.first_line, trigger.location.first_column) == (2, 9)
    assert (trigger.location.last_line, trigger.location.last_column) == (3, 2)


ANY = "expected one of ADD, ARG, CMD"


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        pytest.param("", 1, 1, "file with no instructions", id="empty-file"),
        pytest.param("# only\n\n# comments\n", 1, 1, "file with no instructions", id="only-comments"),
        pytest.param("ARG a=1\n", 1, 8, "no stages to build: expected FROM", id="no-from"),
        pytest.param("ARG a\nRUN x\nFROM a\n", 2, 1, "expected FROM or ARG before RUN", id="run-before-from"),
        pytest.param(
            "FROM a\n  FORM b\n", 2, 3, r"unknown instruction: FORM \(did you mean FROM\?", id="misspelt"
        ),
        pytest.param("FROM a\nxyzzy\n", 2, 1, ANY, id="unknown-word"),
        pytest.param(
            "FROM a\nuſer x\n", 2, 1, "unknown instruction", id="a-letter-whose-upper-case-would-fit"
        ),
        pytest.param("FROM a\n\\\n", 2, 1, "unknown instruction", id="a-backslash-and-nothing"),
        pytest.param("FROM\n", 1, 5, "either one or three arguments", id="from-nothing"),
        pytest.param("FROM a b\n", 1, 8, "expected IMAGE or IMAGE AS NAME", id="from-two-words"),
        pytest.param("FROM a AS\n", 1, 10, "expected IMAGE or IMAGE AS NAME", id="from-without-name"),
        pytest.param("FROM a AS b c\n", 1, 13, "expected IMAGE or IMAGE AS NAME", id="from-four-words"),
        pytest.param("FROM a \\\n  AS 1b\n", 2, 6, "invalid name for build stage: '1b'", id="stage-name"),
        pytest.param(
            "FROM --x=1 a\n", 1, 6, r"unknown flag: --x \(expected one of --platform\)", id="from-flag"
        ),
        pytest.param(
            "FROM --platform a\n", 1, 6, "missing a value on flag: --platform", id="flag-without-value"
        ),
        pytest.param("FROM a\nCOPY --link=maybe a b\n", 2, 6, "expecting boolean", id="flag-not-boolean"),
        pytest.param("FROM a\nCOPY --link= a b\n", 2, 6, "missing a value", id="boolean-flag-empty"),
        pytest.param("FROM a\nCOPY --from=a \\\n --from=b c d\n", 3, 2, "duplicate flag", id="flag-twice"),
        pytest.param(
            "FROM a\nUSER --x y\n", 2, 6, r"unknown flag: --x \(expected no flag\)", id="flag-of-user"
        ),
        pytest.param("FROM a\nONBUILD --x RUN y\n", 2, 9, "unknown flag", id="flag-of-onbuild"),
        pytest.param("FROM a\nRUN --network=x y\n", 2, 5, "invalid network mode 'x'", id="network-mode"),
        pytest.param("FROM a\nRUN --security=x y\n", 2, 5, "security 'x' is not valid", id="security-mode"),
        pytest.param(
            "FROM a\nRUN --mount=from=$x y\n", 2, 5, "doesn't support variable", id="mount-from-variable"
        ),
        pytest.param('FROM a\nRUN --mount=a\\"b y\n', 2, 5, "stray quote", id="mount-broken-csv"),
        pytest.param("FROM a\nCOPY a\n", 2, 7, "at least two arguments, but only one", id="copy-one"),
        pytest.param("FROM a\nADD\n", 2, 4, "at least two arguments", id="add-nothing"),
        pytest.param("FROM a\nCOPY a <<E\nE\n", 2, 8, "heredoc as a destination", id="copy-to-a-heredoc"),
        pytest.param("FROM a\nENV\n", 2, 4, "at least one argument", id="env-nothing"),
        pytest.param("FROM a\nENV a\n", 2, 6, "expected name=value or name value", id="env-name-alone"),
        pytest.param(
            "FROM a\nENV a=1 \\\n  b=2 c\n", 3, 7, "can't find = in 'c'", id="env-word-without-sign"
        ),
        pytest.param("FROM a\nENV =x\n", 2, 5, "names can not be blank", id="env-blank-name"),
        pytest.param("FROM a\nLABEL a=1 =2\n", 2, 11, "names can not be blank", id="label-blank-name"),
        pytest.param("ARG\nFROM a\n", 1, 4, "at least one argument", id="arg-nothing"),
        pytest.param("ARG a =b\nFROM a\n", 1, 7, "names can not be blank", id="arg-blank-name"),
        pytest.param("FROM a\nEXPOSE\n", 2, 7, "at least one argument", id="expose-nothing"),
        pytest.param("FROM a\nUSER\n", 2, 5, "exactly one argument", id="user-nothing"),
        pytest.param("FROM a\nWORKDIR\n", 2, 8, "exactly one argument", id="workdir-nothing"),
        pytest.param("FROM a\nSTOPSIGNAL\n", 2, 11, "exactly one argument", id="stopsignal-nothing"),
        pytest.param("FROM a\nMAINTAINER\n", 2, 11, "exactly one argument", id="maintainer-nothing"),
        pytest.param("FROM a\nVOLUME\n", 2, 7, "at least one argument", id="volume-nothing"),
        pytest.param('FROM a\nVOLUME ["a", " "]\n', 2, 8, "can not be an empty string", id="volume-blank"),
        pytest.param("FROM a\nSHELL /bin/sh -c\n", 2, 7, "in JSON form", id="shell-not-json"),
        pytest.param("FROM a\nSHELL []\n", 2, 9, "at least one argument", id="shell-empty"),
        pytest.param('FROM a\nRUN ["a", 1]\n', 2, 5, "comprised of strings only", id="array-with-a-number"),
        pytest.param("FROM a\nCMD [[]]\n", 2, 5, "comprised of strings only", id="array-in-an-array"),
        pytest.param("FROM a\nHEALTHCHECK\n", 2, 12, "at least one argument", id="healthcheck-nothing"),
        pytest.param("FROM a\nHEALTHCHECK x y\n", 2, 13, "expected CMD or NONE", id="healthcheck-type"),
        pytest.param("FROM a\nHEALTHCHECK CMD\n", 2, 16, "missing command", id="healthcheck-no-command"),
        pytest.param(
            "FROM a\nHEALTHCHECK NONE x\n", 2, 18, "takes no arguments", id="healthcheck-none-with-more"
        ),
        pytest.param("FROM a\nHEALTHCHECK --interval=5 CMD x\n", 2, 13, "a duration as 30s", id="duration"),
        pytest.param(
            "FROM a\nHEALTHCHECK --timeout=1us CMD x\n", 2, 13, "at least 1ms", id="duration-too-short"
        ),
        pytest.param("FROM a\nHEALTHCHECK --retries=-1 CMD x\n", 2, 13, "a number from 0", id="retries"),
        pytest.param("FROM a\nONBUILD\n", 2, 8, "at least one argument", id="onbuild-nothing"),
        pytest.param("FROM a\nONBUILD ONBUILD RUN x\n", 2, 9, "chaining ONBUILD", id="onbuild-onbuild"),
        pytest.param("FROM a\nONBUILD from b\n", 2, 9, "FROM isn't allowed as an ONBUILD", id="onbuild-from"),
        pytest.param(
            "FROM a\nONBUILD MAINTAINER b\n", 2, 9, "MAINTAINER isn't allowed", id="onbuild-maintainer"
        ),
        pytest.param("\ufeff  FROMM a\r\n", 1, 3, "did you mean FROM", id="column-behind-a-byte-order-mark"),
        pytest.param("FROM a\n\tENV\té=1\tb\n", 2, 10, "can't find =", id="columns-count-characters"),
    ],
)
def test_what_buildkit_refuses_is_refused_at_the_word(
    text: str, line: int, column: int, message: str
) -> None:
    with pytest.raises(DockerfileError, match=message) as caught:
        parse(text)
    assert (caught.value.line, caught.value.column) == (line, column)


def test_syntax_comes_before_rules_as_in_buildkit() -> None:
    with pytest.raises(DockerfileError, match="can't find =") as caught:
        parse("FROM a\nFOO x\nENV a=1 b\n")
    assert caught.value.line == 3


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("FROM a AS b\nFROM c AS b\n", id="a-stage-name-twice"),
        pytest.param("FROM a as b\n", id="as-in-lower-case"),
        pytest.param("FROM a\nCMD\nENTRYPOINT\n", id="empty-commands"),
        pytest.param("FROM a\nHEALTHCHECK --x NONE\n", id="flags-of-healthcheck-none-are-not-looked-at"),
        pytest.param("FROM a\nHEALTHCHECK --interval= --retries= CMD x\n", id="empty-values"),
        pytest.param("FROM a\nRUN --mount=type=$x,target=/y z\n", id="a-variable-in-a-mount"),
        pytest.param("FROM a\nCOPY --exclude=a --exclude=b c d\n", id="a-flag-that-may-come-twice"),
        pytest.param("FROM a\nCOPY --link=TRUE c d\n", id="boolean-in-upper-case"),
        pytest.param("FROM a \\\n", id="continuation-at-the-end-of-the-file"),
    ],
)
def test_what_buildkit_accepts_is_accepted(text: str) -> None:
    assert parse(text)


def test_blank_lines_in_an_instruction_are_a_finding() -> None:
    outcome = parse_dockerfile(b"FROM a\nRUN a \\\n\n  b\nRUN c \\\n # x\n d\n", "D")
    (finding,) = outcome.findings
    assert (finding.code, finding.location.line) == ("D2N104", 3)


def test_the_dockerfile_keeps_path_hash_and_directives() -> None:
    dockerfile = parse_dockerfile(b"# escape=`\nFROM a `\n  AS b\n", "some/Dockerfile").value
    assert dockerfile.path == "some/Dockerfile"
    assert dockerfile.sha256 == "bb50cf4a35395b71223143c0247cb4f787136f68198d55b860aced9dca44dc43"
    assert dockerfile.directives.escape == "`"
    assert dockerfile.instructions[0].arguments == ("a", "AS", "b")


def test_a_comment_that_is_no_directive_does_not_change_the_escape_character() -> None:
    assert [it.keyword for it in parse("FROM a\n# escape=`\nRUN x `\nCMD y\n")] == ["FROM", "RUN", "CMD"]


def test_an_instruction_named_as_the_library_names_comments_is_refused() -> None:
    with pytest.raises(DockerfileError, match="unknown instruction: COMMENT"):
        parse("FROM a\nCOMMENT x\n")


AWKWARD = [
    pytest.param("FROM a\n  RUN  apt-get \\\n    install -y \\\n# c\n\n\tcurl \\\n git\n", id="continued"),
    pytest.param("\ufeff\tFROM\ta\r\nRUN a \\\r\n\tb\r\n", id="byte-order-mark-tabs-carriage-returns"),
    pytest.param("# escape=`\nFROM a\nRUN a `\n `\n  b\\c `\n", id="backtick"),
    pytest.param("FROM a\nRU\\\nN x\\\ny \\\n\\\nz\n", id="torn-words"),
    pytest.param("FROM a\nENV a=1 \\\n    bé='c d' \\\n    e=\\ f\nENV g  h i\n", id="env"),
    pytest.param("FROM a\nCOPY --from=x --chown=y \\\n  a \\\n  b\n", id="flags"),
    pytest.param("FROM a\nHEALTHCHECK --interval=1s \\\n  CMD curl \\\n  -f x || exit 1\n", id="healthcheck"),
    pytest.param("FROM a\nONBUILD   RUN \\\n  --network=none x \\\n y\n", id="onbuild"),
    pytest.param("FROM a\nRUN\n\\\n\\\n\nCMD x\n", id="empty"),
]


def sources(instruction: Instruction) -> list[SourceText]:
    own = [instruction.source, *(heredoc.source for heredoc in instruction.heredocs)]
    return own + (sources(instruction.trigger) if instruction.trigger else [])


@pytest.mark.parametrize("text", AWKWARD)
def test_every_character_of_a_source_is_found_where_it_stands(text: str) -> None:
    lines = text.removeprefix("\ufeff").split("\n")
    for instruction in parse(text):
        for source in sources(instruction):
            for offset, char in enumerate(source.text):
                line, column = source.position(offset)
                assert lines[line - 1][column - 1] == char


@pytest.mark.parametrize("text", AWKWARD)
def test_words_of_the_arguments_stand_where_the_source_says(text: str) -> None:
    lines = text.removeprefix("\ufeff").split("\n")
    for instruction in parse(text):
        source = instruction.source
        for word in " ".join(instruction.arguments).split():
            at = source.text.upper().find(word.upper())
            place = source.locate(at, at + len(word))
            if place.first_line == place.last_line:
                written = lines[place.first_line - 1][place.first_column - 1 : place.last_column]
                assert written.upper() == word.upper()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("RUN a && \\\n b", id="run"),
        pytest.param("HEALTHCHECK --interval=1s CMD a", id="healthcheck"),
        pytest.param("ONBUILD RUN a b", id="onbuild"),
        pytest.param("CMD [ a", id="broken-array"),
    ],
)
def test_a_command_in_shell_form_is_the_tail_of_its_source(text: str) -> None:
    instruction = second(text)
    assert instruction.source.text.endswith(instruction.arguments[-1])


def test_the_location_spans_the_instruction() -> None:
    run = second("  RUN a \\\n  # c\n   bc  ")
    place = run.location
    assert (place.first_line, place.first_column, place.last_line, place.last_column) == (2, 3, 4, 5)


def test_it_writes_no_file_and_logs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    with caplog.at_level(logging.DEBUG):
        parse("FROM a\nENV b=c\nRUN <<EOF\nx\nEOF\n")
    assert list(tmp_path.iterdir()) == []
    assert caplog.records == []


def test_the_library_splits_and_sees_no_heredoc_body(monkeypatch: pytest.MonkeyPatch) -> None:
    import dockerfile_parse

    seen: list[bytes] = []

    class Spy(dockerfile_parse.DockerfileParser):  # type: ignore[misc]
        def __init__(self, *, fileobj: BytesIO, env_replace: bool) -> None:
            seen.append(fileobj.getvalue())
            super().__init__(fileobj=fileobj, env_replace=env_replace)

    monkeypatch.setattr(dockerfile_parse, "DockerfileParser", Spy)
    assert len(parse("FROM a\nCOPY <<EOF /x\nFROM evil\nEOF\nCMD y\n")) == 3
    assert seen == [b"FROM a\nCOPY <<EOF /x\n#\n#\nCMD y\n"]


LONG = {
    "20000-instructions": "RUN apt-get install -y foo && echo bar\n" * 20_000,
    "20000-continuation-lines": "RUN true" + " \\\n   && apt-get install -y foo bar" * 20_000 + "\n",
    "20000-blank-continuation-lines": "RUN true \\\n" + "\n" * 20_000 + "x\n",
    "20000-heredoc-lines": "RUN <<EOF\n" + "apt-get install -y foo\n" * 20_000 + "EOF\n",
    "20000-env-pairs": "ENV" + "".join(f" \\\n  A{number}='b c'" for number in range(20_000)) + "\n",
}


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in LONG.items()])
def test_long_files_take_no_longer_than_a_few_seconds(text: str) -> None:
    started = time.process_time()
    assert parse("FROM a\n" + text)
    assert time.process_time() - started < 5


def test_a_100_megabyte_file_is_refused_at_once() -> None:
    content = b"x" * 100_000_000
    started = time.process_time()
    with pytest.raises(DockerfileError, match="100000000 bytes"):
        parse_dockerfile(content, "D")
    assert time.process_time() - started < 0.5


def test_a_deep_array_does_not_exhaust_the_stack() -> None:
    with pytest.raises(DockerfileError, match="strings only"):
        parse("FROM a\nCMD " + "[" * 30_000 + "]" * 30_000 + "\n")
    assert sys.getrecursionlimit() < 30_000
