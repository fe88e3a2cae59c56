"""A project that a stage installs from its own folder is a derivation in the image's Python environment."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from dock2nix.cli import main

if TYPE_CHECKING:
    from pathlib import Path

SETUP = 'from setuptools import setup\nsetup(name="shop", version="1.2", install_requires=["click"])\n'
PYPROJECT = '[build-system]\nrequires = ["BUILDER"]\n[project]\nname = "shop"\nversion = "1.2"\ndependencies = ["click"]\n'


@pytest.fixture
def convert(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Convert a Dockerfile with files beside it, offline: the report, and the texts of nix/ by their names."""

    def run(dockerfile: str, **files: str) -> tuple[dict[str, Any], dict[str, str]]:
        for name, text in {"Dockerfile": dockerfile, **files}.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        main([str(tmp_path / "Dockerfile"), "--offline", "--json", "--python", "nixpkgs"])
        texts = {
            path.relative_to(tmp_path / "nix").as_posix(): path for path in (tmp_path / "nix").rglob("*.nix")
        }
        return json.loads(capsys.readouterr().out), {name: path.read_text() for name, path in texts.items()}

    return run


def outcome(report: dict[str, Any], name: str = "shop") -> tuple[str, str]:
    (row,) = (row for row in report["requirements"] if row["name"] == name)
    return row["outcome"], row["reason"]


FILES = {"setup.py": SETUP, "shop/__init__.py": "", "README.md": ""}


@pytest.mark.parametrize(
    "command",
    [
        "pip install .",
        "pip install -e .",
        "pip install --no-deps /srv",
        "python setup.py install",
        "uv pip install .",
    ],
)
def test_a_project_joins_the_environment(convert: Any, command: str) -> None:
    report, texts = convert(f"FROM python:3.12-slim\nWORKDIR /srv\nCOPY . .\nRUN {command}\n", **FILES)
    assert outcome(report) == ("nixpkgs", "")
    assert (
        "(import ./stages/python-shop.nix { inherit pkgs; inherit (pkgs) lib; }) # shop"
        in texts["packages.nix"]
    )
    project = texts["stages/python-shop.nix"]
    assert 'pname = "shop";\n  version = "1.2";' in project
    assert "build-system = [ python.pkgs.setuptools ];" in project
    assert "python = pkgs.python312;" in project


def test_it_is_built_of_what_was_copied_before(convert: Any) -> None:
    text = (
        "FROM python:3.12-slim\nWORKDIR /srv\nCOPY setup.py .\nCOPY shop shop\nRUN pip install .\nCOPY . .\n"
    )
    _, texts = convert(text, **FILES)
    project = texts["stages/python-shop.nix"]
    assert "../../setup.py" in project
    assert "../../shop" in project
    assert "difference" not in project


def test_an_editable_project_is_built_of_what_stands_there_in_the_end(convert: Any) -> None:
    text = "FROM python:3.12-slim\nWORKDIR /srv\nCOPY setup.py .\nRUN pip install -e .\nCOPY . .\n"
    _, texts = convert(text, **FILES)
    assert "lib.fileset.difference ../../. " in texts["stages/python-shop.nix"]


def test_a_project_of_a_stage_whose_environment_is_copied(convert: Any) -> None:
    text = (
        "FROM python:3.12-slim AS build\nRUN python -m venv /venv\nENV PATH=/venv/bin:$PATH\nWORKDIR /srv\nCOPY . .\n"
        "RUN pip install .\nFROM python:3.12-slim\nCOPY --from=build /venv /venv\n"
    )
    report, texts = convert(text, **FILES)
    assert outcome(report) == ("nixpkgs", "")
    assert "python-shop.nix" in texts["packages.nix"]


def test_a_project_of_a_stage_that_stays_behind_is_left_out(convert: Any) -> None:
    text = (
        "FROM python:3.12-slim AS build\nWORKDIR /srv\nCOPY . .\nRUN pip install .\n"
        "FROM debian:bookworm-slim\nCOPY --from=build /srv/README.md /\n"
    )
    report, texts = convert(text, **FILES)
    assert outcome(report)[0] == "build-only"
    assert "stages/python-shop.nix" not in texts


def test_libraries_of_the_stage_are_given_and_modules_are_not(convert: Any) -> None:
    text = (
        "FROM python:3.12-slim\nRUN apt-get install -y libpq-dev\nWORKDIR /srv\nCOPY . .\nRUN pip install .\n"
    )
    _, texts = convert(text, **FILES)
    project = texts["stages/python-shop.nix"]
    assert "buildInputs = [ pkgs.libpq ];" in project
    assert "click" not in project


def test_an_old_interpreter_has_an_old_builder(convert: Any) -> None:
    _, texts = convert("FROM python:3.8-slim\nWORKDIR /srv\nCOPY . .\nRUN pip install .\n", **FILES)
    project = texts["stages/python-shop.nix"]
    assert 'format = "setuptools";' in project
    assert "nativeBuildInputs = [ python.pkgs.setuptools ];" in project
    assert "pyproject" not in project


def test_versions_of_build_tools_are_not_checked_where_they_are_asked_for(convert: Any) -> None:
    text = "FROM python:3.12-slim\nWORKDIR /srv\nCOPY . .\nRUN pip install .\n"
    _, texts = convert(text, **{"pyproject.toml": PYPROJECT.replace("BUILDER", "hatchling<1")})
    project = texts["stages/python-shop.nix"]
    assert "build-system = [ python.pkgs.hatchling ];" in project
    assert 'pypaBuildFlags = [ "--skip-dependency-check" ];' in project


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        pytest.param(
            {"pyproject.toml": PYPROJECT.replace("BUILDER", "maturin>=1")},
            "maturin builds it, whose crates no lock of Python names",
            id="rust",
        ),
        pytest.param(
            {"pyproject.toml": PYPROJECT.replace("BUILDER", "d2n-nobody-builds")},
            "nixpkgs lacks what builds it: d2n-nobody-builds",
            id="unknown-build-tool",
        ),
        pytest.param({"README.md": ""}, "no pyproject.toml, setup.cfg or setup.py of it", id="no-project"),
    ],
)
def test_projects_that_are_not_built_say_why(convert: Any, files: dict[str, str], reason: str) -> None:
    report, texts = convert("FROM python:3.12-slim\nWORKDIR /srv\nCOPY . .\nRUN pip install .\n", **files)
    (row,) = (row for row in report["requirements"] if row["outcome"] == "unresolved")
    assert reason in row["reason"]
    assert not [name for name in texts if name.startswith("stages/")]


def test_hostile_names_and_versions_stay_text(convert: Any) -> None:
    hostile = '[project]\nname = "shop"\nversion = "1\\"; abort \\"x"\n'
    _, texts = convert(
        "FROM python:3.12-slim\nWORKDIR /srv\nCOPY . .\nRUN pip install .\n", **{"pyproject.toml": hostile}
    )
    assert 'version = "0";' in texts["stages/python-shop.nix"]
    assert "abort" not in texts["stages/python-shop.nix"]


def test_variables_of_the_command_are_those_of_the_build(convert: Any) -> None:
    text = (
        "FROM python:3.12-slim\nENV PYTHONPATH=/srv PIP_NO_CACHE_DIR=1 WITH_SPEEDUPS=1\nWORKDIR /srv\nCOPY . .\n"
        "RUN BUILD_NUMBER=7 pip install .\n"
    )
    _, texts = convert(text, **FILES)
    project = texts["stages/python-shop.nix"]
    assert 'env = {\n    BUILD_NUMBER = "7";\n    WITH_SPEEDUPS = "1";\n  };' in project


@pytest.mark.parametrize(
    ("builder", "variable"),
    [("setuptools-scm", "SETUPTOOLS_SCM_PRETEND_VERSION"), ("pdm-backend", "PDM_BUILD_SCM_VERSION")],
)
def test_tools_that_would_ask_a_repository_are_told_a_version(
    convert: Any, builder: str, variable: str
) -> None:
    dynamic = f'[build-system]\nrequires = ["{builder}"]\n[project]\nname = "shop"\ndynamic = ["version"]\n'
    text = "FROM python:3.12-slim\nWORKDIR /srv\nCOPY . .\nRUN pip install .\n"
    report, texts = convert(text, **{"pyproject.toml": dynamic})
    assert f'env.{variable} = "0";' in texts["stages/python-shop.nix"]
    (row,) = (row for row in report["requirements"] if row["name"] == "shop")
    assert "its version is computed, here it is 0" in row["evidence"]
