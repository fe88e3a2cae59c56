"""zypper."""

from __future__ import annotations

from typing import Any

import pytest

from dock2nix.managers import zypper
from dock2nix.managers.base import Setting
from dock2nix.model.packages import Action, InstallStep, NixpkgsPackage, Requirement, Resolution
from fakes import FakeCatalogue, FakeFiles, invocation, place, row


def parse(command: str) -> InstallStep:
    step = zypper.parse_install(invocation(command), place(), FakeFiles())
    assert step is not None
    return step


def names(step: InstallStep) -> list[Any]:
    return [requirement.name + requirement.specifier for requirement in step.requirements]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        pytest.param("zypper -n install curl", ["curl"], id="plain"),
        pytest.param(
            "zypper --non-interactive in -y --no-recommends curl jq", ["curl", "jq"], id="short-verb"
        ),
        pytest.param("zypper in -r extra curl", ["curl"], id="repository-is-no-package"),
        pytest.param("zypper in --from extra curl", ["curl"], id="from-is-no-package"),
        pytest.param("zypper in -n curl", ["curl"], id="n-is-a-switch-behind-the-verb"),
        pytest.param("zypper -C /cache in -C curl", ["curl"], id="c-takes-a-value-before-the-verb-only"),
        pytest.param(
            "zypper in curl=8.0 'jq>=1.6' git-2.35.3", ["curl=8.0", "jq>=1.6", "git-2.35.3"], id="versions"
        ),
        pytest.param("zypper in -t pattern devel_basis", ["pattern:devel_basis"], id="pattern"),
        pytest.param("zypper in pattern:devel_basis", ["pattern:devel_basis"], id="pattern-by-prefix"),
        pytest.param("zypper in +curl extra:jq", ["curl", "jq"], id="decorated"),
        pytest.param("zypper in 'pkgconfig(zlib)'", ["pkgconfig(zlib)"], id="capability"),
    ],
)
def test_install(command: str, expected: object) -> None:
    step = parse(command)
    assert step.action is Action.INSTALL
    assert names(step) == expected
    assert step.unknown == ()


def test_removal() -> None:
    step = parse("zypper -n rm -u gcc")
    assert step.action is Action.REMOVE
    assert names(step) == ["gcc"]


@pytest.mark.parametrize(
    ("command", "action"),
    [
        pytest.param("zypper refresh", Action.NOTHING, id="refresh"),
        pytest.param("zypper -n up", Action.NOTHING, id="update"),
        pytest.param("zypper clean --all", Action.NOTHING, id="clean"),
        pytest.param("zypper se curl", Action.NOTHING, id="search"),
        pytest.param("zypper in --dry-run curl", Action.NOTHING, id="dry-run"),
        pytest.param("zypper ar -f https://host/x name", Action.REPOSITORY, id="addrepo"),
        pytest.param("zypper in -d curl", Action.OTHER, id="download"),
        pytest.param("zypper in", Action.OTHER, id="no-names"),
        pytest.param("zypper si curl", Action.OTHER, id="source"),
    ],
)
def test_is_no_install(command: str, action: Action) -> None:
    step = parse(command)
    assert step.action is action
    assert step.requirements == ()
    assert step.reason


def test_a_name_to_be_removed_is_no_requirement() -> None:
    step = parse("zypper in -- curl -jq '!git'")
    assert names(step) == ["curl"]
    assert [word.text for word in step.unknown] == ["-jq", "!git"]


@pytest.mark.parametrize(
    ("command", "codes"),
    [
        pytest.param("zypper --no-gpg-checks in curl", ["D2N504"], id="no-gpg-checks"),
        pytest.param("zypper --gpg-auto-import-keys ref", [], id="refresh-installs-nothing"),
        pytest.param("zypper --gpg-auto-import-keys in curl", ["D2N504"], id="keys-imported-unseen"),
        pytest.param("zypper ar https://host/x name", ["D2N506"], id="addrepo"),
        pytest.param("zypper rr name", [], id="removerepo"),
        pytest.param("zypper --root /mnt in curl", ["D2N307"], id="another-root"),
    ],
)
def test_risks_are_reported(command: str, codes: list[str]) -> None:
    assert [problem[0] for problem in parse(command).problems] == codes


def test_its_own_table_is_asked() -> None:
    catalogue = FakeCatalogue(curated={"zypper": (row("a-1.2", "a_1"), row("a", "a_2"))})

    def resolve(specifier: str) -> tuple[Resolution, ...]:
        requirement = Requirement(manager="zypper", name="a", specifier=specifier, location=place())
        return zypper.resolve(requirement, catalogue, Setting())

    (first,), (second,) = resolve("-1.2"), resolve("")
    assert isinstance(first, NixpkgsPackage)
    assert isinstance(second, NixpkgsPackage)
    assert (first.attribute_path, first.evidence) == ("a_1", "mappings/zypper.toml")
    assert second.attribute_path == "a_2"
