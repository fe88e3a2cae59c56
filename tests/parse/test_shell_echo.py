"""What echo prints, by shell: checked against dash, bash and busybox where the machine has them."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from dock2nix.parse.shell.echo import echoed

WORDS = (
    (),
    ("a", "b"),
    ("-n", "a"),
    ("a", "-n"),
    ("a\\nb",),
    ("a\\tb\\\\c",),
    ("a\\0101\\060",),
    ("q\\qz",),
    ("-e", "a\\nb"),
    ("-ne", "a\\tb"),
    ("-e", "-n", "a"),
    ("-eE", "a\\nb"),
    ("-E", "x"),
    ("-x", "y"),
    ("end\\",),
)
SHELLS = (("dash", ("dash",)), ("bash", ("bash",)), ("ash", ("busybox", "ash")))


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize(("dialect", "program"), SHELLS, ids=[name for name, _ in SHELLS])
def test_what_a_shell_prints_is_known_or_left_alone(
    words: tuple[str, ...], dialect: str, program: tuple[str, ...]
) -> None:
    if shutil.which(program[0]) is None:
        pytest.skip(f"no {program[0]} here")
    command = [*program, "-c", 'echo "$@"', "x", *words]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert echoed(words, dialect) in {printed, None}


@pytest.mark.parametrize(
    ("words", "dialect", "expected"),
    [
        pytest.param(("a\\nb",), "dash", "a\nb\n", id="dash-knows-escapes"),
        pytest.param(("a\\nb",), "bash", "a\\nb\n", id="bash-does-not"),
        pytest.param(("-e", "a\\nb"), "ash", "a\nb\n", id="unless-asked"),
        pytest.param(("-en", "a"), "bash", "a", id="options-together"),
    ],
)
def test_understood(words: tuple[str, ...], dialect: str, expected: str) -> None:
    assert echoed(words, dialect) == expected


@pytest.mark.parametrize(
    ("words", "dialect"),
    [
        pytest.param(("a\\nb",), "sh", id="any-shell"),
        pytest.param(("-e", "a"), "sh", id="option-of-any-shell"),
        pytest.param(("-e", "a"), "dash", id="dash-prints-it"),
        pytest.param(("-e", "\\x41"), "bash", id="hexadecimal"),
        pytest.param(("a\\cb",), "dash", id="ends-the-output"),
        pytest.param(("-e", "\\101"), "ash", id="octal-without-zero"),
    ],
)
def test_left_alone(words: tuple[str, ...], dialect: str) -> None:
    assert echoed(words, dialect) is None
