"""Every manager module is registered, and the registry holds together."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

from dock2nix import managers
from dock2nix.managers import MANAGERS, manager_for, manager_named
from fakes import invocation

# Modules that managers are made of; everything else in the folder is a manager.
SHARED = {
    "arguments",
    "base",
    "local_projects",
    "locked_projects",
    "node_words",
    "npm_settings",
    "packagefiles",
    "projects",
    "python_sets",
    "python_words",
    "repositories",
    "resolution",
    "rpm_words",
    "versions",
}


def modules() -> list[str]:
    return sorted(module.name for module in pkgutil.iter_modules(managers.__path__))


@pytest.mark.parametrize("name", [name for name in modules() if name not in SHARED])
def test_every_manager_module_is_registered_under_its_own_name(name: str) -> None:
    module = importlib.import_module(f"dock2nix.managers.{name}")
    assert manager_named(name) is module
    assert name == module.NAME
    assert set(MANAGERS[name]) == module.PROGRAMS


def test_shared_modules_exist_and_claim_no_program() -> None:
    for name in SHARED:
        assert not hasattr(importlib.import_module(f"dock2nix.managers.{name}"), "PROGRAMS")


def test_no_program_belongs_to_two_managers() -> None:
    programs = [program for programs in MANAGERS.values() for program in programs]
    assert len(programs) == len(set(programs))


@pytest.mark.parametrize(("name", "programs"), MANAGERS.items())
def test_a_manager_is_found_by_its_programs(name: str, programs: tuple[str, ...]) -> None:
    for program in programs:
        assert manager_for(invocation(program)) is manager_named(name)


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(KeyError):
        manager_named("portage")


@pytest.mark.parametrize(
    ("command", "name"),
    [
        pytest.param("/usr/bin/apt-get update", "apt", id="absolute-path"),
        pytest.param("/opt/venv/bin/pip3.11 install x", "pip", id="versioned-pip-in-a-venv"),
        pytest.param("pip-3.8 list", "pip", id="pip-with-dash-and-version"),
        pytest.param("python -m pip install x", "pip", id="python-m-pip"),
        pytest.param("python3.12 -u -W ignore -m pip install x", "pip", id="interpreter-options-before-m"),
        pytest.param("pypy3 -mpip install x", "pip", id="attached-module"),
        pytest.param("python3 -m poetry install", "poetry", id="python-m-poetry"),
        pytest.param("python3 -m ensurepip", "pip", id="python-m-ensurepip"),
        pytest.param("yum install x", "dnf", id="yum-is-dnf"),
    ],
)
def test_program_is_recognised(command: str, name: str) -> None:
    found = manager_for(invocation(command))
    assert found is not None
    assert name == found.NAME


@pytest.mark.parametrize(
    "command",
    [
        pytest.param("python -m http.server", id="another-module"),
        pytest.param("python -m venv /venv", id="venv"),
        pytest.param("python manage.py install", id="a-script"),
        pytest.param("python -c 'import pip'", id="inline-program"),
        pytest.param("python script.py -m pip", id="m-behind-a-script"),
        pytest.param("python -m", id="m-without-module"),
        pytest.param("python", id="bare-interpreter"),
        pytest.param("pipenv2 install", id="version-behind-another-name"),
        pytest.param("curl x", id="no-manager"),
        pytest.param("$TOOL install x", id="unknown-program"),
    ],
)
def test_program_is_no_manager(command: str) -> None:
    assert manager_for(invocation(command)) is None
