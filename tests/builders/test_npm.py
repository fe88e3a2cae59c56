"""npm run build and its kin: what runs in the project, and what is left alone."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from builders_lab import node_modules, only, reason, work
from dock2nix.model.builds import NpmRecipe
from dock2nix.model.packages import LockedPackage, SriHash
from fakes import HASH

PROJECT = {
    "/src/package.json": json.dumps(
        {"name": "tide", "scripts": {"build": "vite build", "test": "x", "css": "y"}}
    )
}
MODULES = replace(
    node_modules("/src"),
    packages=(
        LockedPackage(
            path="node_modules/vite",
            name="vite",
            version="7.0.0",
            url="https://r/vite.tgz",
            hash=SriHash(HASH),
        ),
    ),
)


@pytest.mark.parametrize(
    ("text", "expected", "prune"),
    [
        pytest.param("npm run build", [("npm", "run", "build")], False, id="a script"),
        pytest.param("yarn build", [("npm", "run", "build")], False, id="yarn's short way"),
        pytest.param("pnpm run build", [("npm", "run", "build")], False, id="pnpm"),
        pytest.param(
            "npm run build -- --mode x", [("npm", "run", "build", "--", "--mode", "x")], False, id="its words"
        ),
        pytest.param(
            "npm test\nnpm run css", [("npm", "run", "test"), ("npm", "run", "css")], False, id="two"
        ),
        pytest.param(
            "npx vite build", [("npx", "--no-install", "vite", "build")], False, id="a program of the lock"
        ),
        pytest.param("npm run build\nnpm prune --omit=dev", [("npm", "run", "build")], True, id="and pruned"),
    ],
)
def test_commands(text: str, expected: list[tuple[str, ...]], *, prune: bool) -> None:
    built = only(work(text, PROJECT, modules=(MODULES,)))
    assert isinstance(built.recipe, NpmRecipe)
    assert (list(built.recipe.commands), built.recipe.prune) == (expected, prune)
    assert built.products == ()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("npm run nothing", "package.json has no script nothing", id="no such script"),
        pytest.param(
            "npx tsc", "tsc is in no package of the lock that has its name", id="would be downloaded"
        ),
        pytest.param(
            "cd web && npm run build", "it runs in /src/web, and node_modules are in /src", id="elsewhere"
        ),
        pytest.param("npm run $X", "a word of it cannot be known", id="an unknown word"),
        pytest.param("npm publish", "npm publish is not translated yet", id="another verb"),
        pytest.param(
            "npm prune --omit=dev\nnpm run build", "it runs when part of node_modules is gone", id="behind"
        ),
    ],
)
def test_refused(text: str, why: str) -> None:
    assert why in reason(work(text, PROJECT, modules=(MODULES,)))


def test_without_node_modules_nothing_is_known() -> None:
    assert "which packages it builds with is not known" in reason(work("npm run build", PROJECT))
