"""dotnet publish: the project, its flags, and what is left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from builders_lab import base_image, only, reason, work
from dock2nix.model.builds import DotnetRecipe

if TYPE_CHECKING:
    from dock2nix.builders.base import Work


SDK = base_image("dotnet", "dotnet-sdk_9")
PROJECT = {"/src/Depth.csproj": "<Project/>"}


def recipe(stage: Work) -> DotnetRecipe:
    found = only(stage).recipe
    assert isinstance(found, DotnetRecipe)
    return found


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        pytest.param("dotnet publish -o out", {}, id="in Release, which it does by itself"),
        pytest.param(
            "dotnet restore\ndotnet build\ndotnet publish --no-build -o out", {}, id="what goes before it"
        ),
        pytest.param("dotnet publish -c Debug -o out", {"configuration": "Debug"}, id="Debug"),
        pytest.param("dotnet publish ./Depth.csproj --output out", {}, id="the project is named"),
        pytest.param("dotnet publish -o out -r linux-musl-x64", {}, id="a system that Nix decides"),
        pytest.param(
            "dotnet publish -o out --self-contained", {"self_contained": True}, id="with its runtime"
        ),
        pytest.param("dotnet publish -o out -f net9.0", {"framework": "net9.0"}, id="one framework"),
        pytest.param("dotnet publish -o out /p:UseAppHost=false", {"app_host": False}, id="no program"),
        pytest.param(
            "dotnet publish -o out -p:A=1 /p:B=x", {"properties": (("A", "1"), ("B", "x"))}, id="properties"
        ),
    ],
)
def test_published(text: str, changes: dict[str, object]) -> None:
    found = recipe(work(text, PROJECT, base=SDK))
    expected: dict[str, object] = {
        "project": "Depth.csproj",
        "configuration": "Release",
        "framework": "",
        "self_contained": False,
        "app_host": True,
        "properties": (),
        **changes,
    }
    assert {name: getattr(found, name) for name in expected} == expected


def test_the_place_is_what_the_output_is_put_at() -> None:
    assert only(work("dotnet publish -o out", PROJECT, base=SDK)).products == (("/src/out/", "published/"),)
    assert only(work("dotnet publish -o /app", PROJECT, base=SDK)).products == (("/app/", "published/"),)


@pytest.mark.parametrize(
    ("text", "files", "why"),
    [
        pytest.param(
            "dotnet publish", PROJECT, "where it publishes to depends on the project", id="no place"
        ),
        pytest.param(
            "dotnet publish -o out", {}, "which project it publishes is not known (0 are there)", id="none"
        ),
        pytest.param(
            "dotnet publish -o out",
            {"/src/A.csproj": "x", "/src/B.fsproj": "x"},
            "which project it publishes is not known (2 are there)",
            id="two",
        ),
        pytest.param("dotnet publish B.csproj -o out", PROJECT, "B.csproj is not there", id="another"),
        pytest.param(
            "dotnet publish -o out -r win-x64", PROJECT, "is for another system: win-x64", id="Windows"
        ),
        pytest.param("dotnet tool install x", PROJECT, "dotnet tool is not translated yet", id="a tool"),
        pytest.param(
            "dotnet publish -o out --manifest x",
            PROJECT,
            "its option --manifest is not known",
            id="an option",
        ),
        pytest.param(
            "dotnet publish -o out",
            {"/src/A.csproj": "<PublishAot>true</PublishAot>"},
            "compiles to machine code",
            id="machine code",
        ),
        pytest.param(
            "dotnet publish -o out",
            {
                "/src/A.sln": 'Project("{0}") = "A", "lib\\A.csproj", "{1}"',
                "/src/lib/A.csproj": "<PublishAot>true<",
            },
            "compiles to machine code",
            id="machine code of a project in a solution",
        ),
    ],
)
def test_refused(text: str, files: dict[str, str], why: str) -> None:
    assert why in reason(work(text, files, base=SDK))


def test_the_sdk_is_that_of_the_image() -> None:
    assert recipe(work("dotnet publish -o out", PROJECT, base=SDK)).sdk == "dotnet-sdk_9"
    assert "which SDK of .NET" in reason(work("dotnet publish -o out", PROJECT))
