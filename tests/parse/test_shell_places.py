"""Where in the file commands and words stand, and how their text is shown."""

from __future__ import annotations

import pytest

from dock2nix.model.shell import Opaque, ShellCommand
from dock2nix.model.source import Location, SourceText
from dock2nix.parse.shell import parse_shell
from shell_probe import commands, items, the

FILE = """FROM debian
RUN apt-get update \\
 # a comment
 && apt-get install -y \\
      curl "jq" \\
   && sh -c 'a; b "c d"' \\
   && x $(y z)
"""


def _joined() -> SourceText:
    """The RUN of `FILE`, its lines joined as the Dockerfile's parser does."""
    text, anchors = "", []
    for number, line in enumerate(FILE.split("\n"), start=1):
        if number < 2 or line.startswith(" #") or not line:
            continue
        start = 4 if number == 2 else 0
        anchors.append((len(text), number, start + 1))
        text += line[start:].removesuffix("\\")
    return SourceText(path="Dockerfile", text=text, anchors=tuple(anchors))


def _at(location: Location) -> str:
    """The text of the file at a location."""
    lines = FILE.split("\n")[location.first_line - 1 : location.last_line]
    if len(lines) == 1:
        return lines[0][location.first_column - 1 : location.last_column]
    return "\n".join([lines[0][location.first_column - 1 :], *lines[1:-1], lines[-1][: location.last_column]])


def test_places_in_continued_lines() -> None:
    found = [item for item in parse_shell(_joined(), environment={}).value if isinstance(item, ShellCommand)]
    assert [_at(command.location) for command in found] == [
        "apt-get update",
        'apt-get install -y \\\n      curl "jq"',
        "a",
        'b "c d"',
        "x $(y z)",
        "y z",
    ]
    assert [command.text for command in found][1] == 'apt-get install -y curl "jq"'


def test_places_of_words() -> None:
    found = [item for item in parse_shell(_joined(), environment={}).value if isinstance(item, ShellCommand)]
    words = [word for command in found for word in command.invocations[0].arguments]
    assert [_at(word.location) for word in words] == [
        "update",
        "install",
        "-y",
        "curl",
        '"jq"',
        '"c d"',
        "$(y z)",
        "z",
    ]
    assert [word.text for word in words] == [_at(word.location) for word in words]


@pytest.mark.parametrize(
    ("text", "program", "place"),
    [
        pytest.param("sh -c 'a && b c'", "b", ((5, 15), (5, 17)), id="single-quoted"),
        pytest.param('sh -c "a && b c"', "b", ((5, 15), (5, 17)), id="double-quoted"),
        pytest.param("sh -c b", "b", ((5, 9), (5, 9)), id="bare"),
        pytest.param('sh -c "a && b $X"', "b", ((5, 15), (5, 17)), id="with-an-expansion"),
        pytest.param('sh -c "a && b \\"c\\""', "b", ((5, 15), (5, 21)), id="with-escapes"),
        pytest.param('sh -c "$X; b c"', "b", ((5, 14), (5, 16)), id="behind-an-expansion"),
        pytest.param("sh -c 'a ''&& b c'", "b", ((5, 17), (5, 19)), id="in-two-quotes"),
        pytest.param("eval a b", "a", ((5, 3), (5, 10)), id="eval-of-words-the-whole-command"),
        pytest.param("x `b c`", "b", ((5, 6), (5, 8)), id="backquotes"),
        pytest.param("x `b \\`c\\``", "b", ((5, 5), (5, 13)), id="backquotes-in-backquotes-the-whole-word"),
        pytest.param('x "y $(b)"', "b", ((5, 10), (5, 10)), id="in-a-quoted-word"),
        pytest.param("x <<E\n $(b)\nE", "b", ((6, 4), (6, 4)), id="in-a-heredoc"),
        pytest.param("a\n  b  \n", "b", ((6, 3), (6, 3)), id="second-line"),
        pytest.param("é ü && b", "b", ((5, 10), (5, 10)), id="columns-count-characters"),
        pytest.param("b x >y z 2>&1", "b", ((5, 3), (5, 15)), id="redirections-belong-to-the-command"),
        pytest.param("{ b x; } 2>/dev/null", "b", ((5, 5), (5, 7)), id="those-of-the-group-do-not"),
    ],
)
def test_places(text: str, program: str, place: tuple[tuple[int, int], tuple[int, int]]) -> None:
    found = the(text, program, {"X": "1"}).location
    assert ((found.first_line, found.first_column), (found.last_line, found.last_column)) == place


def test_text_is_on_one_line_and_not_too_long() -> None:
    (found,) = commands("a \\\n   b\t\tc " + "d " * 3000)
    assert found.text.startswith("a b c d d")
    assert len(found.text) == 2000


def test_commands_of_nested_scripts_come_where_the_script_stands() -> None:
    found = commands("a; sh -c 'b; c $(d)'; e $(f; g `h`); i")
    assert [command.program for command in found] == list("abcdefghi")


def test_opaque_text_has_its_place() -> None:
    (found,) = [item for item in items("a;\n if b; then c") if isinstance(item, Opaque)]
    assert (found.location.first_line, found.location.first_column, found.text) == (6, 2, "if b; then c")
