"""Gradle: tasks and flags, which version, and what is left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from builders_lab import base_image, only, reason, work
from dock2nix.model.builds import GradleRecipe

if TYPE_CHECKING:
    from dock2nix.builders.base import Work


PROJECT = {"/src/build.gradle.kts": "plugins {}"}
WRAPPER = PROJECT | {
    "/src/gradle/wrapper/gradle-wrapper.properties": "distributionUrl=https\\://services.gradle.org/distributions/gradle-8.14-bin.zip\n"
}


def recipe(stage: Work) -> GradleRecipe:
    found = only(stage).recipe
    assert isinstance(found, GradleRecipe)
    return found


@pytest.mark.parametrize(
    ("text", "tasks", "flags"),
    [
        pytest.param("gradle --no-daemon build", ("build",), (), id="a task"),
        pytest.param("gradle clean app:shadowJar", ("app:shadowJar",), (), id="what is cleaned is not there"),
        pytest.param("gradle build -x test --stacktrace", ("build",), ("-x test",), id="a task left out"),
        pytest.param(
            "gradle dependencies\ngradle installDist -PprotoSourceDir=./proto -Dorg.gradle.jvmargs=-Xmx2g",
            ("installDist",),
            ("-PprotoSourceDir=./proto",),
            id="what only downloads, and what is the machine's business",
        ),
    ],
)
def test_tasks(text: str, tasks: tuple[str, ...], flags: tuple[str, ...]) -> None:
    found = recipe(work(text, PROJECT))
    assert (found.tasks, found.flags) == (tasks, flags)


def test_version() -> None:
    assert recipe(work("gradle build", PROJECT)).gradle == "gradle"
    assert (
        recipe(work("gradle build", PROJECT, base=base_image("java", packages=["gradle_8"]))).gradle
        == "gradle_8"
    )
    assert recipe(work("./gradlew build", WRAPPER)).gradle == "gradle_8"


def test_java_is_that_of_the_image_unless_that_is_an_old_one() -> None:
    assert recipe(work("gradle build", PROJECT, base=base_image("java", "jdk21"))).jdk == "jdk21"
    assert (
        recipe(work("gradle build", PROJECT, base=base_image("java", "jdk9", channel="nixos-20.09"))).jdk
        is None
    )


@pytest.mark.parametrize(
    ("text", "files", "why"),
    [
        pytest.param("gradle build", {}, "there is no project of Gradle", id="no project"),
        pytest.param(
            "./gradlew build",
            PROJECT,
            "which says what version of Gradle it is for, is not there",
            id="no wrapper",
        ),
        pytest.param(
            "./gradlew build",
            {name: text.replace("8.14", "5.6.4") for name, text in WRAPPER.items()},
            "asks for Gradle 5, which nixpkgs does not have",
            id="an old one",
        ),
        pytest.param(
            "gradle build --init-script x",
            PROJECT,
            "its option --init-script is not translated",
            id="an option",
        ),
        pytest.param("gradle build; x", PROJECT, "is no name of a task", id="no task"),
        pytest.param("gradle build\ncd sub && gradle build", PROJECT, "in several folders", id="two folders"),
    ],
)
def test_refused(text: str, files: dict[str, str], why: str) -> None:
    assert why in reason(work(text, files))
