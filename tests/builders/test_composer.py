"""composer install: what the lock names, and why a project without one is left alone."""

from __future__ import annotations

import json

import pytest

from builders_lab import base_image, only, reason, work
from dock2nix.model.builds import ComposerRecipe

LOCK = {"/src/composer.json": "{}", "/src/composer.lock": '{"packages": []}'}
PHP = base_image("php", "php84")


def manifest(**entries: object) -> dict[str, str]:
    return LOCK | {"/src/composer.json": json.dumps(entries)}


@pytest.mark.parametrize(
    ("text", "files", "dev", "plugins"),
    [
        pytest.param("composer install", LOCK, True, False, id="with what development needs"),
        pytest.param("composer install --no-dev -o --quiet", LOCK, False, False, id="without"),
        pytest.param(
            "composer install --no-dev\ncomposer dump-autoload -o",
            LOCK,
            False,
            False,
            id="the class map comes anyway",
        ),
        pytest.param(
            "composer install --no-dev",
            manifest(config={"allow-plugins": {"a/b": True}}),
            False,
            True,
            id="plugins that are allowed",
        ),
        pytest.param(
            "composer install --no-dev --no-plugins",
            manifest(config={"allow-plugins": True}),
            False,
            False,
            id="plugins that are left out",
        ),
    ],
)
def test_installed(text: str, files: dict[str, str], *, dev: bool, plugins: bool) -> None:
    built = only(work(text, files, base=PHP))
    assert isinstance(built.recipe, ComposerRecipe)
    assert (built.recipe.php, built.recipe.dev, built.recipe.plugins) == ("php84", dev, plugins)
    assert built.products == (("/src/vendor/", "vendor/"),)
    assert built.state == files["/src/composer.lock"]


@pytest.mark.parametrize(
    ("text", "files", "why"),
    [
        pytest.param(
            "composer install",
            {"/src/composer.json": "{}"},
            "there is no composer.lock: which versions",
            id="no lock",
        ),
        pytest.param("composer install", {}, "there is no composer.json in its folder", id="no project"),
        pytest.param(
            "composer require a/b", LOCK, "composer require changes what the project asks for", id="require"
        ),
        pytest.param("composer update", LOCK, "composer update changes", id="update"),
        pytest.param("composer run-script x", LOCK, "composer run-script changes", id="a script"),
        pytest.param("composer install --dry-run", LOCK, "its option --dry-run is not known", id="an option"),
        pytest.param(
            "composer install --prefer-source",
            LOCK,
            "--prefer-source is not translated yet",
            id="repositories",
        ),
        pytest.param(
            "composer install",
            manifest(config={"vendor-dir": "lib"}),
            "another folder than vendor",
            id="elsewhere",
        ),
    ],
)
def test_refused(text: str, files: dict[str, str], why: str) -> None:
    assert why in reason(work(text, files, base=PHP))


def test_scripts_of_the_project_are_spoken_of() -> None:
    files = manifest(scripts={"post-install-cmd": "x", "test": "y"})
    (problem,) = only(work("composer install", files, base=PHP)).problems
    assert problem[0] == "D2N308"
    assert "(post-install-cmd)" in problem[1]
    assert not only(work("composer install --no-scripts", files, base=PHP)).problems
