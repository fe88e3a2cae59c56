"""Random programs followed and, being our own and harmless, run by a real sh as well: what is known must be right."""

from __future__ import annotations

import random
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from shell_probe import the

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SH = shutil.which("sh")
BATCH = 12


class _Programs:
    """Writes programs of assignments, branches, loops, functions and `echo`."""

    def __init__(self, seed: int, tests: tuple[str, ...]) -> None:
        self.chance = random.Random(seed)
        self.tests = tests
        self.functions = 0

    def program(self) -> str:
        statements = [self.statement(3, "") for _ in range(self.chance.randint(2, 6))]
        return "; ".join(["a=x", 'b="y z"', "c=", *statements])

    def _of(self, *choices: str) -> str:
        return self.chance.choice(choices)

    def word(self) -> str:
        return self._of("x", "y z", "22", "$a", '"$c"', '"$a$b"', "${a:-d}", "${b%z}", "$(echo s$b)", "'q q'", "$1", '"$@"', "$#", "$((1+${#a}))")  # fmt: skip

    def test(self) -> str:
        name = self._of("a", "b", "c")
        return self._of(
            f'[ "${name}" = x ]',
            f'[ -n "${name}" ]',
            "true",
            "false",
            f"! [ ${{#{name}}} -gt 1 ]",
            *self.tests,
        )

    def block(self, depth: int, scope: str) -> str:
        return "; ".join(self.statement(depth - 1, scope) for _ in range(self.chance.randint(1, 2)))

    def statement(self, depth: int, scope: str) -> str:
        """A statement; `scope` has a letter for each loop (`l`) and function (`f`) around it."""
        kinds: list[Callable[[int, str], str]] = [self._echo, self._echo, self._assignment]
        if depth > 0:
            kinds += [
                self._if,
                self._if,
                self._for,
                self._for,
                self._case,
                self._group,
                self._choice,
                self._end,
            ]
            kinds += [self._others] if "f" in scope else [self._function, self._others]
        return self.chance.choice(kinds)(depth, scope)

    def _echo(self, _depth: int, _scope: str) -> str:
        return f"echo {self.word()} {self.word()}"

    def _assignment(self, _depth: int, _scope: str) -> str:
        value = self._of("x", "22", "$a", "$b$c", '"y z"', "$(echo t)", "")
        return f"{self._of('a', 'b', 'c')}={value}"

    def _if(self, depth: int, scope: str) -> str:
        one, two, three = (self.block(depth, scope) for _ in range(3))
        return f"if {self.test()}; then {one}; elif {self.test()}; then {two}; else {three}; fi"

    def _for(self, depth: int, scope: str) -> str:
        one, two = (self.block(depth, scope + "l") for _ in range(2))
        return f"for {self._of('a', 'b', 'c')} in {self.word()} {self.word()}; do {one}; {two}; done"

    def _case(self, depth: int, scope: str) -> str:
        one, two, three = (self.block(depth, scope) for _ in range(3))
        return f'case ${self._of("a", "b", "c")} in x|1) {one};; "y z") {two};; 2*) {three};; esac'

    def _group(self, depth: int, scope: str) -> str:
        inside = self.block(depth, scope)
        return self._of(f"( {inside} )", f"{{ {inside}; }} | tr xyz abc", f"{{ {inside}; }}")

    def _choice(self, depth: int, scope: str) -> str:
        return f"{self.test()} && {{ {self.block(depth, scope)}; }} || {{ {self.block(depth, scope)}; }}"

    def _function(self, depth: int, _scope: str) -> str:
        self.functions += 1
        name = f"f{self.functions}"
        return f"{name}() {{ {self.block(depth, 'f')}; {self.block(depth, 'f')}; }}; {name} {self.word()}"

    def _end(self, _depth: int, scope: str) -> str:
        ends = [
            f"{self.test()} || exit 1",
            "exit 0",
            f"{self.test()} && exit 0",
            f"( {self.test()}; exit 1 )",
        ]
        if "l" in scope:
            ends += ["break", "continue", f"{self.test()} && break", f"{self.test()} || continue"]
        if "f" in scope:
            ends += ["return 1", f"{self.test()} && return", "local a=l", "local b=$a"]
        return self.chance.choice(ends)

    def _others(self, _depth: int, _scope: str) -> str:
        return self._of(f"set -- {self.word()}", "eval 'b=e$a'", "export a; sh -c 'echo $a$b'")


def _run(program: str, directory: Path | None = None) -> subprocess.CompletedProcess[str]:
    if SH is None:
        pytest.skip("no sh on this machine")
    command = [SH, "-c", program]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=directory, timeout=60)


@pytest.mark.parametrize("seed", range(8))
def test_the_output_of_a_known_program_is_that_of_sh(seed: int) -> None:
    known = 0
    for number in range(BATCH):
        program = _Programs(seed * BATCH + number, ()).program()
        (word,) = the(f'f="$({program}\n)"; probe "$f"', "probe").invocations[0].arguments
        if word.value is not None:
            known += 1
            assert word.value == _run(program).stdout.rstrip("\n"), program
    assert known > BATCH * 0.8


@pytest.mark.parametrize("seed", range(6))
def test_what_is_known_behind_unknown_conditions_holds_whatever_they_are(seed: int, tmp_path: Path) -> None:
    (tmp_path / "yes").mkdir()
    (tmp_path / "no").mkdir()
    (tmp_path / "yes" / "file").touch()
    known = 0
    for number in range(BATCH):
        program = _Programs(seed * BATCH + number, ("[ -f file ]", "! [ -f file ]", "[ -f file ]")).program()
        found = the(f'{program}; probe "$a" "$b" "$c" "$#"', "probe")
        for directory in (tmp_path / "yes", tmp_path / "no"):
            done = _run(f'{program}; echo; printf "%s:" "$a" "$b" "$c" "$#"', directory)
            if done.returncode or not done.stdout.endswith(":"):
                continue  # the program has ended before: nothing is said of that
            assert found.certainty != "never", program
            real = done.stdout.rpartition("\n")[2].split(":")
            for word, value in zip(found.invocations[0].arguments, real, strict=False):
                assert word.value in {None, value}, program
                known += word.value is not None
    assert known > BATCH
