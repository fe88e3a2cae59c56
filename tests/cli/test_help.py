"""Help, completion and manual page: made of the parser itself, with examples that it reads."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dock2nix.cli import main
from dock2nix.cli.arguments import COMMANDS, argument_parser
from dock2nix.cli.examples import EXAMPLES

LINES = [
    (name, line.strip())
    for name, text in [*EXAMPLES.items(), ("", argument_parser().epilog or "")]
    for line in text.split("\n\n")[0].splitlines()
    if "dock2nix " in line
]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_each_command_has_examples(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    assert f"  dock2nix {name if name != 'convert' else ''}" in capsys.readouterr().out


@pytest.mark.parametrize(("name", "line"), LINES)
def test_each_example_is_one(name: str, line: str) -> None:
    command = re.sub(r"^.*\| ", "", re.split(r" {2,}| [<>] ", line)[0])
    words = shlex.split(command, comments=False)[1:]
    words = words if words[0] in COMMANDS else ["convert", *words]
    assert argument_parser().parse_args(words)
    assert name in {"", words[0]}


def completion(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["completion", shell]) == 0
    return capsys.readouterr().out


def test_bash_completes_commands_and_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script = tmp_path / "dock2nix.bash"
    script.write_text(completion("bash", capsys))

    def completed(*words: str) -> list[str]:
        asked = f"COMP_WORDS=({shlex.join(words)}); COMP_CWORD={len(words) - 1}; _shtab_dock2nix {words[0]} '{words[-1]}'"
        command = f"source {script}; {asked}; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
        return done.stdout.split()

    assert {"scan", "sbom"} <= set(completed("dock2nix", "s"))
    assert "--image-builder" in completed("dock2nix", "convert", "--im")
    assert completed("dock2nix", "completion", "f") == ["fish"]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_scripts_of_other_shells_are_read_by_these(
    shell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / shell
    script.write_text(completion(shell, capsys))
    assert "image-builder" in script.read_text()
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here: the script was made, and nobody has read it")
    done = subprocess.run([shell, "-n", str(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_manual_page_names_every_command_and_man_reads_it(tmp_path: Path) -> None:
    page = tmp_path / "dock2nix.1"
    script = Path(__file__).parents[2] / "scripts/man-page.py"
    subprocess.run([sys.executable, str(script), str(page)], check=True)
    text = page.read_text()
    assert [name for name in COMMANDS if name not in text] == []
    if shutil.which("man") is None:
        pytest.skip("no man here: the page was made, and nobody has read it")
    done = subprocess.run(["man", "--warnings", "-l", str(page)], capture_output=True, text=True, check=False)
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert "dock2nix scan . --output converted                   write each conversion too" in lines
    assert done.stderr == ""
