"""Every value prints as Nix that means that value, whatever text it holds."""

from __future__ import annotations

import json
import random
import re
import subprocess
import unicodedata
from typing import TYPE_CHECKING

import pytest

from dock2nix.emit.expression import (
    Comment,
    Commented,
    Interpolated,
    NixExpression,
    PathLiteral,
    Script,
    Section,
    ShellCode,
    ShellLine,
    ShellOperator,
    Text,
    attribute_name,
    escape_indented,
    nix_comment,
    nix_path,
    nix_string,
    to_nix,
)
from dock2nix.model.packages import AttributePath

if TYPE_CHECKING:
    from nix_lab import Nix

HOSTILE = (
    '${builtins.abort "x"}',
    "$${x}",
    "$$${x}",
    "''",
    "'''",
    "''${x}",
    "'${x}",
    "''''${x}''",
    "''\\n",
    "\\${x}",
    "\\",
    '"',
    "a\nb",
    "a\r\nb\tc",
    "x # y",
    "*/",
    "@jdk17@",
    "\u2028\u202e",
    "é😀",
    " lead\n  deeper\n",
    "\n\n",
    "  only indented\n    lines\n",
    "first\n   \nlast\n",
    "ends with quote'\n",
    "'\n",
    "$\n{x}\n",
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("plain", '"plain"', id="text in quotes"),
        pytest.param("${x}", '"\\${x}"', id="interpolation is escaped"),
        pytest.param("$x", '"$x"', id="a lone dollar needs no escape"),
        pytest.param(True, "true", id="booleans"),
        pytest.param(30000000000, "30000000000", id="integers"),
        pytest.param(
            AttributePath("python313Packages.flask"),
            "pkgs.python313Packages.flask",
            id="attribute paths bare",
        ),
        pytest.param((), "[ ]", id="empty list"),
        pytest.param(("a",), '[ "a" ]', id="one item stays on the line"),
        pytest.param(("a", "b"), '[\n  "a"\n  "b"\n]', id="two items stand below each other"),
        pytest.param({}, "{ }", id="empty set"),
        pytest.param(
            {"80/tcp": {}, "a": 1},
            '{\n  "80/tcp" = { };\n  a = 1;\n}',
            id="names are sorted and quoted where needed",
        ),
        pytest.param({"a": {"b": {"c": 1}}}, "{\n  a.b.c = 1;\n}", id="single attributes are joined by dots"),
        pytest.param(
            (Commented("a", "why\n${x}"),), '[\n  "a" # why ${x}\n]', id="a comment stays on its line"
        ),
        pytest.param((NixExpression("f x"),), "[ (f x) ]", id="a call in a list gets parentheses"),
        pytest.param(
            (Section(("one",), (1,)), Section(("two",), (2,))),
            "[\n  # one\n  1\n\n  # two\n  2\n]",
            id="sections are set off",
        ),
        pytest.param(PathLiteral("a/b.txt"), "../a/b.txt", id="plain paths"),
        pytest.param(Text("a\nb\n"), "''\n  a\n  b\n''", id="several lines as an indented string"),
        pytest.param(Text("a\n"), '"a\\n"', id="one line stays a string"),
        pytest.param(
            Script((ShellLine(("cp", "-r", Interpolated((NixExpression("src"), "/.")), "it's"), "5: COPY"),)),
            "''\n  cp -r ${src}/. 'it'\"'\"'s' # 5: COPY\n''",
            id="shell words are quoted for the shell",
        ),
        pytest.param(
            Script((ShellLine(("cat", "a", ShellOperator(">>"), "b")),)),
            "''\n  cat a >> b\n''",
            id="shell operators are bare",
        ),
    ],
)
def test_prints(value: object, expected: str) -> None:
    assert to_nix(value) == expected


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(TypeError, match="no Nix form for object"):
        to_nix(object())


def test_nul_is_refused() -> None:
    with pytest.raises(ValueError, match="NUL"):
        nix_string("a\0b")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("Env", "Env", id="identifier"),
        pytest.param("with", '"with"', id="keyword"),
        pytest.param("org.label", '"org.label"', id="dots"),
        pytest.param("${x}", '"\\${x}"', id="interpolation"),
        pytest.param("", '""', id="empty"),
    ],
)
def test_attribute_names_are_quoted_where_needed(name: str, expected: str) -> None:
    assert attribute_name(name) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("", "../.", id="the root"),
        pytest.param("src/a-b_c.py", "../src/a-b_c.py", id="plain"),
        pytest.param("my file", '(../. + "/my file")', id="blank"),
        pytest.param("${x}", '(../. + "/\\${x}")', id="interpolation"),
        pytest.param(".env", '(../. + "/.env")', id="leading dot"),
    ],
)
def test_paths(path: str, expected: str) -> None:
    assert nix_path(path) == expected


@pytest.mark.parametrize("text", HOSTILE)
def test_a_comment_is_one_line_of_visible_characters(text: str) -> None:
    shown = nix_comment(text)
    assert not any(unicodedata.category(character) in {"Cc", "Cf", "Zl", "Zp"} for character in shown)
    assert "\n" not in to_nix(Comment(text))


def _random_texts(count: int) -> list[str]:
    generator = random.Random(7)
    alphabet = "'\"$${}\\\n a#@"
    return ["".join(generator.choices(alphabet, k=generator.randrange(1, 24))) for _ in range(count)]


def _as_file_text(text: str) -> str:
    return text if text.endswith("\n") else text + "\n"


@pytest.mark.nix
def test_nix_reads_back_every_text(nix: Nix) -> None:
    texts = [*HOSTILE, *_random_texts(400)]
    several_lines = [_as_file_text(text) for text in texts]
    scripts = [_script_of(text) for text in texts]
    expression = to_nix(
        {
            "strings": tuple(texts),
            "texts": tuple(Text(text) for text in several_lines),
            "names": dict.fromkeys(texts, 1),
            "scripts": tuple(scripts),
            "parts": tuple(Interpolated((text, NixExpression('"-"'), text)) for text in texts),
        }
    )
    value = json.loads(nix.evaluate(expression))
    assert value["strings"] == texts
    assert value["texts"] == several_lines
    assert sorted(value["names"]) == sorted(set(texts))
    assert value["parts"] == [f"{text}-{text}" for text in texts]
    for text, script in zip(texts, value["scripts"], strict=True):
        assert _words_of(script) == ["printf", "%s", text, "X" + text, text, "end"]


def _script_of(text: str) -> Script:
    joined = Interpolated((NixExpression('"X"'), text))
    return Script(
        (ShellLine(("printf", "%s", text, joined, ShellCode("{0}", (text,)), "end"), comment=text),)
    )


def _words_of(script: str) -> list[str]:
    """The words bash makes of the line, by bash itself: the text under test is our own output, run with a harmless printf."""
    body = script.replace("printf", "printf '%s\\0' printf", 1)
    done = subprocess.run(["bash", "-c", body], capture_output=True, check=True)
    return done.stdout.decode().split("\0")[:-1]


def test_indented_text_never_ends_its_string() -> None:
    for text in [*HOSTILE, *_random_texts(200)]:
        escaped = escape_indented(text)
        ours = re.sub(r'\$\{builtins\.fromJSON "[^"]*\\""\}', "", escaped.replace('\\"\\\\u', "\\\\u"))
        assert "${" not in ours.replace("''${", "")
