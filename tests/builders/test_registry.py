"""Every build tool is listed with its programs, and each program is of one tool."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from dock2nix import builders
from dock2nix.builders import BUILDERS


@pytest.mark.parametrize("name", BUILDERS)
def test_programs_are_those_of_the_module(name: str) -> None:
    module = import_module(f"dock2nix.builders.{name}")
    assert sorted(module.PROGRAMS) == BUILDERS[name].split()
    assert {type(module.IN_PLACE), type(module.BY_TREE), type(module.BY_FOLDER)} == {bool}


def test_every_module_is_listed() -> None:
    there = {path.stem for path in Path(str(builders.__file__)).parent.glob("*.py")}
    assert there - {"__init__", "base", "bundler_settings"} == set(BUILDERS)


def test_a_program_is_of_one_tool() -> None:
    programs = [program for names in BUILDERS.values() for program in names.split()]
    assert len(programs) == len(set(programs))
