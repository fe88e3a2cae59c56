"""Variables in words: operators, quotes, escapes, splitting, and what is refused."""

from __future__ import annotations

import time

import pytest

from dock2nix.parse.patterns import parse_pattern, replace, trim_prefix, trim_suffix
from dock2nix.parse.variables import Expansion, ExpansionError, expand, expand_words, split_words

ENVIRONMENT = {
    "A": "apple",
    "B": "b c",
    "EMPTY": "",
    "NOTHING": None,
    "FILE": "/srv/www/site.tar.gz",
    "STARS": "a*b*c",
    "ä": "umlaut",
    "QUOTED": "'q' \"r\" \\s $A",
}


@pytest.mark.parametrize(
    ("word", "value"),
    [
        pytest.param("plain", "plain", id="plain"),
        pytest.param("", "", id="empty"),
        pytest.param("$A", "apple", id="name"),
        pytest.param("${A}", "apple", id="braces"),
        pytest.param("x$A.y", "xapple.y", id="a-dot-ends-a-name"),
        pytest.param("x${A}y", "xappley", id="braces-end-a-name"),
        pytest.param("$Ax", "", id="longest-name"),
        pytest.param("$ä", "umlaut", id="letters-of-any-script"),
        pytest.param("$1A", "A", id="digits-are-a-name-of-their-own"),
        pytest.param("$$ $@ $? $- $0", "    ", id="special-parameters-are-unset"),
        pytest.param("100% $ $. $", "100% $ $. $", id="a-dollar-without-name"),
        pytest.param("$(cmd)", "$(cmd)", id="command-substitution-is-text"),
        pytest.param("`cmd`", "`cmd`", id="backticks-are-text"),
        pytest.param("a  b", "a  b", id="blanks-stay"),
        pytest.param("$B", "b c", id="values-are-not-split"),
        pytest.param("$QUOTED", "'q' \"r\" \\s $A", id="values-are-not-expanded-again"),
        pytest.param("<<EOF", "<<EOF", id="heredoc-operator-is-text"),
        pytest.param("~/x", "~/x", id="tilde-is-text"),
    ],
)
def test_plain_use(word: str, value: str) -> None:
    assert expand(word, ENVIRONMENT).value == value


@pytest.mark.parametrize(
    ("word", "value"),
    [
        pytest.param("'$A'", "$A", id="single-quotes-take-all"),
        pytest.param("'a\\'", "a\\", id="no-escape-in-single-quotes"),
        pytest.param('"$A ${A}"', "apple apple", id="double-quotes-expand"),
        pytest.param("\"'$A'\"", "'apple'", id="single-in-double"),
        pytest.param("'\"$A\"'", '"$A"', id="double-in-single"),
        pytest.param("a'b'\"c\"d", "abcd", id="quotes-in-a-word"),
        pytest.param("''", "", id="empty-quotes"),
        pytest.param("\\$A", "$A", id="escaped-dollar"),
        pytest.param("\\\\$A", "\\apple", id="escaped-escape"),
        pytest.param("\\a\\ b", "a b", id="an-escape-goes-whatever-it-escapes"),
        pytest.param("a\\", "a", id="an-escape-at-the-end-goes"),
        pytest.param('"\\$A \\" \\\\"', '$A " \\', id="escapes-in-double-quotes"),
        pytest.param('"\\a\\n"', "\\a\\n", id="other-escapes-stay-in-double-quotes"),
        pytest.param("${NOTHING:-'a b'}", "a b", id="quotes-in-a-default"),
        pytest.param('"${NOTHING:-"a b"}"', "a b", id="quotes-in-a-default-in-quotes"),
    ],
)
def test_quotes_and_escapes(word: str, value: str) -> None:
    assert expand(word, ENVIRONMENT).value == value


@pytest.mark.parametrize(
    ("word", "value"),
    [
        pytest.param("`$A", "$A", id="backtick-escapes"),
        pytest.param("C:\\x\\$A", "C:\\x\\apple", id="backslash-is-text"),
        pytest.param('"`$A`x"', "$A`x", id="in-double-quotes"),
    ],
)
def test_the_other_escape_character(word: str, value: str) -> None:
    assert expand(word, ENVIRONMENT, escape="`").value == value


@pytest.mark.parametrize(
    ("word", "value"),
    [
        pytest.param('it\'s "$A"', 'it\'s "apple"', id="quotes-are-text"),
        pytest.param("\\$A \\n", "$A n", id="escapes-are-not"),
        pytest.param("a\n$A\n", "a\napple\n", id="several-lines"),
        pytest.param("${NOTHING:-'x'}", "'x'", id="quotes-in-a-default-stay"),
    ],
)
def test_bodies_of_heredocs_know_no_quotes(word: str, value: str) -> None:
    assert expand(word, ENVIRONMENT, quotes=False).value == value


@pytest.mark.parametrize(
    ("word", "value"),
    [
        pytest.param("${A:-x}", "apple", id="default-of-a-set-name"),
        pytest.param("${EMPTY:-x}", "x", id="colon-default-of-an-empty-name"),
        pytest.param("${EMPTY-x}", "", id="default-of-an-empty-name"),
        pytest.param("${NOTHING:-x}", "x", id="colon-default-of-a-name-without-value"),
        pytest.param("${NONE-x}", "x", id="default-of-an-unknown-name"),
        pytest.param("${NONE:-}", "", id="empty-default"),
        pytest.param("${A:+x}", "x", id="colon-alternative-of-a-set-name"),
        pytest.param("${EMPTY:+x}", "", id="colon-alternative-of-an-empty-name"),
        pytest.param("${EMPTY+x}", "x", id="alternative-of-an-empty-name"),
        pytest.param("${NONE+x}", "", id="alternative-of-an-unknown-name"),
        pytest.param("${A:?x}", "apple", id="required-and-set"),
        pytest.param("${EMPTY?x}", "", id="required-and-empty"),
        pytest.param("${NONE:-$A}", "apple", id="a-variable-as-default"),
        pytest.param("${NONE:-${EMPTY:-${A}s}}", "apples", id="nested"),
        pytest.param("${NONE:-\\}}", "}", id="escaped-brace"),
        pytest.param("${NONE:-a:-b}", "a:-b", id="an-operator-in-a-default"),
        pytest.param("${A}${NONE:-}}", "apple}", id="a-brace-too-many"),
        pytest.param("${1:-x}${@:-y}", "xy", id="defaults-of-parameters"),
    ],
)
def test_defaults(word: str, value: str) -> None:
    assert expand(word, ENVIRONMENT).value == value


@pytest.mark.parametrize(
    ("word", "value"),
    [
        pytest.param("${FILE#/srv}", "/www/site.tar.gz", id="prefix"),
        pytest.param("${FILE#*/}", "srv/www/site.tar.gz", id="shortest-prefix"),
        pytest.param("${FILE##*/}", "site.tar.gz", id="longest-prefix"),
        pytest.param("${FILE%.gz}", "/srv/www/site.tar", id="suffix"),
        pytest.param("${FILE%.*}", "/srv/www/site.tar", id="shortest-suffix"),
        pytest.param("${FILE%%.*}", "/srv/www/site", id="longest-suffix"),
        pytest.param("${FILE#x}", "/srv/www/site.tar.gz", id="no-match"),
        pytest.param("${FILE%/*/*}", "/srv", id="several-stars-in-a-suffix"),
        pytest.param("${A#?p}", "ple", id="question-mark"),
        pytest.param("${A##?*}", "", id="question-mark-and-star"),
        pytest.param("${A#}", "apple", id="empty-pattern"),
        pytest.param("${A##*}", "", id="star-alone"),
        pytest.param("${A#*}", "apple", id="shortest-star-is-nothing"),
        pytest.param("${STARS%%\\**}", "a", id="escaped-star"),
        pytest.param("${STARS#${A%pple}}", "*b*c", id="a-variable-in-a-pattern"),
        pytest.param("${NONE#x}", "", id="of-an-unknown-name"),
        pytest.param("${A/p/P}", "aPple", id="replace-once"),
        pytest.param("${A//p/P}", "aPPle", id="replace-all"),
        pytest.param("${A//p/}", "ale", id="remove"),
        pytest.param("${A/p*/X}", "aX", id="replace-the-longest"),
        pytest.param("${A/*p/X}", "Xle", id="replace-the-longest-from-the-left"),
        pytest.param("${A//?/x}", "xxxxx", id="replace-every-character"),
        pytest.param("${FILE//\\//-}", "-srv-www-site.tar.gz", id="escaped-slash"),
        pytest.param("${A/x/y}", "apple", id="replace-nothing"),
        pytest.param("${A//$EMPTY/-}", "-a-p-p-l-e-", id="empty-pattern-is-everywhere"),
        pytest.param("${A//*/x}", "x", id="no-empty-match-behind-another"),
        pytest.param("${A/p/$B}", "ab cple", id="a-variable-in-the-replacement"),
        pytest.param("${A/[a]/x}", "apple", id="brackets-are-text"),
        pytest.param("${A/a.p/x}", "apple", id="dots-are-text"),
    ],
)
def test_patterns(word: str, value: str) -> None:
    assert expand(word, ENVIRONMENT).value == value


@pytest.mark.parametrize(
    ("word", "message"),
    [
        pytest.param("${", "bad substitution", id="nothing-behind-the-brace"),
        pytest.param("${}", "bad substitution", id="empty-braces"),
        pytest.param("${{A}}", "bad substitution", id="two-braces"),
        pytest.param("${:-x}", "bad substitution", id="operator-without-name"),
        pytest.param("${A", "missing '}'", id="brace-not-closed"),
        pytest.param("${A:-x", "missing '}'", id="default-not-closed"),
        pytest.param("${A/x", "missing '/'", id="replacement-missing"),
        pytest.param("${A/x/y", "missing '}'", id="replacement-not-closed"),
        pytest.param("${A=x}", r"unsupported modifier \(=\)", id="assignment"),
        pytest.param("${A:=x}", r"unsupported modifier \(:=\)", id="colon-assignment"),
        pytest.param("${A:1:2}", r"unsupported modifier \(:1\)", id="substring"),
        pytest.param("${A^^}", r"unsupported modifier \(\^\)", id="upper-case"),
        pytest.param("${A:#x}", r"unsupported modifier \(:#\)", id="colon-prefix"),
        pytest.param("${A.x}", r"unsupported modifier \(\.\)", id="dot"),
        pytest.param("${A#\\x}", "invalid pattern", id="useless-escape-in-a-pattern"),
        pytest.param("'a", "matching single-quote", id="single-quote-open"),
        pytest.param('"a', "matching double-quote", id="double-quote-open"),
        pytest.param('"a\\"', "matching double-quote", id="double-quote-escaped"),
        pytest.param("${NONE?}", "NONE: is not allowed to be unset", id="required-unset"),
        pytest.param("${EMPTY:?}", "EMPTY: is not allowed to be empty", id="required-empty"),
        pytest.param("${NOTHING:?give me $A}", "NOTHING: give me apple", id="required-with-message"),
        pytest.param("${NONE:-" * 200 + "}" * 200, "nested more than", id="nested-without-end"),
    ],
)
def test_what_is_refused(word: str, message: str) -> None:
    with pytest.raises(ExpansionError, match=message):
        expand(word, ENVIRONMENT)


@pytest.mark.parametrize(
    ("word", "unset"),
    [
        pytest.param("$A", (), id="set"),
        pytest.param("$EMPTY", (), id="empty-is-set"),
        pytest.param("$NOTHING", ("NOTHING",), id="without-value"),
        pytest.param("$Y ${X} $Y", ("Y", "X"), id="in-order-of-first-use"),
        pytest.param("${X:-d} ${Y-d} ${Z:+d}", (), id="provided-for"),
        pytest.param("${X:-$Y}", ("Y",), id="in-a-default"),
        pytest.param("${X#p} ${Y/p/r}", ("X", "Y"), id="in-patterns"),
        pytest.param("'$X' \\$Y", (), id="quoted"),
    ],
)
def test_unset_names_are_told(word: str, unset: tuple[str, ...]) -> None:
    assert expand(word, ENVIRONMENT).unset == unset


def test_an_expansion_is_a_value() -> None:
    assert expand("$X-$A", {"A": "1"}) == Expansion("-1", ("X",))


@pytest.mark.parametrize(
    ("word", "words"),
    [
        pytest.param("$A", ("apple",), id="one"),
        pytest.param("$B", ("b", "c"), id="a-value-is-split"),
        pytest.param("x${B}y", ("xb", "cy"), id="in-the-middle-of-a-word"),
        pytest.param('"$B"', ("b c",), id="not-in-quotes"),
        pytest.param("a\\ b", ("a b",), id="not-at-an-escaped-blank"),
        pytest.param(" a  b ", ("a", "b"), id="at-blanks-of-the-text"),
        pytest.param("'a b' c", ("a b", "c"), id="quoted-text"),
        pytest.param("$NONE", (), id="nothing"),
        pytest.param("''", (), id="an-empty-word-is-none"),
        pytest.param("${NONE:-80 443}", ("80", "443"), id="a-default-is-split"),
        pytest.param("80${NONE:-80}", ("8080",), id="a-default-in-a-word"),
    ],
)
def test_words_are_split_behind_expansion(word: str, words: tuple[str, ...]) -> None:
    assert expand_words(word, ENVIRONMENT) == words


def test_raw_words_keep_quotes_escapes_and_places() -> None:
    text = "a 'b c'  \\'d \"e$F\" << EOF"
    words = split_words(text)
    assert [word.text for word in words] == ["a", "'b c'", "\\'d", '"e$F"', "<< EOF"]
    assert [text[word.start] for word in words] == ["a", "'", "\\", '"', "<"]


@pytest.mark.parametrize(
    ("trim", "pattern", "longest", "text", "rest"),
    [
        pytest.param(trim_prefix, "a*b", True, "aXbXb-", "-", id="longest-prefix"),
        pytest.param(trim_prefix, "a*b", False, "aXbXb-", "Xb-", id="shortest-prefix"),
        pytest.param(trim_suffix, "b*a", True, "-bXbXa", "-", id="longest-suffix"),
        pytest.param(trim_suffix, "b*a", False, "-bXbXa", "-bX", id="shortest-suffix"),
        pytest.param(trim_prefix, "*a*b*", True, "xaxbx", "", id="stars-around"),
        pytest.param(trim_prefix, "*a*b*", False, "xaxbx", "x", id="shortest-of-stars-around"),
    ],
)
def test_trimming(trim, pattern: str, longest: bool, text: str, rest: str) -> None:  # type: ignore[no-untyped-def]
    assert trim(parse_pattern(pattern), text, longest=longest) == rest


@pytest.mark.parametrize(
    "pattern",
    [pytest.param("*a" * 20 + "b", id="stars"), pytest.param("?" * 20 + "*b", id="question-marks")],
)
def test_patterns_take_linear_time(pattern: str) -> None:
    text = "a" * 100_000
    started = time.process_time()
    assert trim_prefix(parse_pattern(pattern), text, longest=True) == text
    assert replace(parse_pattern(pattern), text, "x", everywhere=True) == text
    assert time.process_time() - started < 2


def test_a_value_that_grows_without_end_is_refused() -> None:
    value = "x"
    with pytest.raises(ExpansionError, match="longer than"):  # noqa: PT012 - the last of many steps raises
        for _ in range(40):
            value = expand("$A$A", {"A": value}).value


def test_an_expensive_pattern_is_refused() -> None:
    with pytest.raises(ExpansionError, match="a pattern of"):
        expand("${A#$P}", {"A": "a" * 100_000, "P": "?" * 1_000})
