"""nvm."""

from __future__ import annotations

import pytest

from dock2nix.managers import nvm
from dock2nix.model.packages import Action, InstallStep
from fakes import FakeFiles, invocation, place


def parse(command: str, files: dict[str, str] | None = None) -> InstallStep:
    step = nvm.parse_install(invocation(command), place(), FakeFiles(files or {}))
    assert step is not None
    return step


@pytest.mark.parametrize(
    ("command", "specifier"),
    [
        pytest.param("nvm install 18", "=18.*", id="major"),
        pytest.param("nvm install v18.17.0", "=18.17.0", id="whole"),
        pytest.param("nvm i 18.17", "=18.17.*", id="short"),
        pytest.param("nvm install --lts", "", id="option"),
        pytest.param("nvm install lts/*", "", id="alias"),
        pytest.param("nvm install node", "", id="newest"),
        pytest.param("nvm install", "=20.1.0", id="by-a-file"),
    ],
)
def test_install(command: str, specifier: str) -> None:
    step = parse(command, {"/.nvmrc": "v20.1.0\n"})
    assert step.action is Action.INSTALL
    assert [(one.manager, one.name, one.specifier) for one in step.requirements] == [
        ("apt", "nodejs", specifier)
    ]


@pytest.mark.parametrize(
    ("command", "action"),
    [
        pytest.param("nvm use 18", Action.NOTHING, id="use"),
        pytest.param("nvm alias default 18", Action.NOTHING, id="alias"),
        pytest.param("nvm cache clear", Action.NOTHING, id="cache"),
        pytest.param("nvm ls", Action.NOTHING, id="asks"),
        pytest.param("nvm install $VERSION", Action.OTHER, id="unknown-version"),
        pytest.param("nvm install lts/hydrogen", Action.OTHER, id="name-of-a-release"),
        pytest.param("nvm install", Action.OTHER, id="no-file"),
        pytest.param("nvm exec 18 node x.js", Action.OTHER, id="runs"),
    ],
)
def test_left_alone(command: str, action: Action) -> None:
    assert parse(command).action is action
