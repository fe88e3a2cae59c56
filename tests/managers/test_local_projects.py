"""Projects that are installed from a folder: their files say what they are called, need and are built with."""

from __future__ import annotations

import pytest

from dock2nix.managers.local_projects import is_folder, read_folder
from dock2nix.managers.pip import parse_install
from fakes import FakeFiles, invocation, place

PYPROJECT = """[build-system]
requires = ["hatchling>=1.2", "hatch-vcs"]
[project]
name = "My_App"
version = "2.1"
dependencies = ["flask>=2"]
"""
DYNAMIC = '[project]\nname = "a"\ndynamic = ["dependencies", "version"]\n'
LISTED = DYNAMIC + '[tool.setuptools.dynamic]\ndependencies = { file = ["needs.txt", "more.txt"] }\n'
SETTINGS = "[metadata]\nname = old\nversion = 1.0\n[options]\ninstall_requires =\n  click\n  attrs>20\n"
SCRIPT = (
    'from setuptools import setup\nsetup(name="older", version="0.3", install_requires=["six", "mock==1"])\n'
)
COMPUTED = 'from setuptools import setup\nsetup(name="older", install_requires=open("r.txt").read())\n'


@pytest.mark.parametrize(
    ("files", "name", "version", "needs", "builders"),
    [
        pytest.param(
            {"pyproject.toml": PYPROJECT},
            "my-app",
            "2.1",
            ["flask>=2"],
            ("hatchling>=1.2", "hatch-vcs"),
            id="pyproject",
        ),
        pytest.param({"setup.cfg": SETTINGS}, "old", "1.0", ["click", "attrs>20"], ("setuptools",), id="cfg"),
        pytest.param({"setup.py": SCRIPT}, "older", "0.3", ["six", "mock==1"], ("setuptools",), id="script"),
        pytest.param(
            {"pyproject.toml": '[build-system]\nrequires = ["flit_core"]\n', "setup.py": SCRIPT},
            "older",
            "0.3",
            ["six", "mock==1"],
            ("flit_core",),
            id="pyproject-without-metadata",
        ),
        pytest.param(
            {"pyproject.toml": DYNAMIC, "setup.cfg": SETTINGS},
            "a",
            "1.0",
            ["click", "attrs>20"],
            ("setuptools",),
            id="dynamic-in-setup.cfg",
        ),
        pytest.param(
            {"pyproject.toml": LISTED, "needs.txt": "# none\nrich\n", "more.txt": "six==1\n"},
            "a",
            "",
            ["rich", "six==1"],
            ("setuptools",),
            id="dynamic-in-files",
        ),
        pytest.param(
            {"setup.cfg": "[metadata]\nname = b\nversion = attr: b.VERSION\n", "setup.py": SCRIPT},
            "b",
            "0.3",
            ["six", "mock==1"],
            ("setuptools",),
            id="split-between-two",
        ),
    ],
)
def test_what_a_folder_says(
    files: dict[str, str], name: str, version: str, needs: list[str], builders: tuple[str, ...]
) -> None:
    found = read_folder("./sub", lambda path: files.get(path.removeprefix("sub/")), "/srv")
    assert found is not None
    assert found.metadata.complete
    assert (found.metadata.name, found.project.version, found.project.folder) == (name, version, "/srv/sub")
    assert [one.requirement.name + one.requirement.specifier for one in found.metadata.requirements] == needs
    assert found.project.builders == builders


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"setup.py": COMPUTED}, id="computed-in-setup.py"),
        pytest.param({"pyproject.toml": DYNAMIC}, id="dynamic-and-nowhere"),
        pytest.param({"pyproject.toml": LISTED, "needs.txt": "rich\n"}, id="a-listed-file-is-missing"),
    ],
)
def test_dependencies_that_are_computed_are_not_guessed(files: dict[str, str]) -> None:
    found = read_folder(".", files.get, "/srv")
    assert found is not None
    assert not found.metadata.complete
    assert found.metadata.requirements == ()
    step = parse_install(
        invocation("pip install .", directory="/srv"),
        place(),
        FakeFiles({f"/srv/{name}": text for name, text in files.items()}),
    )
    assert step is not None
    assert [problem[0] for problem in step.problems] == ["D2N207"]


def test_a_folder_without_any_of_these_files_is_no_project() -> None:
    assert read_folder(".", lambda _: None, "/srv") is None


@pytest.mark.parametrize(
    ("url", "folder"),
    [
        (".", True),
        ("./libs/own", True),
        ("file:///srv/app", True),
        ("https://host.test/a.tar.gz", False),
        ("git+https://host.test/a", False),
        ("./dist/a-1.0-py3-none-any.whl", False),
    ],
)
def test_folders_are_told_from_addresses_and_archives(url: str, folder: bool) -> None:
    assert is_folder(url) is folder


@pytest.mark.parametrize(
    ("command", "editable"),
    [
        ("python setup.py install", False),
        ("python3 ./setup.py build_ext install --verbose", False),
        ("./setup.py install", False),
        ("python setup.py develop", True),
    ],
)
def test_setup_scripts_install_their_folder(command: str, editable: bool) -> None:
    step = parse_install(invocation(command, directory="/srv"), place(), FakeFiles({"/srv/setup.py": SCRIPT}))
    assert step is not None
    assert [one.name for one in step.requirements] == ["older", "six", "mock"]
    assert step.requirements[0].editable is editable


@pytest.mark.parametrize(
    "command",
    ["python setup.py sdist", "python setup.py test install", "python setup.py build_ext --inplace"],
)
def test_other_commands_of_setup_scripts_install_nothing(command: str) -> None:
    run = invocation(command, directory="/srv")
    assert parse_install(run, place(), FakeFiles({"/srv/setup.py": SCRIPT})) is None
