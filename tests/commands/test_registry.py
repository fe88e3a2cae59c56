"""Every command module is registered, and the registry holds together."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

from dock2nix import commands
from dock2nix.commands import COMMANDS, command_for, command_named, translate
from dock2nix.model.image import MakeDirectory
from fakes import invocation, place

SHARED = {"base", "transfers"}


@pytest.mark.parametrize(
    "name",
    sorted(module.name for module in pkgutil.iter_modules(commands.__path__) if module.name not in SHARED),
)
def test_every_command_module_is_registered(name: str) -> None:
    module = importlib.import_module(f"dock2nix.commands.{name}")
    assert command_named(name) is module
    assert set(COMMANDS[name]) == module.PROGRAMS


def test_no_program_belongs_to_two_commands() -> None:
    programs = [program for programs in COMMANDS.values() for program in programs]
    assert len(programs) == len(set(programs))


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        pytest.param("mkdir", True, id="name"),
        pytest.param("/bin/mkdir", True, id="path"),
        pytest.param("mkdirs", False, id="another-name"),
        pytest.param("./install", False, id="script-of-that-name"),
        pytest.param("/opt/setup/install", False, id="program-of-that-name-elsewhere"),
        pytest.param("", False, id="empty"),
        pytest.param(None, False, id="unknown"),
    ],
)
def test_a_command_is_found_by_its_program(program: str | None, expected: bool) -> None:
    assert (command_for(program) is not None) is expected


def test_translate_asks_the_module_of_the_program() -> None:
    found = translate(invocation("/bin/mkdir /a"), (), place(), "RUN mkdir /a")
    assert found is not None
    assert found.effects == (MakeDirectory(path="/a", location=place(), text="RUN mkdir /a"),)
    assert translate(invocation("frobnicate /a"), (), place(), "") is None
