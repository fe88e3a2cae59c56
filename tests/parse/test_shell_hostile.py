"""Texts that no honest Dockerfile holds: always an answer, soon, and never a crash."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

import pytest

from dock2nix.model.shell import Opaque
from shell_probe import commands, items

if TYPE_CHECKING:
    from pathlib import Path

PIECES = [
    *(
        "'",
        '"',
        "`",
        "$(",
        "${",
        ")",
        "}",
        "((",
        "))",
        "$((",
        "<<E",
        "E",
        "\n",
        ";",
        "&&",
        "||",
        "|",
        "&",
        "if",
        "then",
        "fi",
    ),
    *(
        "do",
        "done",
        "case",
        "in",
        "esac",
        ";;",
        "{",
        "#",
        "\\",
        "$",
        "[[",
        "]]",
        "f()",
        "for",
        "while",
        "eval",
        "xargs",
        "\0",
    ),
    *(
        "~",
        "{a,b}",
        "*",
        "!",
        "é",
        "$x",
        "${x:-",
        "a",
        "x=",
        "(",
        "export",
        "cd",
        "exit",
        "break",
        "local",
        ".",
        "trap",
    ),
    *("sudo", "env", "2>", ">", "<", "<<<", "\t", "function", "time"),
]


@pytest.mark.parametrize("seed", range(12))
def test_random_pieces_of_shell_are_answered(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(20):
        text = " ".join(chance.choices(PIECES, k=chance.randint(1, 30)))
        for dialect in ("sh", "bash", "zsh"):
            assert items(text, {"x": "a b"}, dialect=dialect) == items(text, {"x": "a b"}, dialect=dialect)


@pytest.mark.parametrize("seed", range(6))
def test_random_characters_are_answered(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(20):
        text = "".join(
            chr(chance.choice([chance.randrange(128), chance.randrange(0xD800)])) for _ in range(60)
        )
        assert isinstance(items(text), tuple)


def test_nul_and_other_control_characters_are_part_of_words() -> None:
    (found,) = commands("a\0b \x01 \x7f\u2028")
    assert found.program == "a\0b"
    assert [word.value for word in found.invocations[0].arguments] == ["\x01", "\x7f\u2028"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("$(" * 5000, id="open-substitutions"),
        pytest.param("x $(" * 500 + ")" * 500, id="closed-substitutions"),
        pytest.param('"$(' * 2000, id="quoted-substitutions"),
        pytest.param("${a:-" * 5000, id="open-parameters"),
        pytest.param("(" * 5000 + "a" + ")" * 5000, id="subshells"),
        pytest.param("{ " * 3000 + "a" + "; }" * 3000, id="groups"),
        pytest.param("if a; then " * 1000 + "b" + "; fi" * 1000, id="ifs"),
        pytest.param("$((" * 5000, id="arithmetic"),
        pytest.param("(((a) ) " * 300, id="brackets-that-are-no-arithmetic"),
        pytest.param("echo $((" + "(" * 1000 + "1" + ")" * 1000 + "))", id="brackets-in-arithmetic"),
        pytest.param("case x in a) " * 1000, id="cases"),
        pytest.param("a | " * 5000 + "b", id="long-pipeline"),
        pytest.param("a && " * 3000 + "b", id="long-list"),
        pytest.param("f() { f; f; }; f", id="recursion"),
        pytest.param("f() { g; g; }; g() { f; f; }; f", id="mutual-recursion"),
        pytest.param("a=xxxxxxxxxx; " + "a=$a$a; " * 60 + "b $a", id="doubling-value"),
        pytest.param('x=\'eval "$x"\'; eval "$x"', id="eval-of-itself"),
        pytest.param("eval " * 400, id="eval-of-eval"),
        pytest.param("echo " + "{a,b}" * 20, id="doubling-braces"),
        pytest.param("echo " + "{a," * 2000, id="open-braces"),
        pytest.param("echo {1..999999}", id="long-range"),
        pytest.param("x=" + "a" * 4000 + "; echo ${x%%*a*a*a*a*b} ${x//a*a*a*b/c}", id="stars"),
        pytest.param("echo ${x%" + "[" * 5000 + "}", id="open-brackets-in-a-pattern"),
        pytest.param("cat <<A " * 500 + "\nx\nA\n", id="heredocs"),
        pytest.param("cat <<E\n" + "${a " * 3000 + "\nE\n", id="open-parameters-in-a-heredoc"),
        pytest.param("'" * 9999, id="odd-quotes"),
        pytest.param("\\\n" * 9999, id="continuations"),
        pytest.param("a=(" + "x " * 5000 + "); b", id="long-array"),
        pytest.param("! " * 3000 + "a", id="negations"),
        pytest.param("sudo " * 3000 + "a", id="wrappers"),
        pytest.param("[ " + "( " * 3000 + " ]; [[ " + "! " * 3000 + " ]]", id="brackets-in-tests"),
        pytest.param("v=1; a\n" * 1000, id="many-lines"),
        pytest.param("a " * 60_000, id="many-words"),
        pytest.param("a" * 1_100_000, id="a-megabyte"),
    ],
)
def test_deep_long_and_doubling_texts_end_soon(text: str) -> None:
    begun = time.process_time()
    assert isinstance(items(text, dialect="bash"), tuple)
    assert time.process_time() - begun < 10


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("a" * 1_000_001, "too long to read", id="a-megabyte"),
        pytest.param("a " * 110_000, "too long to read", id="too-many-words"),
        pytest.param("a | " * 5000 + "b", "too long to read", id="too-many-operators"),
        pytest.param("a\n" * 4_000, "", id="many-commands-are-fine"),
        pytest.param(
            "".join(f"f{i}() {{ f{i + 1}; f{i + 1}; }}; " for i in range(40)) + "f0",
            "asks for too many steps",
            id="steps",
        ),
    ],
)
def test_what_is_too_much_is_opaque(text: str, reason: str) -> None:
    found = items(text)
    if not reason:
        assert not any(isinstance(item, Opaque) for item in found)
        return
    (only,) = found
    assert isinstance(only, Opaque)
    assert only.reason == reason


def test_loops_that_would_run_too_often_are_followed_once() -> None:
    text = "for a in $(seq 1000); do for b in $(seq 1000); do x $a $b; done; done"
    found = [command for command in commands(text) if command.program == "x"]
    assert [(len(command.invocations), command.certainty.value) for command in found] == [(1, "conditional")]
    assert [word.value for word in found[0].invocations[0].arguments] == [None, None]


def test_nothing_is_run(tmp_path: Path) -> None:
    path = tmp_path / "made"
    items(
        f"touch {path}; $(touch {path}); `touch {path}`; eval 'touch {path}'; sh -c 'touch {path}'; > {path}"
    )
    assert not path.exists()
