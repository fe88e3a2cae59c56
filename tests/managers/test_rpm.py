"""rpm."""

from __future__ import annotations

import pytest

from dock2nix.managers import rpm
from dock2nix.model.packages import Action, InstallStep
from fakes import FakeFiles, invocation, place


def parse(command: str) -> InstallStep:
    step = rpm.parse_install(invocation(command), place(), FakeFiles())
    assert step is not None
    return step


@pytest.mark.parametrize(
    ("command", "url", "name"),
    [
        pytest.param(
            "rpm -i https://host/a-1.2-3.el8.x86_64.rpm",
            "https://host/a-1.2-3.el8.x86_64.rpm",
            "a",
            id="address",
        ),
        pytest.param("rpm -Uvh /tmp/x.rpm", "/tmp/x.rpm", "", id="upgrade"),
        pytest.param("rpm -ivh --nodeps ./x.rpm", "./x.rpm", "", id="options"),
    ],
)
def test_install(command: str, url: str, name: str) -> None:
    step = parse(command)
    assert step.action is Action.INSTALL
    assert [(found.manager, found.url, found.name) for found in step.requirements] == [("dnf", url, name)]


def test_removal() -> None:
    step = parse("rpm -e --nodeps redhat-logos")
    assert step.action is Action.REMOVE
    assert [found.name for found in step.requirements] == ["redhat-logos"]


@pytest.mark.parametrize(
    ("command", "action"),
    [
        pytest.param("rpm --import https://host/KEY", Action.REPOSITORY, id="key"),
        pytest.param("rpm -V curl", Action.NOTHING, id="verify"),
        pytest.param("rpm -qa", Action.NOTHING, id="query"),
        pytest.param("rpm -E %fedora", Action.NOTHING, id="evaluate"),
        pytest.param("rpm -qip x.rpm", Action.NOTHING, id="query-of-a-file"),
        pytest.param("rpm --rebuilddb", Action.NOTHING, id="database"),
        pytest.param("rpm -i", Action.OTHER, id="no-names"),
        pytest.param("rpm x", Action.OTHER, id="nothing-known"),
    ],
)
def test_is_no_install(command: str, action: Action) -> None:
    step = parse(command)
    assert step.action is action
    assert step.requirements == ()
    assert step.reason


def test_unchecked_packages_are_reported() -> None:
    assert [problem[0] for problem in parse("rpm -i --nosignature x.rpm").problems] == ["D2N504"]
