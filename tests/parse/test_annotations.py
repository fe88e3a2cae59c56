"""`# dock2nix:` comments, where they may stand and what they may say."""

from __future__ import annotations

import pytest

from dock2nix.model.annotation import IgnoreFindings, MapName, UseOf
from dock2nix.parse.annotations import read_annotations
from dock2nix.parse.dockerfile import parse_dockerfile


def read(text: str) -> tuple[list[object], list[tuple[int, str]]]:
    """Annotations in short, and (line, message) of findings."""
    parsed = parse_dockerfile(text.encode(), "Dockerfile").value
    outcome = read_annotations(text.encode(), parsed)
    assert {finding.code for finding in outcome.findings} <= {"D2N120"}
    return [_short(one) for one in outcome.value], [
        (finding.location.first_line, finding.message) for finding in outcome.findings
    ]


def _short(one: object) -> object:
    match one:
        case MapName():
            return (one.table, one.name, one.attributes)
        case UseOf():
            return ("keep" if one.keep else "build-only", one.table, one.name)
        case IgnoreFindings():
            return (one.codes, one.reason, one.first_line, one.last_line)
        case _:
            return one


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        pytest.param("map foo=pkgs.bar", [("", "foo", (("bar", ()),))], id="map"),
        pytest.param("map foo=bar", [("", "foo", (("bar", ()),))], id="map without pkgs"),
        pytest.param(
            "map foo=pkgs.a,pkgs.b.c^dev",
            [("", "foo", (("a", ()), ("b.c", ("dev",))))],
            id="several, an output",
        ),
        pytest.param(
            "map apt:foo=pkgs.a yum:g++=b",
            [("apt", "foo", (("a", ()),)), ("dnf", "g++", (("b", ()),))],
            id="of one manager",
        ),
        pytest.param("map command:dig=dnsutils", [("commands", "dig", (("dnsutils", ()),))], id="a command"),
        pytest.param(
            "map libc6:i386=glibc", [("", "libc6:i386", (("glibc", ()),))], id="a name with a colon"
        ),
        pytest.param("map @scope/x=hello", [("", "@scope/x", (("hello", ()),))], id="an npm scope"),
        pytest.param("map perl(A=B)=hello", [("", "perl(A=B)", (("hello", ()),))], id="a name with a sign"),
        pytest.param(
            "build-only foo bar", [("build-only", "", "foo"), ("build-only", "", "bar")], id="build-only"
        ),
        pytest.param("keep pip:foo", [("keep", "pip", "foo")], id="keep"),
        pytest.param("ignore=D2N202 any will do", [(("D2N202",), "any will do", 3, 3)], id="ignore"),
        pytest.param("ignore=D2N202,D2N301 x", [(("D2N202", "D2N301"), "x", 3, 3)], id="ignore several"),
        pytest.param("ignore=version-differs x", [(("D2N202",), "x", 3, 3)], id="ignore by its name"),
    ],
)
def test_what_it_says(comment: str, expected: list[object]) -> None:
    assert read(f"FROM x\n# dock2nix: {comment}\nRUN y\n") == (expected, [])


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        pytest.param("", "nothing is no annotation", id="nothing"),
        pytest.param("ignroe=D2N202 x", "ignroe=D2N202 is no annotation", id="misspelled"),
        pytest.param("map", "map needs NAME=pkgs.ATTRIBUTE", id="map nothing"),
        pytest.param("map foo", "foo: expected NAME=", id="map to nothing"),
        pytest.param("map foo=", "not an attribute path: ''", id="map to an empty path"),
        pytest.param("map foo=pkgs.${x}", "not an attribute path", id="map to code"),
        pytest.param("map foo=bar^$", "not an output", id="map to a strange output"),
        pytest.param("map apt:=bar", "a name is missing", id="map no name"),
        pytest.param("keep", "keep needs the name", id="keep nothing"),
        pytest.param("build-only", "build-only needs the name", id="build-only nothing"),
        pytest.param("ignore=D2N202", "a reason is missing", id="no reason"),
        pytest.param("ignore= x", "nothing is no finding code", id="no code"),
        pytest.param("ignore=D2N999 x", "D2N999 is no finding code", id="unknown code"),
        pytest.param("ignore D2N202 x", "ignore is no annotation", id="no sign"),
    ],
)
def test_what_cannot_be_understood_is_a_finding(comment: str, message: str) -> None:
    annotations, findings = read(f"FROM x\n# dock2nix: {comment}\nRUN y\n")
    assert annotations == []
    assert [line for line, _ in findings] == [2]
    assert message in findings[0][1]


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("# dock2nix: keep foo", id="usual"),
        pytest.param("#dock2nix:keep foo", id="close"),
        pytest.param("  \t# Dock2Nix : keep foo", id="indented"),
        pytest.param("# dock2nix: keep foo\r", id="line end of Windows"),
    ],
)
def test_spellings(line: str) -> None:
    assert read(f"FROM x\n{line}\nRUN y\n") == ([("keep", "", "foo")], [])


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        pytest.param("# dock2nix: ignore=D2N301 x\nFROM x\nRUN a\n", [(2, 2)], id="in front of all"),
        pytest.param(
            "FROM x\n# dock2nix: ignore=D2N301 x\n\n# more\nRUN a \\\n b\n", [(5, 6)], id="blank lines"
        ),
        pytest.param(
            "FROM x\nRUN a \\\n# dock2nix: ignore=D2N301 x\n b\nRUN c\n", [(2, 4)], id="in a continuation"
        ),
        pytest.param(
            "FROM x\n# dock2nix: ignore=D2N301 x\nRUN <<E\na\nE\nRUN b\n", [(3, 5)], id="a here-document"
        ),
        pytest.param("FROM x\nRUN <<E\n# dock2nix: ignore=D2N301 x\nE\nRUN b\n", [], id="in a here-document"),
        pytest.param(
            "FROM x\nCOPY <<A <<B /x/\n# dock2nix: ignore=D2N301 x\nA\n# dock2nix: y\nB\n",
            [],
            id="in the second",
        ),
        pytest.param('FROM x\nRUN echo "# dock2nix: ignore=D2N301 x"\n', [], id="in a string"),
        pytest.param("FROM x\nRUN a # dock2nix: ignore=D2N301 x\n", [], id="behind a command"),
    ],
)
def test_where_it_stands(text: str, lines: list[tuple[int, int]]) -> None:
    parsed = parse_dockerfile(text.encode(), "Dockerfile").value
    outcome = read_annotations(text.encode(), parsed)
    assert outcome.findings == ()
    assert [
        (one.first_line, one.last_line) for one in outcome.value if isinstance(one, IgnoreFindings)
    ] == lines


def test_nothing_follows_the_last_instruction() -> None:
    assert "no instruction follows" in read("FROM x\n# dock2nix: ignore=D2N301 x\n")[1][0][1]
