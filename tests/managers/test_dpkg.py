"""dpkg and gdebi."""

from __future__ import annotations

import time
from typing import Any

import pytest

from dock2nix.managers import dpkg
from dock2nix.managers.base import Setting
from dock2nix.model.packages import Action, InstallStep, NotNeeded, Requirement, Unresolved
from fakes import FakeCatalogue, FakeFiles, invocation, place


def parse(command: str) -> InstallStep:
    step = dpkg.parse_install(invocation(command), place(), FakeFiles())
    assert step is not None
    return step


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        pytest.param("dpkg -i a_1.0_amd64.deb", [("a", "=1.0", "a_1.0_amd64.deb")], id="file"),
        pytest.param(
            "dpkg --install /tmp/x.deb /tmp/y.deb",
            [("", "", "/tmp/x.deb"), ("", "", "/tmp/y.deb")],
            id="files",
        ),
        pytest.param("dpkg -i /tmp/*.deb", [("", "", "/tmp/*.deb")], id="pattern-of-files"),
        pytest.param("dpkg -iGE --force-all x.deb", [("", "", "x.deb")], id="cluster"),
        pytest.param("gdebi -n x.deb", [("", "", "x.deb")], id="gdebi"),
    ],
)
def test_install(command: str, expected: object) -> None:
    step = parse(command)
    assert step.action is Action.INSTALL
    assert [(found.name, found.specifier, found.url) for found in step.requirements] == expected
    assert {found.manager for found in step.requirements} == {"apt"}


def test_removal() -> None:
    step = parse("dpkg --purge gcc:amd64 make")
    assert step.action is Action.REMOVE
    assert [found.name for found in step.requirements] == ["gcc", "make"]


@pytest.mark.parametrize(
    ("command", "action"),
    [
        pytest.param("dpkg --print-architecture", Action.NOTHING, id="architecture"),
        pytest.param("dpkg -l curl", Action.NOTHING, id="list"),
        pytest.param("dpkg -s curl", Action.NOTHING, id="status"),
        pytest.param("dpkg --configure -a", Action.NOTHING, id="configure"),
        pytest.param("dpkg --purge --pending", Action.NOTHING, id="pending"),
        pytest.param("dpkg --add-architecture i386", Action.REPOSITORY, id="architecture-added"),
        pytest.param("dpkg -x a.deb /opt", Action.OTHER, id="unpack-by-hand"),
        pytest.param("dpkg -i", Action.OTHER, id="no-names"),
    ],
)
def test_is_no_install(command: str, action: Action) -> None:
    step = parse(command)
    assert step.action is action
    assert step.requirements == ()
    assert step.reason


def test_an_unknown_file_stays_visible() -> None:
    assert [word.text for word in parse("dpkg -i $DEB").unknown] == ["$DEB"]


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        pytest.param("/tmp/mysql-apt-config_0.8.29-1_all.deb", NotNeeded, id="repository-configuration"),
        pytest.param("packages-microsoft-prod.deb", NotNeeded, id="repository-of-a-vendor"),
        pytest.param("cuda-keyring_1.1-1_all.deb", NotNeeded, id="keyring"),
        pytest.param("/tmp/tool.deb", Unresolved, id="a-program"),
    ],
)
def test_only_repository_packages_are_known_by_their_file(url: str, kind: Any) -> None:
    requirement = Requirement(manager="apt", name="", url=url, location=place())
    (found,) = dpkg.resolve(requirement, FakeCatalogue(), Setting())
    assert isinstance(found, kind)


def test_an_endless_file_name_takes_no_time() -> None:
    start = time.process_time()
    (found,) = parse("dpkg -i " + "a-1." * 50_000 + "rpm").requirements
    assert found.name == ""
    assert time.process_time() - start < 0.5
