"""Which ignore patterns matter for a copied folder, and in which form."""

from __future__ import annotations

from pathlib import Path

import pytest

from dock2nix.model.fileset import ExcludePath, ExcludePattern, IgnoreRules, IncludePath
from dock2nix.model.image import ContextSource
from dock2nix.parse.context import BuildContext
from dock2nix.parse.dockerignore import exclude_patterns, read_patterns
from dock2nix.parse.exclusions import fileset_exclusions


def exclusions(text: str, *folders: str, exclude: tuple[str, ...] = ()) -> list[str]:
    """Each exclusion as a short text."""
    context = BuildContext(root=Path("/nowhere"), patterns=read_patterns(text), ignore_file=".dockerignore")
    sources = tuple(
        ContextSource(path=folder, destination="/x", directory=True) for folder in folders or ("",)
    )
    shown = []
    for found in fileset_exclusions(context, sources, exclude_patterns(exclude)):
        match found:
            case ExcludePath():
                shown.append(f"-{found.path or '.'}")
            case ExcludePattern():
                shown.append(f"-/{found.regex}/")
            case IncludePath():
                shown.append(f"+{found.path or '.'}")
            case IgnoreRules():
                shown.append(" ".join(f"{'!' * rule.negated}{rule.regex}" for rule in found.rules))
    return shown


@pytest.mark.parametrize(
    ("text", "folder", "expected"),
    [
        pytest.param(".git\n/docs/\n", "", ["-.git", "-docs"], id="plain-paths"),
        pytest.param("*.md", "", [r"-/[^/]*\.md/"], id="star-at-the-top-stays-at-the-top"),
        pytest.param("**/*.md", "", [r"-/(.*/)?[^/]*\.md/"], id="star-at-any-depth"),
        pytest.param("**/node_modules", "", ["-/(.*/)?node_modules/"], id="name-at-any-depth"),
        pytest.param("a\na\na/b", "", ["-a"], id="what-is-left-out-already-is-not-said-again"),
        pytest.param("*", "", ["-."], id="everything"),
        pytest.param(
            "web/*.js\nsrc/*.js\n", "web", [r"-/web/[^/]*\.js/"], id="patterns-for-other-folders-are-dropped"
        ),
        pytest.param("*.js\n*/x\n", "web", ["-/[^/]*/x/"], id="patterns-above-the-folder-are-dropped"),
        pytest.param(
            "web/a/b\nweb2/a\nweb\n", "web/a", ["-web/a/b", "-web/a"], id="a-folder-above-stands-for-all"
        ),
        pytest.param("web/**", "web", ["-web"], id="all-below-the-folder"),
        pytest.param("w*", "web", ["-web"], id="wildcard-that-matches-the-folder"),
        pytest.param("**/src", "web/src", ["-web/src"], id="wildcard-that-matches-the-folder-below"),
    ],
)
def test_without_exceptions_each_pattern_is_one_exclusion(
    text: str, folder: str, expected: list[str]
) -> None:
    assert exclusions(text, folder) == expected


@pytest.mark.parametrize(
    ("text", "folder", "expected"),
    [
        pytest.param("docs\n!docs/a.md", "", ["-docs", "+docs/a.md"], id="exception-below-a-path"),
        pytest.param("*\n!src\n!go.mod", "", ["-.", "+src", "+go.mod"], id="all-but"),
        pytest.param(
            "**\n!src/**\n**/*.pyc", "", ["-.", "+src", r"-/(.*/)?[^/]*\.pyc/"], id="all-but-then-less"
        ),
        pytest.param("*\n!src", "src", ["-src", "+src"], id="the-copied-folder-itself-is-excepted"),
        pytest.param("*\n!src/a", "src", ["-src", "+src/a"], id="exception-in-the-copied-folder"),
        pytest.param("*\n!web/x\n!src", "web", ["-web", "+web/x"], id="exceptions-elsewhere-are-dropped"),
        pytest.param("*.md\n!docs", "", [r"-/[^/]*\.md/"], id="exception-without-effect"),
        pytest.param("a/f\n!a", "", ["-a/f"], id="exception-not-tried-at-its-path"),
        pytest.param("a\n!a/x\na", "", ["-a", "+a/x"], id="pattern-not-tried-at-its-path"),
        pytest.param("!a\nb", "", ["-b"], id="exception-first"),
    ],
)
def test_plain_exceptions_are_sets_in_order(text: str, folder: str, expected: list[str]) -> None:
    assert exclusions(text, folder) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("docs\n!docs/*.md", [r"docs !docs/[^/]*\.md"], id="exception-with-wildcard"),
        pytest.param("a\n!a/b/c\n*/b", ["a !a/b/c [^/]*/b"], id="wildcard-above-an-exception"),
    ],
)
def test_what_sets_cannot_say_is_done_in_order(text: str, expected: list[str]) -> None:
    assert exclusions(text) == expected


def test_exceptions_with_wildcards_elsewhere_do_not_matter() -> None:
    assert exclusions("docs\n!docs/*.md\n**/*.log", "src") == [r"-/(.*/)?[^/]*\.log/"]


def test_several_folders_are_asked_for_together() -> None:
    assert exclusions("**/*.log\n!src/keep.log", "src", "web") == [r"-/(.*/)?[^/]*\.log/", "+src/keep.log"]
    assert exclusions("a\n", "a/b", "a/c") == ["-a/b", "-a/c"]


def test_exclude_flags_are_relative_to_the_folder() -> None:
    assert exclusions("", "a+b", exclude=("*.md", "x/y")) == [r"-/a\+b/[^/]*\.md/", "-a+b/x/y"]
    assert exclusions("", "web", exclude=("*",)) == ["-web"]
    assert exclusions("", "web", exclude=("docs", "!docs/a")) == ["web/docs !web/docs/a"]


def test_origins_say_where_a_pattern_stands() -> None:
    context = BuildContext(
        root=Path("/nowhere"), patterns=read_patterns("# x\n/a/\n"), ignore_file="D.dockerignore"
    )
    folder = ContextSource(path="", destination="/", directory=True)
    found = fileset_exclusions(context, folder, exclude_patterns(("*.md",)))
    assert [e.origin for e in found if not isinstance(e, IgnoreRules)] == [
        "D.dockerignore:2: a",
        "--exclude=*.md",
    ]


def test_a_file_has_nothing_to_leave_out() -> None:
    context = BuildContext(root=Path("/nowhere"), patterns=read_patterns("*"), ignore_file=".dockerignore")
    assert fileset_exclusions(context, ContextSource(path="a", destination="/a", directory=False)) == ()
