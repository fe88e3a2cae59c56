"""Here-documents: which words open one, what becomes of the body, where it stood."""

from __future__ import annotations

import pytest

from dock2nix.errors import DockerfileError
from dock2nix.model.dockerfile import Instruction, ParserDirectives
from dock2nix.parse.dockerfile import parse_dockerfile
from dock2nix.parse.heredoc import heredoc_operators, lift_heredocs


def instructions(text: str) -> tuple[Instruction, ...]:
    return parse_dockerfile(text.encode(), "Dockerfile").value.instructions


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param("RUN <<EOF", [("EOF", True, False, 0)], id="plain"),
        pytest.param("RUN <<-EOF", [("EOF", True, True, 0)], id="tabs-stripped"),
        pytest.param("RUN <<'EOF'", [("EOF", False, False, 0)], id="single-quoted"),
        pytest.param('RUN <<"EOF"', [("EOF", False, False, 0)], id="double-quoted"),
        pytest.param('RUN <<E"O"F', [("EOF", False, False, 0)], id="partly-quoted"),
        pytest.param("RUN <<\\EOF", [("EOF", True, False, 0)], id="a-backslash-is-no-quote-for-buildkit"),
        pytest.param("RUN << EOF", [("EOF", True, False, 0)], id="blank-before-the-name"),
        pytest.param("RUN cat 3<<EOF", [("EOF", True, False, 3)], id="descriptor"),
        pytest.param(
            "RUN cat <<A <<-'B' | x",
            [("A", True, False, 0), ("B", False, True, 0)],
            id="several-in-one-instruction",
        ),
        pytest.param("RUN cat<<EOF", [], id="glued-to-a-word"),
        pytest.param("RUN cat >f<<EOF", [], id="glued-to-a-redirection"),
        pytest.param("RUN cat <<<EOF", [], id="here-string"),
        pytest.param("RUN echo '<<EOF'", [], id="in-single-quotes"),
        pytest.param('RUN echo "a <<EOF b"', [], id="in-double-quotes"),
        pytest.param("RUN echo \\<<EOF", [], id="escaped"),
        pytest.param(
            "RUN echo $((1 << 2 ))", [("2", True, False, 0)], id="a-shift-looks-like-one-to-buildkit"
        ),
        pytest.param("RUN echo $((1<<2))", [], id="a-shift-without-blanks"),
        pytest.param("RUN echo it's <<EOF", [], id="none-where-a-quote-is-left-open"),
        pytest.param("RUN echo ${x^^} <<EOF", [], id="none-where-buildkit-cannot-read-the-words"),
        pytest.param("RUN <<", [], id="without-name"),
    ],
)
def test_words_that_open_a_heredoc(line: str, expected: list[tuple[str, bool, bool, int]]) -> None:
    found = heredoc_operators(line)
    assert [(it.name, it.expand, it.chomp, it.descriptor) for it in found] == expected


def test_operators_know_where_they_start() -> None:
    line = "RUN cat  <<A 3<<'B'"
    assert [it.start for it in heredoc_operators(line)] == [line.index("<<A"), line.index("3<<")]


@pytest.mark.parametrize(
    ("text", "bodies"),
    [
        pytest.param("RUN <<EOF\na\nb\nEOF\n", ["a\nb\n"], id="run"),
        pytest.param("COPY <<EOF /x\na\nEOF\n", ["a\n"], id="copy"),
        pytest.param("ADD <<EOF /x\na\nEOF", ["a\n"], id="terminator-at-the-end-of-the-file"),
        pytest.param("ONBUILD RUN <<EOF\na\nEOF\n", ["a\n"], id="onbuild"),
        pytest.param("run <<EOF\nEOF\n", [""], id="empty"),
        pytest.param("RUN <<A <<B\na\nB\nA\nb\nA\nB\n", ["a\nB\n", "b\nA\n"], id="one-behind-the-other"),
        pytest.param("RUN <<EOF\r\na\r\nEOF\r\n", ["a\r\n"], id="carriage-returns-stay-in-the-body"),
        pytest.param("RUN <<-EOF\n\t\ta\n\t b\n\tEOF\n", ["a\n b\n"], id="leading-tabs-go"),
        pytest.param("RUN <<EOF\n EOF\nEOF \nEOF\n", [" EOF\nEOF \n"], id="the-terminator-stands-alone"),
        pytest.param("RUN <<EOF\n# c\n\na \\\nEOF\n", ["# c\n\na \\\n"], id="nothing-is-special-in-a-body"),
        pytest.param("RUN a \\\n  <<EOF b \\\n  c\nx\nEOF\n", ["x\n"], id="behind-a-continued-instruction"),
        pytest.param("RUN cat <\\\n<EOF\nx\nEOF\n", ["x\n"], id="an-operator-in-two-halves"),
        pytest.param(
            "COPY <<EOF /x\nFROM evil:latest\nEOF\n", ["FROM evil:latest\n"], id="an-instruction-in-a-body"
        ),
    ],
)
def test_bodies(text: str, bodies: list[str]) -> None:
    _, instruction = instructions("FROM a\n" + text)
    assert [heredoc.body for heredoc in instruction.heredocs] == bodies


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("CMD cat <<EOF\nRUN x\n", id="cmd"),
        pytest.param('RUN ["cat", "<<EOF"]\nRUN x\n', id="exec-form"),
        pytest.param("ENV a=<<EOF\nRUN x\n", id="env"),
        pytest.param("ONBUILD CMD <<EOF\nRUN x\n", id="onbuild-cmd"),
    ],
)
def test_other_instructions_have_none(text: str) -> None:
    _, instruction, _ = instructions("FROM a\n" + text)
    assert instruction.heredocs == ()


def test_the_line_that_opens_a_heredoc_stays_in_the_arguments() -> None:
    _, run, cmd = instructions("FROM a\nRUN cat <<A <<'B' >f\n1\nA\n2\nB\nCMD x\n")
    assert run.arguments == ("cat <<A <<'B' >f",)
    assert (run.location.first_line, run.location.last_line, run.location.last_column) == (2, 6, 1)
    assert cmd.location.first_line == 7


def test_an_onbuild_has_the_heredocs_that_its_trigger_has() -> None:
    _, onbuild = instructions("FROM a\nONBUILD COPY <<EOF /x\nb\nEOF\n")
    assert onbuild.trigger is not None
    assert onbuild.heredocs == onbuild.trigger.heredocs
    assert onbuild.trigger.arguments == ("<<EOF", "/x")


def test_every_character_of_a_body_is_found_where_it_stands() -> None:
    text = "FROM a\nRUN <<A <<-B\none\n\n  two\nA\n\t\tthree\n\n\t four\n\tB\n"
    lines = text.split("\n")
    _, run = instructions(text)
    for heredoc in run.heredocs:
        assert heredoc.source.text == heredoc.body
        for offset, char in enumerate(heredoc.body):
            line, column = heredoc.source.position(offset)
            assert (lines[line - 1] + "\n")[column - 1] == char


def test_an_unterminated_heredoc_is_refused_at_its_operator() -> None:
    with pytest.raises(DockerfileError, match="unterminated heredoc: expected a line 'B'") as caught:
        instructions("FROM a\nRUN cat <<A \\\n  <<B\nx\nA\ny\n")
    assert (caught.value.line, caught.value.column) == (3, 3)


def test_what_is_wrong_before_an_unterminated_heredoc_is_told_first() -> None:
    with pytest.raises(DockerfileError, match="can't find =") as caught:
        instructions("FROM a\nENV a=1 b\nRUN <<A\n")
    assert caught.value.line == 2


def test_masking_keeps_the_number_of_lines_and_hides_every_body() -> None:
    lines = ["FROM a", "COPY <<EOF /x", "FROM evil", "EOF", "RUN a \\", "", "b", "# escape=`", "CMD \\"]
    masked = lift_heredocs(lines, ParserDirectives(), 0, "D").masked
    assert masked == ("FROM a", "COPY <<EOF /x", "#", "#", "RUN a \\", "#", "b", "#", "CMD  .")
