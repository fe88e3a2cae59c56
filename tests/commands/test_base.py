"""Options taken apart as getopt does it, paths, redirections."""

from __future__ import annotations

import pytest

from dock2nix.commands.base import absolute, option_table, output_file, paths, read_options, writes_nowhere
from dock2nix.model.shell import Redirect
from fakes import invocation, words

TABLE = option_table("-p --parents", "-v --verbose", "-m --mode =", "--long-only")


def given(text: str) -> tuple[list[tuple[str, str]], list[str | None]] | None:
    options = read_options(words(text), TABLE)
    return (list(options.given), [word.value for word in options.operands]) if options else None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a b", ([], ["a", "b"]), id="operands"),
        pytest.param("-p a", ([("-p", "")], ["a"]), id="short"),
        pytest.param("-pv a", ([("-p", ""), ("-v", "")], ["a"]), id="combined"),
        pytest.param("--parents a", ([("-p", "")], ["a"]), id="long-has-the-first-name"),
        pytest.param("-m 755 a", ([("-m", "755")], ["a"]), id="value-in-the-next-word"),
        pytest.param("-m755 a", ([("-m", "755")], ["a"]), id="attached-value"),
        pytest.param("-pm 755 a", ([("-p", ""), ("-m", "755")], ["a"]), id="combined-with-value"),
        pytest.param("-pm755 a", ([("-p", ""), ("-m", "755")], ["a"]), id="combined-with-attached-value"),
        pytest.param("-mp a", ([("-m", "p")], ["a"]), id="rest-of-the-word-is-the-value"),
        pytest.param("--mode=755 a", ([("-m", "755")], ["a"]), id="long-value-with-equals"),
        pytest.param("--mode 755 a", ([("-m", "755")], ["a"]), id="long-value-in-the-next-word"),
        pytest.param("--mode= a", ([("-m", "")], ["a"]), id="empty-value"),
        pytest.param("a -p b", ([("-p", "")], ["a", "b"]), id="option-behind-an-operand"),
        pytest.param("-p -- -v", ([("-p", "")], ["-v"]), id="double-dash-ends-options"),
        pytest.param("- a", ([], ["-", "a"]), id="single-dash-is-an-operand"),
        pytest.param("-m -p a", ([("-m", "-p")], ["a"]), id="value-that-looks-like-an-option"),
    ],
)
def test_command_line_is_read_like_getopt(
    text: str, expected: tuple[list[tuple[str, str]], list[str]]
) -> None:
    assert given(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("-x a", id="unknown-short"),
        pytest.param("-px a", id="unknown-in-a-group"),
        pytest.param("--unknown a", id="unknown-long"),
        pytest.param("--par a", id="abbreviation"),
        pytest.param("--parents=yes a", id="value-for-a-flag"),
        pytest.param("a -m", id="value-missing"),
        pytest.param("-p $DIR", id="unknown-word"),
        pytest.param("-m $MODE a", id="unknown-value"),
        pytest.param("-- $DIR", id="unknown-word-behind-the-double-dash"),
    ],
)
def test_what_is_not_understood_is_nothing(text: str) -> None:
    assert given(text) is None


@pytest.mark.parametrize(
    ("text", "directory", "expected"),
    [
        pytest.param(
            "/a b ../c ./d/", "/w/x", ("/a", "/w/x/b", "/w/c", "/w/x/d"), id="relative-to-the-directory"
        ),
        pytest.param("/a /b/../c //d", None, ("/a", "/c", "/d"), id="absolute-without-directory"),
        pytest.param("a", None, None, id="relative-without-directory"),
        pytest.param("/a/*", "/", None, id="star"),
        pytest.param("/a/[bc]", "/", None, id="brackets"),
        pytest.param("/a/{b,c}", "/", None, id="braces"),
        pytest.param("/a/{1..3}", "/", None, id="brace-range"),
        pytest.param("'/a/*' \"/b/{c,d}\"", "/", ("/a/*", "/b/{c,d}"), id="quoted-patterns-are-plain"),
        pytest.param("'/a b'/*", "/", None, id="star-behind-quotes"),
        pytest.param('"/a"{b,c}', "/", None, id="braces-behind-quotes"),
        pytest.param('"/it\'s *"', "/", ("/it's *",), id="star-behind-an-apostrophe-in-quotes"),
        pytest.param("/a/{b}", "/", ("/a/{b}",), id="braces-without-comma"),
        pytest.param("''", "/", None, id="empty-word"),
    ],
)
def test_paths_are_known_or_nothing_is(
    text: str, directory: str | None, expected: tuple[str, ...] | None
) -> None:
    assert paths(words(text), directory) == expected


def test_paths_never_leave_the_root() -> None:
    assert absolute("../../etc", "/a") == "/etc"
    assert absolute("a\0b", "/") is None


def redirect(operator: str, target: str | None, descriptor: int | None = None) -> Redirect:
    word = words(target)[0] if target else None
    return Redirect(operator=operator, descriptor=descriptor, target=word)


@pytest.mark.parametrize(
    ("redirects", "harmless"),
    [
        pytest.param((), True, id="none"),
        pytest.param((redirect(">", "/dev/null"), redirect(">&", "1", 2)), True, id="nowhere"),
        pytest.param((redirect("<", "/etc/x"),), True, id="input"),
        pytest.param((redirect("&>", "/dev/null"),), True, id="both-nowhere"),
        pytest.param((redirect(">&", "2"), redirect(">&", "-", 2)), True, id="duplicated-and-closed"),
        pytest.param((redirect(">", "/tmp/log"),), False, id="to-a-file"),
        pytest.param((redirect(">&", "log"),), False, id="both-to-a-file"),
        pytest.param((redirect(">", "$LOG"),), False, id="to-an-unknown-file"),
        pytest.param((redirect(">", None),), False, id="to-nothing-known"),
    ],
)
def test_redirections_that_write_are_seen(redirects: tuple[Redirect, ...], harmless: bool) -> None:
    assert writes_nowhere(redirects) is harmless


@pytest.mark.parametrize(
    ("redirects", "expected"),
    [
        pytest.param((redirect(">", "a"),), ("a", False), id="written"),
        pytest.param((redirect(">>", "a", 1),), ("a", True), id="appended"),
        pytest.param((redirect(">|", "a"), redirect(">", "/dev/null", 2)), ("a", False), id="errors-dropped"),
        pytest.param((redirect("&>>", "a"),), ("a", True), id="both-appended"),
        pytest.param((), None, id="none"),
        pytest.param((redirect(">", "a", 2),), None, id="errors-only"),
        pytest.param((redirect(">", "a"), redirect(">", "b", 2)), None, id="two-files"),
        pytest.param((redirect(">&", "a"),), None, id="both-in-csh-style"),
    ],
)
def test_output_file_is_the_only_file(
    redirects: tuple[Redirect, ...], expected: tuple[str, bool] | None
) -> None:
    found = output_file(redirects)
    assert (found and (found[0].value, found[1])) == expected


def test_invocations_of_the_tests_are_what_they_look_like() -> None:
    assert [word.value for word in invocation("mkdir -p 'a b' $X").arguments] == ["-p", "a b", None]
