"""The part of the context that a COPY takes, as Nix text, and what real Nix makes of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from dock2nix.emit.fileset import fileset_expression
from dock2nix.model.fileset import ExcludePath, ExcludePattern, IgnoreRule, IgnoreRules, IncludePath
from dock2nix.model.image import ContextSource
from dock2nix.parse.context import BuildContext
from dock2nix.parse.exclusions import fileset_exclusions
from nix_lab import PACKAGE_SET

if TYPE_CHECKING:
    from pathlib import Path

    from dock2nix.model.fileset import FilesetExclusion
    from nix_lab import Nix

GENERATED = ("nix", "flake.nix", "flake.lock")


def source(path: str) -> ContextSource:
    """A folder when it ends with a slash or is empty."""
    return ContextSource(path=path.rstrip("/"), destination="/x", directory=path.endswith("/") or not path)


def expression(*paths: str, exclusions: tuple[FilesetExclusion, ...] = (), root: str = "../.") -> str:
    return fileset_expression(tuple(source(path) for path in paths), exclusions, GENERATED, root)


def test_one_folder_is_a_path() -> None:
    assert expression("src/") == "lib.fileset.toSource {\n  root = ../.;\n  fileset = ../src;\n}"


def test_several_sources_are_a_sorted_union() -> None:
    assert expression("b.txt", "src/", "a.txt", "src/main.c") == (
        "lib.fileset.toSource {\n"
        "  root = ../.;\n"
        "  fileset = lib.fileset.unions [\n"
        "    ../src\n"
        "    ../a.txt\n"
        "    ../b.txt\n"
        "  ];\n"
        "}"
    )


def test_the_whole_context_is_less_what_is_generated_and_ignored() -> None:
    ignored = ExcludePath(path=".git", origin=".dockerignore:1: .git")
    assert expression("", exclusions=(ignored,)) == (
        "lib.fileset.toSource {\n"
        "  root = ../.;\n"
        "  fileset = lib.fileset.difference ../. (\n"
        "    lib.fileset.unions [\n"
        "      ../flake.lock\n"
        "      ../flake.nix\n"
        "      ./.\n"
        "      (lib.fileset.maybeMissing ../.git) # .dockerignore:1: .git\n"
        "    ]\n"
        "  );\n"
        "}"
    )


def test_patterns_are_regular_expressions_with_their_origin() -> None:
    text = expression(
        "web/", exclusions=(ExcludePattern(regex=r"web/[^/]*\.md", origin=".dockerignore:2: web/*.md"),)
    )
    assert text.startswith(
        "lib.fileset.toSource {\n  root = ../.;\n  fileset =\n    let\n      # the files that"
    )
    assert text.endswith(
        "    in\n"
        "    lib.fileset.intersection ../web (\n"
        "      unmatched [\n"
        '        "web/[^/]*\\\\.md" # .dockerignore:2: web/*.md\n'
        "      ]\n"
        "    );\n"
        "}"
    )


def test_all_but_some_paths_is_the_union_of_these() -> None:
    exclusions = (
        ExcludePath(path="", origin=".dockerignore:1: *"),
        IncludePath(path="src", origin=".dockerignore:2: !src"),
    )
    assert expression("", exclusions=exclusions).splitlines()[4:8] == [
        "      copied = lib.fileset.unions [",
        "        # .dockerignore:1: *",
        "        (lib.fileset.maybeMissing ../src) # .dockerignore:2: !src",
        "      ];",
    ]


@pytest.mark.parametrize(
    ("paths", "pattern", "kept"),
    [
        pytest.param(("src/",), "*.py[cod]", False, id="pattern for the top of the context"),
        pytest.param(("",), "*.py[cod]", True, id="the top itself"),
        pytest.param(("src/", ""), "*.py[cod]", True, id="the top among others"),
        pytest.param(("src/",), "**/*.py[cod]", True, id="pattern for all folders"),
        pytest.param(("src/",), "*/*.py[cod]", True, id="pattern for a folder of any name"),
        pytest.param(("src/",), "src[/]x*", True, id="a slash in brackets"),
        pytest.param(("src/",), "a[^b]*", True, id="brackets that a slash may be in"),
    ],
)
def test_patterns_that_nothing_copied_can_match_are_left_out(
    paths: tuple[str, ...], pattern: str, kept: bool, tmp_path: Path
) -> None:
    (tmp_path / ".dockerignore").write_text(f"{pattern}\n")
    (tmp_path / "src").mkdir()
    copied = tuple(source(path) for path in paths)
    exclusions = fileset_exclusions(BuildContext.read(tmp_path), copied)
    assert ("unmatched" in fileset_expression(copied, exclusions, ())) is kept


def test_exceptions_follow_what_they_except_from() -> None:
    exclusions = (
        ExcludePath(path="docs", origin="1"),
        IncludePath(path="docs/a", origin="2"),
        ExcludePath(path="docs/a/b", origin="3"),
    )
    text = expression("", exclusions=exclusions)
    assert "kept1 = lib.fileset.difference ../. (" in text
    assert "kept2 = lib.fileset.union kept1 (" in text
    assert "lib.fileset.difference kept2 (" in text
    assert text.index("../docs)") < text.index("../docs/a)") < text.index("../docs/a/b)")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("a.b/c-d_e+f", "../a.b/c-d_e+f", id="plain"),
        pytest.param(".github", "../.github", id="leading-dot"),
        pytest.param("1st", "../1st", id="leading-digit"),
        pytest.param("my file", '(../. + "/my file")', id="blank"),
        pytest.param("a/${x}", '(../. + "/a/\\${x}")', id="interpolation"),
        pytest.param('q"\\', '(../. + "/q\\"\\\\")', id="quotes"),
        pytest.param("é", '(../. + "/é")', id="beyond-ascii"),
        pytest.param("a/...", "../a/...", id="three-dots"),
        pytest.param("@scope/x", '(../. + "/@scope/x")', id="at-sign"),
    ],
)
def test_unusual_paths_are_strings(path: str, expected: str) -> None:
    assert expression(path).splitlines()[2] == f"  fileset = {expected};"


def test_the_root_can_be_elsewhere() -> None:
    text = expression("", "my file", exclusions=(ExcludePath(path="x", origin="1"),), root="../../app/.")
    assert "root = ../../app/.;" in text
    assert "(lib.fileset.maybeMissing ../../app/x) # 1" in text
    assert '(../../app/. + "/my file")' in text
    assert "../../app/nix" in text


@pytest.mark.parametrize(
    "origin",
    [
        pytest.param("x\n}; builtins.abort", id="line-end"),
        pytest.param("x\r}; builtins.abort", id="carriage-return"),
        pytest.param("x\u2028}; builtins.abort", id="line-separator"),
    ],
)
def test_a_remark_cannot_leave_its_line(origin: str) -> None:
    text = expression("", exclusions=(ExcludePath(path="a", origin=origin),))
    assert [line for line in text.splitlines() if "abort" in line] == [
        "      (lib.fileset.maybeMissing ../a) # x }; builtins.abort"
    ]


def test_a_pattern_of_an_exclamation_mark_is_no_exception() -> None:
    rules = IgnoreRules(
        rules=(
            IgnoreRule(regex="!a", negated=False, origin="1"),
            IgnoreRule(regex="b", negated=True, origin="2"),
        )
    )
    text = expression("", exclusions=(rules,))
    assert '"[!]a" # 1' in text
    assert '"!b" # 2' in text


FILES = [
    "README.md",
    ".git/HEAD",
    "a.pyc",
    "app.py",
    "docs/a.md",
    "docs/b.txt",
    "docs/api/c.md",
    "flake.lock",
    "flake.nix",
    "nix/x.nix",
    "src/a.pyc",
    "src/deep/n.md",
    "src/main.py",
    "src/node_modules/m/x.js",
    "node_modules/m/y.js",
    "x.md/inside.txt",
]


@pytest.mark.parametrize(
    ("ignore", "sources", "left_out"),
    [
        pytest.param("", [""], [], id="nothing-ignored"),
        pytest.param(".git\ndocs/api", [""], [".git/HEAD", "docs/api/c.md"], id="paths"),
        pytest.param("*.md", [""], ["README.md", "x.md/inside.txt"], id="top-level-star"),
        pytest.param(
            "**/*.md",
            [""],
            ["README.md", "docs/a.md", "docs/api/c.md", "src/deep/n.md", "x.md/inside.txt"],
            id="deep-star",
        ),
        pytest.param(
            "**/node_modules\n*.pyc",
            [""],
            ["a.pyc", "node_modules/m/y.js", "src/node_modules/m/x.js"],
            id="folders-by-name",
        ),
        pytest.param("docs\n!docs/api", [""], ["docs/a.md", "docs/b.txt"], id="plain-exception"),
        pytest.param("docs\n!docs/*.md", [""], ["docs/b.txt", "docs/api/c.md"], id="exception-with-wildcard"),
        pytest.param(
            "**/*.md\n!x.md",
            [""],
            ["README.md", "docs/a.md", "docs/api/c.md", "src/deep/n.md"],
            id="folder-excepted",
        ),
        pytest.param(
            "**/*.md\n!docs", ["docs/"], ["docs/a.md", "docs/api/c.md"], id="exception-without-effect"
        ),
        pytest.param("**/*.pyc\n!a.pyc", ["src/", "a.pyc"], ["src/a.pyc"], id="a-file-beside-a-folder"),
    ],
)
def test_nix_takes_the_same_files_as_the_build(
    tmp_path: Path, nix: Nix, ignore: str, sources: list[str], left_out: list[str]
) -> None:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / ".dockerignore").write_text(ignore, encoding="utf-8")
    copied = tuple(source(path) for path in sources)
    text = fileset_expression(copied, fileset_exclusions(BuildContext.read(tmp_path), copied), GENERATED)
    (tmp_path / "nix/x.nix").write_text(f"{{ lib }}:\n{text}\n", encoding="utf-8")
    store_path = json.loads(
        nix.evaluate(f"(import {tmp_path}/nix/x.nix {{ lib = import {PACKAGE_SET}/lib; }}).outPath")
    )
    folder = nix.home / "store" / store_path.lstrip("/")
    found = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    own = {"flake.lock", "flake.nix", "nix/x.nix", *left_out}
    inside = [name for name in [*FILES, ".dockerignore"] if any(name.startswith(path) for path in sources)]
    assert found == sorted(set(inside) - own)
