"""mvn package: goals, profiles, and what is left alone."""

from __future__ import annotations

import pytest

from builders_lab import asked, base_image, only, reason, work
from dock2nix.model.builds import MavenRecipe

POM = {"/src/pom.xml": "<project/>"}


@pytest.mark.parametrize(
    ("text", "parameters", "tests"),
    [
        pytest.param("mvn package", (), True, id="package"),
        pytest.param("mvn -B clean package -DskipTests", (), False, id="without tests"),
        pytest.param("mvn dependency:go-offline\nmvn -q package", (), True, id="what only downloads"),
        pytest.param(
            "mvn package -P vertx -Dquiet=1",
            ("-P", "vertx", "-Dquiet=1"),
            True,
            id="a profile and a property",
        ),
        pytest.param(
            "mvn package assembly:single -Dmaven.repo.local=/m",
            ("assembly:single",),
            True,
            id="a further goal",
        ),
    ],
)
def test_packaged(text: str, parameters: tuple[str, ...], *, tests: bool) -> None:
    built = only(work(text, POM, base=base_image("java", "jdk21")))
    assert isinstance(built.recipe, MavenRecipe)
    assert (built.recipe.jdk, built.recipe.parameters, built.recipe.tests) == ("jdk21", parameters, tests)
    assert (built.directory, built.products, built.state) == ("/src", (), "<project/>")


def test_the_modules_belong_to_what_is_downloaded_for() -> None:
    parent = "<project><modules><module>lib</module>\n<module> app/pom.xml </module><module>gone</module></modules></project>"
    files = {"/src/pom.xml": parent, "/src/lib/pom.xml": "<lib/>", "/src/app/pom.xml": "<app/>"}
    built = only(work("./mvnw -B package -DskipTests -pl app -am", files))
    assert isinstance(built.recipe, MavenRecipe)
    assert built.recipe.parameters == ("-pl", "app", "-am")
    assert built.state == f"{parent}\0<lib/>\0<app/>"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("mvn -f /src/app/pom.xml package", id="by its file"),
        pytest.param("mvn package --file app", id="by its folder"),
        pytest.param("mvn --file=app/pom.xml package", id="in one word"),
    ],
)
def test_a_project_elsewhere(text: str) -> None:
    assert only(work(text, {"/src/app/pom.xml": "<project/>"})).directory == "/src/app"


def test_settings_of_the_project_go_along() -> None:
    built = only(work("mvn -s ci/settings.xml package", POM | {"/src/ci/settings.xml": "<settings/>"}))
    assert isinstance(built.recipe, MavenRecipe)
    assert built.recipe.parameters == ("-s", "ci/settings.xml")


@pytest.mark.parametrize(
    ("text", "files", "why"),
    [
        pytest.param("mvn package", {}, "there is no pom.xml in its folder", id="no project"),
        pytest.param("mvn deploy", POM, "its goal deploy is not translated yet", id="deploy"),
        pytest.param("mvn package -f other.xml", POM, "called otherwise than pom.xml", id="another project"),
        pytest.param("mvn package -f lib", POM, "there is no pom.xml in its folder", id="no project there"),
        pytest.param(
            "mvn package -s s.xml", POM, "none of the project's files", id="settings that nobody saw"
        ),
        pytest.param(
            "mvn package -s /etc/s.xml",
            POM | {"/etc/s.xml": "<settings/>"},
            "none of the project's files",
            id="settings elsewhere",
        ),
        pytest.param("mvn package -Da='x y'", POM, "characters that the shell would read", id="blanks"),
        pytest.param("mvn package $X", POM, "a word of it cannot be known", id="an unknown word"),
        pytest.param("mvn install -N\nmvn package", POM, "mvn builds several times", id="twice"),
    ],
)
def test_refused(text: str, files: dict[str, str], why: str) -> None:
    assert why in reason(work(text, files))


def test_downloading_alone_makes_nothing() -> None:
    assert asked(work("mvn dependency:go-offline", POM)) == ()
