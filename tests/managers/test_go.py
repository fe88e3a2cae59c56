"""go install of other modules: what is asked for, and what is a build of the project at hand."""

from __future__ import annotations

import pytest

from dock2nix.catalogue.local import LocalCatalogue
from dock2nix.managers import go
from dock2nix.managers.base import Setting
from dock2nix.managers.versions import version_satisfies
from dock2nix.model.packages import NixpkgsPackage, Unresolved
from fakes import FakeFiles, invocation, place


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        pytest.param(
            "go install github.com/go-delve/delve/cmd/dlv@v1.5.0",
            ["github.com/go-delve/delve/cmd/dlv@1.5.0"],
            id="version",
        ),
        pytest.param("go install -v mvdan.cc/gofumpt@latest", ["mvdan.cc/gofumpt"], id="any version"),
        pytest.param("go get -u golang.org/x/lint/golint", ["golang.org/x/lint/golint"], id="get of old"),
        pytest.param(
            "go install a.example/x@v1 a.example/y@v2", ["a.example/x@1", "a.example/y@2"], id="two"
        ),
    ],
)
def test_programs_of_other_modules(command: str, expected: list[str]) -> None:
    step = go.parse_install(invocation(command), place(), FakeFiles())
    assert step is not None
    assert [f"{one.name}{one.specifier}" for one in step.requirements] == expected


@pytest.mark.parametrize(
    "command",
    [
        pytest.param("go install ./cmd/x", id="of the project"),
        pytest.param("go install", id="the project"),
        pytest.param("go install a.example/x", id="without a version"),
        pytest.param("go install a.example/x@v1 ./cmd/y", id="both"),
        pytest.param("go build a.example/x@v1", id="build"),
        pytest.param("go get -d a.example/x", id="only downloaded"),
        pytest.param("go mod download", id="modules"),
    ],
)
def test_the_project_at_hand_is_built(command: str) -> None:
    assert go.parse_install(invocation(command), place(), FakeFiles()) is None


def test_get_in_a_project_changes_what_it_asks_for() -> None:
    files = FakeFiles({"/go.mod": "module a\n"})
    assert go.parse_install(invocation("go get a.example/x"), place(), files) is None


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("github.com/go-delve/delve/cmd/dlv", "delve", id="called like the repository"),
        pytest.param("golang.org/x/tools/gopls", "gopls", id="called like the program"),
        pytest.param("github.com/swaggo/swag/cmd/swag", "go-swag", id="with a prefix"),
        pytest.param(
            "github.com/golang-migrate/migrate/v4/cmd/migrate", "go-migrate", id="not the first one"
        ),
        pytest.param("honnef.co/go/tools/cmd/staticcheck", "go-tools", id="row"),
        pytest.param("github.com/gomatic/renderer/v2", "nixpkgs has no program renderer", id="another's"),
        pytest.param("example.org/harbour", "nixpkgs has no program harbour", id="unknown"),
    ],
)
def test_resolves(path: str, expected: str) -> None:
    step = go.parse_install(invocation(f"go install {path}@latest"), place(), FakeFiles())
    assert step is not None
    (found,) = go.resolve(step.requirements[0], LocalCatalogue(), Setting())
    if isinstance(found, NixpkgsPackage):
        assert found.attribute_path == expected
    else:
        assert isinstance(found, Unresolved)
        assert expected in found.reason


@pytest.mark.parametrize(
    ("specifier", "version", "expected"),
    [
        pytest.param("@1.5.0", "1.5.0", True, id="the same"),
        pytest.param("@1.5.0", "1.26.0", False, id="another"),
        pytest.param("@7182a932836a", "1.0", None, id="a commit"),
    ],
)
def test_versions(specifier: str, version: str, *, expected: bool | None) -> None:
    assert version_satisfies("go", specifier, version) is expected


def test_programs_stand_where_go_puts_them() -> None:
    text = "go install github.com/go-delve/delve/cmd/dlv@latest example.org/harbour@v1"
    for environment, folder in (
        ({}, "/root/go/bin"),
        ({"GOPATH": "/go"}, "/go/bin"),
        ({"GOBIN": "/b"}, "/b"),
    ):
        call = invocation(text, environment=environment)
        step = go.parse_install(call, place(), FakeFiles())
        assert step is not None
        assert go.installed_programs(step, call, LocalCatalogue()) == ((f"{folder}/dlv", "delve", "dlv"),)
