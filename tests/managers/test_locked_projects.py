"""Which packages of a lock a command line installs, and where the environment is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from dock2nix.cli import main

if TYPE_CHECKING:
    from pathlib import Path

UV = """
version = 1

[[package]]
name = "shop"
version = "0.1.0"
source = { KIND = "." }
dependencies = [{ name = "flask" }]

[package.optional-dependencies]
cache = [{ name = "redis" }]

[package.dev-dependencies]
dev = [{ name = "pytest" }]
docs = [{ name = "sphinx" }]

[[package]]
name = "flask"
version = "3.1.0"

[[package]]
name = "redis"
version = "5.0.1"

[[package]]
name = "pytest"
version = "8.3.4"

[[package]]
name = "sphinx"
version = "8.1.3"
"""
POETRY = """
[[package]]
name = "flask"
version = "3.1.0"
groups = ["main"]

[[package]]
name = "pytest"
version = "8.3.4"
groups = ["dev"]

[[package]]
name = "sphinx"
version = "8.1.3"
groups = ["docs"]
"""
PIPFILE = '{"default": {"flask": {"version": "==3.1.0"}}, "develop": {"pytest": {"version": "==8.3.4"}}}'
PROJECT = '[project]\nname = "shop"\nversion = "0.1.0"\n'
POETRY_PROJECT = (
    '[tool.poetry]\nname = "shop"\npackage-mode = false\n[tool.poetry.group.docs]\noptional = true\n'
)


def converted(folder: Path, files: dict[str, str], run: str, environment: str = "") -> tuple[list[str], str]:
    """The packages that a command installs, and nix/image.nix."""
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    lines = ["FROM python:3.13-slim", "WORKDIR /app", *([environment] if environment else []), "COPY . ."]
    (folder / "Dockerfile").write_text("\n".join([*lines, f"RUN {run}", ""]), encoding="utf-8")
    main(["convert", str(folder / "Dockerfile"), "-q", "--name", "x", "--python", "nixpkgs", "--offline"])
    report = json.loads((folder / "nix" / "report.json").read_text(encoding="utf-8"))
    names = sorted(one["name"] for one in report["requirements"])
    return names, (folder / "nix" / "image.nix").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        pytest.param("uv sync", ["flask", "pytest"], id="default"),
        pytest.param("uv sync --frozen --no-dev", ["flask"], id="no-dev"),
        pytest.param("uv sync --no-default-groups", ["flask"], id="no-default-groups"),
        pytest.param("uv sync --group docs", ["flask", "pytest", "sphinx"], id="group"),
        pytest.param("uv sync --only-group docs", ["sphinx"], id="only-group"),
        pytest.param("uv sync --no-dev --extra cache", ["flask", "redis"], id="extra"),
        pytest.param("uv sync --no-dev --all-extras", ["flask", "redis"], id="all-extras"),
        pytest.param("uv sync --all-groups --no-group docs", ["flask", "pytest"], id="all-groups-but-one"),
        pytest.param("UV_NO_DEV=1 uv sync", ["flask"], id="variable"),
    ],
)
def test_uv_sync(run: str, expected: list[str], tmp_path: Path) -> None:
    files = {"uv.lock": UV.replace("KIND", "virtual"), "pyproject.toml": PROJECT}

    names, image = converted(tmp_path, files, run)

    assert names == expected
    assert "ln -sfn /bin app/.venv/bin" in image


def test_uv_installs_the_project_itself_when_it_is_a_package(tmp_path: Path) -> None:
    files = {"uv.lock": UV.replace("KIND", "editable"), "pyproject.toml": PROJECT}

    assert converted(tmp_path, files, "uv sync --no-dev")[0] == ["flask", "shop"]
    assert converted(tmp_path, files, "uv sync --no-dev --no-install-project")[0] == ["flask"]


def test_the_environment_of_uv_may_be_elsewhere(tmp_path: Path) -> None:
    files = {"uv.lock": UV.replace("KIND", "virtual"), "pyproject.toml": PROJECT}

    _, image = converted(tmp_path, files, "uv sync", "ENV UV_PROJECT_ENVIRONMENT=/opt/venv")

    assert "ln -sfn /bin opt/venv/bin" in image


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        pytest.param("poetry install --no-root", ["flask", "pytest"], id="default"),
        pytest.param("poetry install --only main", ["flask"], id="only-main"),
        pytest.param("poetry install --without dev", ["flask"], id="without"),
        pytest.param("poetry install --with docs", ["flask", "pytest", "sphinx"], id="with"),
        pytest.param("poetry install --no-dev", ["flask"], id="no-dev"),
        pytest.param("poetry sync --only main", ["flask"], id="sync"),
    ],
)
def test_poetry_install(run: str, expected: list[str], tmp_path: Path) -> None:
    files = {"poetry.lock": POETRY, "pyproject.toml": POETRY_PROJECT}

    assert converted(tmp_path, files, run)[0] == expected


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        pytest.param("pipenv install --system --deploy", ["flask"], id="default"),
        pytest.param("pipenv sync --dev", ["flask", "pytest"], id="dev"),
        pytest.param("pipenv sync --categories develop", ["pytest"], id="categories"),
    ],
)
def test_pipenv(run: str, expected: list[str], tmp_path: Path) -> None:
    files = {"Pipfile.lock": PIPFILE, "Pipfile": "[packages]\nflask = '*'\n"}

    names, image = converted(tmp_path, files, run)

    assert names == expected
    assert ".venv" not in image


def test_the_tool_that_installed_is_left_out(tmp_path: Path) -> None:
    files = {"poetry.lock": POETRY, "pyproject.toml": POETRY_PROJECT}

    converted(tmp_path, files, "pip install poetry && poetry install --only main")

    assert "poetry" not in (tmp_path / "nix" / "packages.nix").read_text(encoding="utf-8").replace(
        "poetry install", ""
    )


def test_without_a_lock_nothing_is_guessed(tmp_path: Path) -> None:
    assert converted(tmp_path, {"pyproject.toml": PROJECT}, "uv sync")[0] == []


# --- without a lock ----------------------------------------------------------------------------------------------------------

BARE = """[project]
name = "shop"
dependencies = ["flask>=2", "rich==13.0"]
[project.optional-dependencies]
cache = ["redis"]
[dependency-groups]
dev = ["pytest"]
docs = ["sphinx"]
"""
BARE_POETRY = """[tool.poetry]
name = "shop"
package-mode = false
[tool.poetry.dependencies]
python = "^3.10"
flask = "^2.2"
[tool.poetry.group.dev.dependencies]
pytest = "*"
[tool.poetry.group.docs]
optional = true
[tool.poetry.group.docs.dependencies]
sphinx = "*"
"""
BARE_PIPFILE = '[packages]\nflask = "*"\nrich = {version = "==13.0", extras = ["jupyter"]}\n[dev-packages]\npytest = "*"\n'


@pytest.mark.parametrize(
    ("run", "files", "expected"),
    [
        pytest.param("uv sync", {"pyproject.toml": BARE}, ["flask", "pytest", "rich"], id="uv"),
        pytest.param("uv sync --no-dev", {"pyproject.toml": BARE}, ["flask", "rich"], id="uv-no-dev"),
        pytest.param(
            "uv sync --no-dev --extra cache",
            {"pyproject.toml": BARE},
            ["flask", "redis", "rich"],
            id="uv-extra",
        ),
        pytest.param("uv sync --only-group docs", {"pyproject.toml": BARE}, ["sphinx"], id="uv-only-group"),
        pytest.param(
            "poetry install --no-root", {"pyproject.toml": BARE_POETRY}, ["flask", "pytest"], id="poetry"
        ),
        pytest.param(
            "poetry install --only main", {"pyproject.toml": BARE_POETRY}, ["flask"], id="poetry-main"
        ),
        pytest.param("pdm sync --prod", {"pyproject.toml": BARE}, ["flask", "rich"], id="pdm"),
        pytest.param("pipenv install --system", {"Pipfile": BARE_PIPFILE}, ["flask", "rich"], id="pipenv"),
        pytest.param(
            "pipenv install --dev --system",
            {"Pipfile": BARE_PIPFILE},
            ["flask", "pytest", "rich"],
            id="pipenv-dev",
        ),
    ],
)
def test_a_project_without_lock_says_what_it_needs_itself(
    run: str, files: dict[str, str], expected: list[str], tmp_path: Path
) -> None:
    assert converted(tmp_path, files, run)[0] == expected


@pytest.mark.parametrize(
    "project",
    [
        pytest.param('[project]\nname = "shop"\ndynamic = ["dependencies"]\n', id="computed"),
        pytest.param("[tool.black]\nline-length = 100\n", id="no-project"),
    ],
)
def test_a_project_without_lock_that_does_not_say_it_is_left(project: str, tmp_path: Path) -> None:
    assert converted(tmp_path, {"pyproject.toml": project}, "uv sync")[0] == []
    report = json.loads((tmp_path / "nix/report.json").read_text(encoding="utf-8"))
    (command,) = (one for one in report["commands"] if one["text"] == "uv sync")
    assert command["outcome"] == "unresolved"
    assert "no lock file" in command["reason"]
