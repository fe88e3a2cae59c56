"""pipx, uv, Poetry, PDM and Pipenv."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dock2nix.managers import manager_for, pipx
from dock2nix.managers.base import Setting
from dock2nix.model.packages import Action, AttributePath, InstallStep, NixpkgsPackage, Requirement
from fakes import FakeCatalogue, FakeFiles, attribute, invocation, place

if TYPE_CHECKING:
    from dock2nix.catalogue.base import Attribute

FILES = {
    "/app/pyproject.toml": "[project]\nname='x'\n",
    "/app/uv.lock": "",
    "/app/poetry.lock": "",
    "/app/Pipfile": "",
    "/app/requirements.txt": "flask\n",
}


def parse(command: str, files: dict[str, str] | None = None) -> InstallStep:
    run = invocation(command, directory="/app")
    manager = manager_for(run)
    assert manager is not None
    step = manager.parse_install(run, place(), FakeFiles(FILES if files is None else files))
    assert step is not None
    return step


@pytest.mark.parametrize(
    ("command", "expected", "everywhere"),
    [
        pytest.param("uv pip install --system flask", [("pip", "flask")], False, id="uv-pip"),
        pytest.param(
            "uv pip install -p 3.12 --index-strategy x flask", [("pip", "flask")], False, id="uv-pip-options"
        ),
        pytest.param("uv pip install -r requirements.txt", [("pip", "flask")], False, id="uv-pip-file"),
        pytest.param("uv pip sync requirements.txt", [("pip", "flask")], False, id="uv-pip-sync"),
        pytest.param("uv tool install ruff@latest", [("pipx", "ruff")], True, id="uv-tool-with-a-version"),
        pytest.param(
            "uv tool install ruff --with rich", [("pipx", "rich"), ("pipx", "ruff")], True, id="uv-tool-with"
        ),
        pytest.param("uv tool install --from httpie http", [("pipx", "httpie")], True, id="uv-tool-from"),
        pytest.param("pipx install black==24.1", [("pipx", "black")], True, id="pipx"),
        pytest.param(
            "pipx install --python 3.12 --pip-args x black", [("pipx", "black")], True, id="pipx-options"
        ),
        pytest.param("pipx inject black rich", [("pipx", "rich")], True, id="pipx-inject"),
        pytest.param("pipx install --spec git+https://h/b black", [("pipx", "")], True, id="pipx-spec"),
        pytest.param("pipenv install --system flask", [("pip", "flask")], False, id="pipenv-by-name"),
        pytest.param("poetry add flask", [("pip", "flask")], False, id="poetry-add"),
        pytest.param("uv add flask", [("pip", "flask")], False, id="uv-add"),
    ],
)
def test_install(command: str, expected: object, everywhere: bool) -> None:
    step = parse(command)
    assert step.action is Action.INSTALL
    assert [(found.manager, found.name) for found in step.requirements] == expected
    assert step.everywhere is everywhere


@pytest.mark.parametrize(
    ("command", "specifier"),
    [
        pytest.param("uv tool install ruff@latest", "", id="latest"),
        pytest.param("uv tool install ruff@0.5.0", "==0.5.0", id="a-version"),
        pytest.param("pipx install ruff==0.5.0", "==0.5.0", id="in-pip's-notation"),
    ],
)
def test_version_of_a_tool(command: str, specifier: str) -> None:
    assert [found.specifier for found in parse(command).requirements] == [specifier]


@pytest.mark.parametrize(
    ("command", "manifests"),
    [
        pytest.param("uv sync --locked --no-dev", ["pyproject.toml", "uv.lock"], id="uv"),
        pytest.param(
            "poetry install --without dev --no-root", ["pyproject.toml", "poetry.lock"], id="poetry"
        ),
        pytest.param(
            "python3 -m poetry install --only main", ["pyproject.toml", "poetry.lock"], id="poetry-as-module"
        ),
        pytest.param("pipenv install --system --deploy", ["Pipfile"], id="pipenv"),
    ],
)
def test_a_project_is_left_to_its_lock_file(command: str, manifests: list[str]) -> None:
    step = parse(command)
    assert step.action is Action.OTHER
    assert [use.path for use in step.manifests] == manifests
    assert "lock" in step.reason
    assert step.problems == ()


def test_a_project_in_another_folder() -> None:
    step = parse("uv sync --project api", {"/app/api/pyproject.toml": ""})
    assert [use.path for use in step.manifests] == ["api/pyproject.toml"]


def test_a_project_that_is_not_there_is_a_problem() -> None:
    step = parse("poetry install", {})
    assert [problem[0] for problem in step.problems] == ["D2N207"]
    assert [(use.path, use.role) for use in step.manifests] == [("pyproject.toml", "project")]


@pytest.mark.parametrize(
    ("command", "action"),
    [
        pytest.param("uv --version", Action.NOTHING, id="uv-version"),
        pytest.param("uv cache clean", Action.NOTHING, id="uv-cache"),
        pytest.param("uv pip list", Action.NOTHING, id="uv-pip-list"),
        pytest.param("uv venv /opt/venv", Action.OTHER, id="uv-venv"),
        pytest.param("uv python install 3.12", Action.OTHER, id="uv-python"),
        pytest.param("uv run app", Action.OTHER, id="uv-run"),
        pytest.param("uv pip $VERB x", Action.OTHER, id="uv-pip-unknown-verb"),
        pytest.param("uvx ruff", Action.OTHER, id="uvx"),
        pytest.param("pipx run ruff", Action.OTHER, id="pipx-run"),
        pytest.param("pipx ensurepath", Action.NOTHING, id="pipx-ensurepath"),
        pytest.param("poetry config virtualenvs.create false", Action.NOTHING, id="poetry-config"),
        pytest.param("poetry --version", Action.NOTHING, id="poetry-version"),
        pytest.param("poetry export -o requirements.txt", Action.OTHER, id="poetry-export"),
        pytest.param("poetry run app", Action.OTHER, id="poetry-run"),
        pytest.param("pipenv lock", Action.OTHER, id="pipenv-lock"),
    ],
)
def test_is_no_install(command: str, action: Action) -> None:
    step = parse(command)
    assert step.action is action
    assert step.requirements == ()
    assert step.reason or step.unknown


@pytest.mark.parametrize(
    ("command", "manager"),
    [
        pytest.param("uv pip uninstall flask", "pip", id="uv-pip"),
        pytest.param("uv tool uninstall flask", "pipx", id="uv-tool"),
        pytest.param("pipx uninstall flask", "pipx", id="pipx"),
        pytest.param("poetry remove flask", "pip", id="poetry"),
    ],
)
def test_removal(command: str, manager: Any) -> None:
    step = parse(command)
    assert step.action is Action.REMOVE
    assert [(found.manager, found.name) for found in step.requirements] == [(manager, "flask")]


@pytest.mark.parametrize(
    ("attributes", "providers", "path"),
    [
        pytest.param(
            (attribute("black"), attribute("python313Packages.black")),
            ("python313Packages.black", "black"),
            "black",
            id="the-application-that-is-the-distribution",
        ),
        pytest.param(
            (attribute("black", programs=("black",)), attribute("python313Packages.black")),
            ("python313Packages.black",),
            "black",
            id="the-application-with-the-command",
        ),
        pytest.param(
            (attribute("python313Packages.black"),),
            ("python313Packages.black",),
            "python313Packages.black",
            id="the-set-when-there-is-no-application",
        ),
    ],
)
def test_an_application_is_preferred_to_the_set(
    attributes: tuple[Attribute, ...], providers: tuple[str, ...], path: str
) -> None:
    catalogue = FakeCatalogue(attributes, providers={("python", "black"): providers})
    requirement = Requirement(manager="pipx", name="black", location=place())
    (found,) = pipx.resolve(requirement, catalogue, Setting(interpreter=AttributePath("python313")))
    assert isinstance(found, NixpkgsPackage)
    assert found.attribute_path == path
