"""Random programs followed and, being our own and harmless, run by a real sh as well: what is known must be right."""

from __future__ import annotations

import random
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from shell_probe import the

if TYPE_CHECKING:
    from pathlib import Path

SH = shutil.which("sh")
BATCH = 25


class _Programs:
    """Writes programs of assignments, branches, loops, functions and `echo`."""

    def __init__(self, seed: int, tests: tuple[str, ...]) -> None:
        self.chance = random.Random(seed)
        self.tests = tests
        self.functions = 0

    def program(self) -> str:
        statements = [self.statement(4, "") for _ in range(self.chance.randint(2, 6))]
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
        def block(inner: str = scope) -> str:
            return self.block(depth, inner)

        name = self._of("a", "b", "c")
        kind = self.chance.random() if depth > 0 else 0.0
        match int(kind * 20):
            case 0 | 1 | 2 | 3:
                return f"echo {self.word()} {self.word()}"
            case 4 | 5 | 6:
                value = self._of("x", "22", "$a", "$b$c", '"y z"', "$(echo t)", "")
                return f"{name}={value}"
            case 7 | 8:
                return f"if {self.test()}; then {block()}; elif {self.test()}; then {block()}; else {block()}; fi"
            case 9 | 10:
                return f"for {name} in {self.word()} {self.word()}; do {block(scope + 'l')}; {block(scope + 'l')}; done"
            case 11:
                return f'case ${name} in x|1) {block()};; "y z") {block()};; 2*) {block()};; esac'
            case 12:
                return self._of(f"( {block()} )", f"{{ {block()}; }} | tr xyz abc", f"{{ {block()}; }}")
            case 13:
                return f"{self.test()} && {{ {block()}; }} || {{ {block()}; }}"
            case 14 if "f" not in scope:
                self.functions += 1
                return (
                    f"f{self.functions}() {{ {block('f')}; {block('f')}; }}; f{self.functions} {self.word()}"
                )
            case 15 if "l" in scope:
                return self._of("break", "continue", f"{self.test()} && break", f"{self.test()} || continue")
            case 16 if "f" in scope:
                return self._of("return 1", f"{self.test()} && return", f"local {name}=l")
            case 17:
                return self._of(
                    f"{self.test()} || exit 1",
                    "exit 0",
                    f"{self.test()} && exit 0",
                    f"( {self.test()}; exit 1 )",
                )
            case 18:
                return self._of(f"set -- {self.word()}", "eval 'b=e$a'", "export a; sh -c 'echo $a$b'")
        return f"echo {self.word()}"


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
