"""Manifests of Python and Node.js projects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dock2nix.parse.manifests import read_package_json, read_pipfile, read_pyproject, read_setup_cfg

if TYPE_CHECKING:
    from dock2nix.parse.requirements import RequirementLine


def shown(lines: tuple[RequirementLine, ...]) -> list[Any]:
    return [(line.requirement.name, line.requirement.specifier, line.origin) for line in lines]


def test_standard_metadata() -> None:
    text = (
        '[project]\nname = "My.App"\ndependencies = [\n  "a>=1",\n  "b[x]",\n]\n'
        '[project.optional-dependencies]\nDev_Tools = ["c"]\n[dependency-groups]\ntest = ["d", {include-group = "e"}]\n'
    )
    project = read_pyproject(text)
    assert project is not None
    assert project.name == "my-app"
    assert shown(project.requirements) == [("a", ">=1", "pyproject.toml:4"), ("b", "", "pyproject.toml:5")]
    assert [(extra, shown(lines)) for extra, lines in project.extras] == [
        ("dev-tools", [("c", "", "pyproject.toml:8")])
    ]
    assert [(group, [line.requirement.name for line in lines]) for group, lines in project.groups] == [
        ("test", ["d"])
    ]
    assert project.complete


def test_computed_dependencies_are_incomplete() -> None:
    project = read_pyproject('[project]\nname = "a"\ndynamic = ["version", "dependencies"]\n')
    assert project is not None
    assert not project.complete


@pytest.mark.parametrize(
    ("constraint", "specifier"),
    [
        pytest.param('"^1.2.3"', ">=1.2.3,<2", id="caret"),
        pytest.param('"^0.2.3"', ">=0.2.3,<0.3", id="caret-below-one"),
        pytest.param('"^0.0.3"', ">=0.0.3,<0.0.4", id="caret-patch"),
        pytest.param('"^1"', ">=1,<2", id="caret-major"),
        pytest.param('"~1.2.3"', ">=1.2.3,<1.3", id="tilde"),
        pytest.param('"~1"', ">=1,<2", id="tilde-major"),
        pytest.param('"~=1.2"', "~=1.2", id="compatible"),
        pytest.param('">=1, <2"', ">=1,<2", id="range"),
        pytest.param('"1.2.*"', "==1.2.*", id="wildcard"),
        pytest.param('"*"', "", id="any"),
        pytest.param('{version = "^1", extras = ["x"]}', ">=1,<2", id="table"),
        pytest.param('{git = "https://h/a"}', "", id="git"),
        pytest.param('"^"', "", id="broken"),
    ],
)
def test_poetry(constraint: str, specifier: str) -> None:
    project = read_pyproject(
        f'[tool.poetry]\nname = "x"\n[tool.poetry.dependencies]\npython = "^3.11"\na = {constraint}\n'
    )
    assert project is not None
    assert shown(project.requirements) == [("a", specifier, "pyproject.toml:5")]


def test_poetry_groups() -> None:
    text = '[tool.poetry]\n[tool.poetry.group.dev.dependencies]\nb = "1"\n[tool.poetry.dev-dependencies]\nc = "*"\n'
    project = read_pyproject(text)
    assert project is not None
    assert [(group, [line.requirement.name for line in lines]) for group, lines in project.groups] == [
        ("dev", ["c"])
    ]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[build-system]\nrequires = []\n", id="no-project"),
        pytest.param("not toml", id="no-toml"),
        pytest.param("a = " + "[" * 50000, id="deeply-nested"),
        pytest.param("project = 1", id="no-table"),
    ],
)
def test_no_pyproject(text: str) -> None:
    assert read_pyproject(text) is None


def test_setup_cfg() -> None:
    text = (
        "[metadata]\nname = My_App\n[options]\ninstall_requires =\n    a>=1\n    # comment\n    b ; python_version<'3'\n"
        "[options.extras_require]\ntest = c; d\n"
    )
    project = read_setup_cfg(text)
    assert project is not None
    assert project.name == "my-app"
    assert [entry[0] for entry in shown(project.requirements)] == ["a", "b"]
    assert project.complete


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[flake8]\nmax-line-length = 100\n", id="other-tools-only"),
        pytest.param("x", id="no-ini"),
    ],
)
def test_no_setup_cfg(text: str) -> None:
    assert read_setup_cfg(text) is None


def test_pipfile() -> None:
    project = read_pipfile(
        '[packages]\nflask = "*"\nx = {version = "==1", extras = ["y"]}\n[dev-packages]\npytest = ">=8"\n'
    )
    assert project is not None
    assert shown(project.requirements) == [("flask", "", "Pipfile:2"), ("x", "==1", "Pipfile:3")]
    assert [(group, shown(lines)) for group, lines in project.groups] == [
        ("dev", [("pytest", ">=8", "Pipfile:5")])
    ]


def test_package_json() -> None:
    project = read_package_json(
        '{"name": "x", "version": "1", "packageManager": "yarn@4.1.0+sha224.abc",'
        ' "dependencies": {"a": "^1"}, "devDependencies": {"b": "*"}, "optionalDependencies": {"c": "2"}}'
    )
    assert project is not None
    assert project.package_manager == ("yarn", "4.1.0")
    assert [(found.name, found.specifier, found.kind) for found in project.dependencies] == [
        ("a", "^1", "dependencies"),
        ("c", "2", "optionalDependencies"),
        ("b", "*", "devDependencies"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("[]", id="no-object"),
        pytest.param("[" * 200000, id="deeply-nested"),
    ],
)
def test_no_package_json(text: str) -> None:
    assert read_package_json(text) is None


def test_odd_values_do_no_harm() -> None:
    project = read_package_json(
        '{"name": 1, "dependencies": [], "devDependencies": {"a": {}}, "packageManager": null}'
    )
    assert project is not None
    assert [found.name for found in project.dependencies] == ["a"]
    assert project.package_manager is None
