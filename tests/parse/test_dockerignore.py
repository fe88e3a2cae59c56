"""Ignore patterns: the semantics of moby/patternmatcher, in linear time."""

from __future__ import annotations

import re
import time

import pytest

from dock2nix.parse.dockerignore import (
    clean_path,
    exclude_patterns,
    is_ignored,
    malformed_patterns,
    read_patterns,
)
from dock2nix.parse.wildcards import PatternError, compile_wildcard, has_wildcard


@pytest.mark.parametrize(
    ("text", "ignored", "kept"),
    [
        pytest.param("secret", ["secret"], ["secrets", "sub/secret"], id="plain-name-is-at-the-top-only"),
        pytest.param("docs", ["docs", "docs/a/b.md"], ["docs2/a"], id="folder-holds-for-all-below"),
        pytest.param("/docs/", ["docs/a"], ["x/docs/a"], id="slashes-around-are-cleaned"),
        pytest.param("./docs/../src", ["src/a"], ["docs/a"], id="dots-are-cleaned"),
        pytest.param("  docs \t", ["docs"], [], id="blanks-around-are-trimmed"),
        pytest.param("docs\r\nsrc\r\n", ["docs", "src"], [], id="windows-line-ends"),
        pytest.param("\ufeffdocs", ["docs"], [], id="byte-order-mark"),
        pytest.param("# docs\n\n#src", [], ["docs", "# docs", "src"], id="comments-and-blank-lines"),
        pytest.param(" # odd", ["# odd"], ["odd"], id="indented-hash-is-a-pattern"),
        pytest.param("*.md", ["a.md", ".md", "x.md/y"], ["sub/a.md", "a.mdx"], id="star-stays-in-one-folder"),
        pytest.param("*/temp*", ["a/temp", "b/temp.txt"], ["temp", "a/b/temp"], id="one-level-down"),
        pytest.param("temp?", ["tempa", "tempb"], ["temp", "tempab", "temp/"], id="question-mark-is-one"),
        pytest.param("**/*.md", ["a.md", "x/y/a.md", "x.md/y"], ["a.mdx"], id="double-star-any-depth"),
        pytest.param(
            "**/node_modules", ["node_modules/x", "a/node_modules/x"], ["xnode_modules"], id="any-folder"
        ),
        pytest.param("a/**/z", ["a/z", "a/b/c/z", "a/b/z/y"], ["z", "az"], id="double-star-may-be-nothing"),
        pytest.param("dir/**", ["dir/a", "dir/a/b"], ["dir", "dirx"], id="all-below-but-not-itself"),
        pytest.param("dir**", ["dir", "dirx", "dirx/y"], ["xdir"], id="double-star-at-the-end-is-a-prefix"),
        pytest.param("**rc", ["rc", ".bashrc", "a/.bashrc"], ["rcx"], id="leading-double-star-is-a-suffix"),
        pytest.param("**", ["a", "a/b"], [], id="everything"),
        pytest.param("[a-c]x", ["ax", "cx"], ["dx", "[a-c]x"], id="range"),
        pytest.param("[^a-c]x", ["dx"], ["ax"], id="negated-range"),
        pytest.param("[!a]x", ["!x", "ax"], ["bx"], id="exclamation-mark-negates-nothing-in-brackets"),
        pytest.param(r"a\*b", ["a*b"], ["axb"], id="escaped-star"),
        pytest.param(r"[\]\-]x", ["]x", "-x"], ["ax"], id="escapes-in-brackets"),
        pytest.param("a.b+c(d){e}|$^", ["a.b+c(d){e}|$^"], ["aXb+c(d){e}|$^"], id="nothing-else-is-special"),
        pytest.param("b?r", ["bär", "bér"], ["br"], id="characters-not-bytes"),
    ],
)
def test_pattern_ignores(text: str, ignored: list[str], kept: list[str]) -> None:
    patterns = read_patterns(text)
    assert [path for path in ignored + kept if is_ignored(patterns, path)] == ignored


@pytest.mark.parametrize(
    ("text", "ignored", "kept"),
    [
        pytest.param("*.md\n!README.md", ["a.md"], ["README.md"], id="exception-behind"),
        pytest.param("!README.md\n*.md", ["README.md"], [], id="exception-before-is-overruled"),
        pytest.param("*.md\n!README*.md\nREADME-x.md", ["README-x.md"], ["README.md"], id="last-match-wins"),
        pytest.param(
            "docs\n!docs/api/x", ["docs/a", "docs/api/y"], ["docs/api/x"], id="exception-below-a-folder"
        ),
        pytest.param("*\n!src", ["a", "b/c"], ["src", "src/a/b"], id="all-but-a-folder"),
        pytest.param("! /docs/x\n", [], ["docs/x"], id="exception-alone"),
        pytest.param("docs\n! /docs/x", ["docs/y"], ["docs/x"], id="blank-and-slash-behind-the-mark"),
        pytest.param("a/f\n!a", ["a/f"], ["a"], id="exception-is-not-tried-on-a-folder-that-is-not-ignored"),
        pytest.param(
            "a\n!a/x\na", ["a/y"], ["a/x"], id="pattern-is-not-tried-on-a-folder-that-is-ignored-already"
        ),
    ],
)
def test_exceptions_follow_the_walk_of_buildkit(text: str, ignored: list[str], kept: list[str]) -> None:
    patterns = read_patterns(text)
    assert [path for path in ignored + kept if is_ignored(patterns, path)] == ignored


def test_patterns_know_their_lines_and_their_cleaned_text() -> None:
    found = read_patterns("# comment\n\n/a//b/\n!./c\n")
    assert [(p.line, p.pattern, p.negated, p.literal) for p in found] == [
        (3, "a/b", False, "a/b"),
        (4, "c", True, "c"),
    ]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        pytest.param("a\n[\nb", [2], id="unfinished-bracket"),
        pytest.param("a\n!\n", [2], id="lone-exclamation-mark"),
        pytest.param("! \n!/", [1, 2], id="exception-of-nothing"),
        pytest.param("a\\", [1], id="lone-backslash"),
        pytest.param("[z-a]", [1], id="reversed-range"),
        pytest.param("a" * 70_000, [1], id="line-too-long-for-buildkit"),
        pytest.param("a\n*.md\n", [], id="nothing-wrong"),
    ],
)
def test_malformed_patterns_are_named_and_left_out(text: str, lines: list[int]) -> None:
    assert [line for line, _ in malformed_patterns(text)] == lines
    assert not {pattern.line for pattern in read_patterns(text)} & set(lines)


def test_exclude_flags_are_patterns_without_the_rules_of_a_file() -> None:
    found = exclude_patterns(("*.md", " !a.md ", "", "#x"))
    assert [(p.pattern, p.negated) for p in found] == [("*.md", False), ("a.md", True), ("#x", False)]
    with pytest.raises(PatternError):
        exclude_patterns(("[",))


@pytest.mark.parametrize(
    ("path", "cleaned"),
    [
        pytest.param("", ".", id="empty"),
        pytest.param("//a//b/", "/a/b", id="doubled-slashes"),
        pytest.param("a/./b/../c", "a/c", id="dots"),
        pytest.param("/../a", "/a", id="above-the-root"),
        pytest.param("../a", "../a", id="above-the-start"),
    ],
)
def test_clean_path_is_gos(path: str, cleaned: str) -> None:
    assert clean_path(path) == cleaned


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        pytest.param("*a" * 2000 + "b", "a" * 4000, id="many-stars"),
        pytest.param("**/*a" * 800 + "b", "a/" * 2000, id="many-double-stars"),
        pytest.param("[^/]*" * 1000 + "!", "x" * 4000, id="many-brackets"),
        pytest.param("?*" * 1500 + "!", "x" * 4000, id="many-question-marks"),
    ],
)
def test_hostile_patterns_take_no_time(pattern: str, path: str) -> None:
    started = time.perf_counter()
    assert not compile_wildcard(pattern).matches(path)
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize(
    "pattern",
    [
        *("*.md", "**/node_modules", "dir/**", "a/**/z", "**rc", "x?", "[a-c]*", "[^a-c]x", "a.b+c(d)|e"),
        *("[]^-]", "[a-]", "[^]a]", "[[]x", "[+--]", "**", "a**", "**/*/x", r"\*\?", "[a-c]/[!x]"),
    ],
)
def test_regex_says_the_same_as_the_automaton(pattern: str) -> None:
    wildcard = compile_wildcard(pattern)
    names = [
        "a",
        "b",
        "x",
        "-",
        "]",
        "^",
        "[",
        "+",
        ",",
        ".md",
        "x.md",
        "node_modules",
        "dir",
        "z",
        ".bashrc",
        "ax",
    ]
    names += ["*?", "!x", "a-b", "[x", "a.b+c(d)|e"]
    paths = [*names, *(f"{one}/{two}" for one in names for two in names), "a/b/c/z", "dir/a/b"]
    assert [p for p in paths if wildcard.matches(p)] == [p for p in paths if re.fullmatch(wildcard.regex, p)]


def test_regex_of_characters_beyond_ascii_names_them_one_by_one() -> None:
    assert compile_wildcard("[äa-c]x").regex == "(a|b|c|ä)x"
    with pytest.raises(PatternError):
        compile_wildcard("[^ä]x")


def test_double_star_can_be_twice_a_star() -> None:
    once = compile_wildcard("**x", double_star=False)
    assert once.matches("abx")
    assert not once.matches("a/bx")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a*b", True, id="star"),
        pytest.param(r"a\*b", False, id="escaped-star"),
        pytest.param(r"a\\*b", True, id="escaped-backslash-before-a-star"),
        pytest.param("a]b", False, id="closing-bracket-alone"),
        pytest.param("a[b", True, id="opening-bracket"),
    ],
)
def test_wildcards_are_seen(text: str, expected: bool) -> None:
    assert has_wildcard(text) is expected
