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


@pytest.mark.parametrize(
    ("text", "files", "why"),
    [
        pytest.param("mvn package", {}, "there is no pom.xml in its folder", id="no project"),
        pytest.param("mvn deploy", POM, "its goal deploy is not translated yet", id="deploy"),
        pytest.param(
            "mvn package -f other.xml", POM, "its option -f is not translated yet", id="another project"
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
