"""Command lines are taken apart as getopt, apt and npm do it."""

from __future__ import annotations

from typing import Any

import pytest

from dock2nix.managers.arguments import read_command_line, without_password
from fakes import words

VALUED = frozenset({"-t", "--target", "-o"})


def read(text: str, **options: Any) -> Any:
    line = read_command_line(words(text), VALUED, **options)
    return (
        line.verb,
        [(option.name, option.value) for option in line.options],
        [word.text for word in line.operands],
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("install a b", ("install", [], ["a", "b"]), id="verb-and-operands"),
        pytest.param("-y install a", ("install", [("-y", None)], ["a"]), id="option-before-the-verb"),
        pytest.param("install -t x a", ("install", [("-t", "x")], ["a"]), id="value-in-the-next-word"),
        pytest.param("install -tx a", ("install", [("-t", "x")], ["a"]), id="value-attached"),
        pytest.param("install -t=x a", ("install", [("-t", "x")], ["a"]), id="value-behind-equals"),
        pytest.param(
            "install -yqt x a", ("install", [("-y", None), ("-q", None), ("-t", "x")], ["a"]), id="cluster"
        ),
        pytest.param("install -qq=2 a", ("install", [("-q", None), ("-q", "2")], ["a"]), id="level"),
        pytest.param("install --target x a", ("install", [("--target", "x")], ["a"]), id="long-value"),
        pytest.param(
            "install --target=x a", ("install", [("--target", "x")], ["a"]), id="long-value-attached"
        ),
        pytest.param(
            "install --other x", ("install", [("--other", None)], ["x"]), id="switch-takes-no-value"
        ),
        pytest.param("install -- -t", ("install", [], ["-t"]), id="all-operands-behind-two-dashes"),
        pytest.param("install - a", ("install", [], ["-", "a"]), id="one-dash-is-an-operand"),
        pytest.param("install -t", ("install", [("-t", None)], []), id="value-missing"),
        pytest.param("$X install $Y", ("install", [], ["$X", "$Y"]), id="verb-behind-an-unknown-word"),
        pytest.param(
            "install --target=$X a", ("install", [("--target", None)], ["a"]), id="unknown-attached-value"
        ),
        pytest.param(
            'install "--target=$X" a', ("install", [("--target", None)], ["a"]), id="quoted-unknown-option"
        ),
        pytest.param("install -t $X a", ("install", [("-t", None)], ["a"]), id="unknown-value"),
        pytest.param("", ("", [], []), id="nothing"),
    ],
)
def test_words_are_sorted(text: str, expected: object) -> None:
    assert read(text) == expected


def test_switches_take_booleans_only_for_npm() -> None:
    assert read("i --unsafe-perm true a", booleans=True) == ("i", [("--unsafe-perm", "true")], ["a"])
    assert read("i --unsafe-perm true a") == ("i", [("--unsafe-perm", None)], ["true", "a"])


def test_letters_may_mean_another_thing_behind_the_verb() -> None:
    assert read("-o x in -o a", valued_behind=frozenset()) == ("in", [("-o", "x"), ("-o", None)], ["a"])


def test_a_program_without_verbs_has_only_operands() -> None:
    assert read("-t x a b", has_verb=False) == ("", [("-t", "x")], ["a", "b"])


def test_an_option_set_to_false_is_not_given() -> None:
    line = read_command_line(words("i --global=false -g"), frozenset())
    assert not line.has("--global")
    assert line.has("-g")


def test_the_last_value_counts() -> None:
    line = read_command_line(words("i --target a --target b"), VALUED)
    assert line.last("--target") == "b"
    assert line.last("-o") == ""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("https://user:secret@host/x", "https://host/x", id="user-and-password"),
        pytest.param("--index-url=https://token@host/x", "--index-url=https://host/x", id="inside-an-option"),
        pytest.param("https://host/@scope/x", "https://host/@scope/x", id="at-sign-in-the-path"),
    ],
)
def test_passwords_are_not_repeated(text: str, shown: str) -> None:
    assert without_password(text) == shown
