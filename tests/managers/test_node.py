"""npm, yarn, pnpm, bun and corepack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dock2nix.managers import manager_for, npm
from dock2nix.managers.base import Setting
from dock2nix.model.packages import Action, InstallStep, NixpkgsPackage, Origin, Requirement, Unresolved
from fakes import FakeCatalogue, FakeFiles, attribute, invocation, place, row

if TYPE_CHECKING:
    from dock2nix.catalogue.base import Attribute

FILES = {
    "/app/package.json": '{"name": "x", "packageManager": "pnpm@9.1.0+sha256.abc"}',
    "/app/package-lock.json": "{}",
    "/app/yarn.lock": "",
    "/app/pnpm-lock.yaml": "",
    "/app/web/package.json": "{}",
}


def parse(command: str, files: dict[str, str] | None = None) -> InstallStep:
    run = invocation(command, directory="/app")
    manager = manager_for(run)
    assert manager is not None
    step = manager.parse_install(run, place(), FakeFiles(FILES if files is None else files))
    assert step is not None
    return step


def names(step: InstallStep) -> list[Any]:
    return [found.name + found.specifier + found.url for found in step.requirements]


@pytest.mark.parametrize(
    ("command", "expected", "everywhere"),
    [
        pytest.param("npm install express", ["express"], False, id="npm-install"),
        pytest.param("npm i -g typescript@5", ["typescript@5"], True, id="npm-global"),
        pytest.param("npm --global install pm2", ["pm2"], True, id="global-before-the-verb"),
        pytest.param("npm install --location=global pm2", ["pm2"], True, id="location"),
        pytest.param(
            "npm i --prefix /opt --registry https://h/ pm2", ["pm2"], False, id="values-are-no-packages"
        ),
        pytest.param("npm install --unsafe-perm true -g pm2", ["pm2"], True, id="boolean-behind-a-switch"),
        pytest.param("npm i --omit dev --loglevel warn pm2", ["pm2"], False, id="omit"),
        pytest.param(
            "npm i @angular/cli@^17 a@npm:b@1", ["@angular/cli@^17", "b@1"], False, id="scope-and-alias"
        ),
        pytest.param(
            "npm i 'left-pad@>=1 <2' x@latest", ["left-pad@>=1 <2", "x@latest"], False, id="range-and-tag"
        ),
        pytest.param(
            "npm i user/repo git+https://h/r.git ./lib x.tgz",
            ["user/repo", "git+https://h/r.git", "./lib", "x.tgz"],
            False,
            id="references",
        ),
        pytest.param("npm i a@github:user/repo", ["agithub:user/repo"], False, id="named-reference"),
        pytest.param("yarn add react@18", ["react@18"], False, id="yarn-add"),
        pytest.param("yarn global add serve", ["serve"], True, id="yarn-global"),
        pytest.param("yarn --cwd web add react", ["react"], False, id="yarn-cwd"),
        pytest.param("yarn workspace api add react", ["react"], False, id="yarn-workspace"),
        pytest.param("pnpm add -g turbo", ["turbo"], True, id="pnpm-global"),
        pytest.param("pnpm --filter api add react", ["react"], False, id="pnpm-filter"),
        pytest.param("bun add react", ["react"], False, id="bun"),
        pytest.param("corepack enable pnpm", ["pnpm"], True, id="corepack-by-name"),
        pytest.param("corepack prepare yarn@4.1.0 --activate", ["yarn@4.1.0"], True, id="corepack-prepare"),
        pytest.param("corepack enable", ["pnpm@9.1.0"], True, id="corepack-by-package-json"),
    ],
)
def test_install(command: str, expected: object, everywhere: bool) -> None:
    step = parse(command)
    assert step.action is Action.INSTALL
    assert names(step) == expected
    assert step.everywhere is everywhere
    assert step.manifests == ()
    assert {found.manager for found in step.requirements} == {"npm"}


def test_corepack_itself_stands_for_what_package_json_does_not_pin() -> None:
    assert names(parse("corepack enable", {})) == ["corepack"]


def test_development_dependencies_are_marked() -> None:
    assert [found.dev for found in parse("npm i -D jest").requirements] == [True]
    assert [found.dev for found in parse("npm i jest").requirements] == [False]


@pytest.mark.parametrize(
    ("command", "manifests"),
    [
        pytest.param("npm ci", ["package.json", "package-lock.json"], id="npm-ci"),
        pytest.param("npm install --omit=dev", ["package.json", "package-lock.json"], id="npm-install"),
        pytest.param(
            "npm ci --only production", ["package.json", "package-lock.json"], id="only-is-no-package"
        ),
        pytest.param("npm ci --prefix web", ["web/package.json"], id="another-folder"),
        pytest.param("npm install -g", ["package.json", "package-lock.json"], id="the-project-globally"),
        pytest.param("yarn", ["package.json", "yarn.lock"], id="bare-yarn"),
        pytest.param(
            "yarn install --frozen-lockfile --network-timeout 100000",
            ["package.json", "yarn.lock"],
            id="yarn-install",
        ),
        pytest.param("yarn workspaces focus --production", ["package.json", "yarn.lock"], id="yarn-focus"),
        pytest.param("pnpm install --frozen-lockfile", ["package.json", "pnpm-lock.yaml"], id="pnpm"),
        pytest.param("bun install --production", ["package.json"], id="bun"),
    ],
)
def test_without_names_the_project_is_installed(command: str, manifests: list[str]) -> None:
    step = parse(command)
    assert step.action is Action.INSTALL
    assert step.requirements == ()
    assert [use.path for use in step.manifests] == manifests
    assert step.manifests[0].role == "project"
    assert step.problems == ()


def test_a_missing_project_is_a_problem() -> None:
    step = parse("npm ci", {})
    assert [problem[0] for problem in step.problems] == ["D2N207"]


@pytest.mark.parametrize(
    "command",
    [
        pytest.param("npm uninstall -g npm", id="npm"),
        pytest.param("yarn global remove npm", id="yarn"),
        pytest.param("pnpm rm -g npm", id="pnpm"),
    ],
)
def test_removal(command: str) -> None:
    step = parse(command)
    assert step.action is Action.REMOVE
    assert step.everywhere
    assert names(step) == ["npm"]


@pytest.mark.parametrize(
    ("command", "action"),
    [
        pytest.param("npm run build", Action.OTHER, id="npm-run"),
        pytest.param("npm test", Action.OTHER, id="npm-test"),
        pytest.param("npm prune --production", Action.OTHER, id="npm-prune"),
        pytest.param("npm audit fix", Action.OTHER, id="npm-audit-fix"),
        pytest.param("npm exec x", Action.OTHER, id="npm-exec"),
        pytest.param("npx playwright install", Action.OTHER, id="npx"),
        pytest.param("npm install --package-lock-only", Action.OTHER, id="npm-lock"),
        pytest.param("npm cache clean --force", Action.NOTHING, id="npm-cache"),
        pytest.param("npm config set fund false", Action.NOTHING, id="npm-config"),
        pytest.param("npm --version", Action.NOTHING, id="npm-version"),
        pytest.param("npm update -g npm", Action.NOTHING, id="npm-update-of-a-tool"),
        pytest.param("npm update", Action.OTHER, id="npm-update-of-the-project"),
        pytest.param("yarn upgrade", Action.OTHER, id="yarn-upgrade"),
        pytest.param("pnpm update", Action.OTHER, id="pnpm-update"),
        pytest.param("yarn build", Action.OTHER, id="yarn-script"),
        pytest.param("yarn workspace api build", Action.OTHER, id="yarn-workspace-script"),
        pytest.param("yarn set version berry", Action.OTHER, id="yarn-release"),
        pytest.param("yarn cache clean", Action.NOTHING, id="yarn-cache"),
        pytest.param("yarn --version", Action.NOTHING, id="yarn-version"),
        pytest.param("pnpm run build", Action.OTHER, id="pnpm-run"),
        pytest.param("pnpm store prune", Action.NOTHING, id="pnpm-store"),
        pytest.param("bun run build", Action.OTHER, id="bun-run"),
        pytest.param("bunx x", Action.OTHER, id="bunx"),
        pytest.param("corepack --version", Action.NOTHING, id="corepack-version"),
    ],
)
def test_is_no_install(command: str, action: Action) -> None:
    step = parse(command)
    assert step.action is action
    assert step.requirements == ()
    assert step.reason


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        pytest.param("$PACKAGE", "is not set", id="unknown-value"),
        pytest.param("'a b'", "no package spec", id="blank"),
    ],
)
def test_words_that_are_no_package(word: str, reason: str) -> None:
    step = parse(f"npm i express {word}")
    assert names(step) == ["express"]
    assert [reason in unknown.reason for unknown in step.unknown] == [True]


@pytest.mark.parametrize(
    ("command", "codes"),
    [
        pytest.param("npm i --registry https://u:p@h/ x", ["D2N503"], id="registry"),
        pytest.param("npm config set registry https://h/", ["D2N503"], id="configured-registry"),
        pytest.param("npm config set registry=https://h/", ["D2N503"], id="configured-with-equals"),
        pytest.param("npm set strict-ssl false", ["D2N504"], id="no-certificate-check"),
        pytest.param("yarn config set registry https://h/", ["D2N503"], id="yarn"),
        pytest.param("npm config get registry", [], id="asked-for"),
        pytest.param("npm i x", [], id="plain"),
    ],
)
def test_risks_are_reported(command: str, codes: list[str]) -> None:
    step = parse(command)
    assert [problem[0] for problem in step.problems] == codes
    assert not any("u:p" in problem[1] for problem in step.problems)


# --- resolution --------------------------------------------------------------------------------------------------------------


def resolve(name: str, catalogue: FakeCatalogue, **fields: Any) -> tuple[Any, ...]:
    requirement = Requirement(manager="npm", name=name, location=place(), **fields)
    return npm.resolve(requirement, catalogue, Setting())


def test_a_curated_row_comes_first() -> None:
    catalogue = FakeCatalogue(curated={"npm": (row("npm", "nodejs"),)})
    (found,) = resolve("npm", catalogue)
    assert (found.attribute_path, found.origin) == ("nodejs", Origin.CURATED)


@pytest.mark.parametrize(
    ("name", "known"),
    [
        pytest.param("typescript", attribute("typescript", programs=("tsc",)), id="same-name"),
        pytest.param("@angular/cli", attribute("angular-cli", pname="angular-cli"), id="scope-in-the-name"),
        pytest.param("@vue/cli", attribute("vue-tools", programs=("cli",)), id="has-the-command"),
    ],
)
def test_an_attribute_that_is_the_module_is_taken(name: str, known: Attribute) -> None:
    catalogue = FakeCatalogue((known,), providers={("node", name): (known.path,)})
    (found,) = resolve(name, catalogue)
    assert isinstance(found, NixpkgsPackage)
    assert (found.attribute_path, found.origin) == (known.path, Origin.PROVIDER)
    assert f"lib/node_modules/{name}" in found.evidence


def test_an_attribute_that_only_carries_the_module_is_a_candidate() -> None:
    catalogue = FakeCatalogue((attribute("some-app"),), providers={("node", "ws"): ("some-app",)})
    (found,) = resolve("ws", catalogue)
    assert isinstance(found, Unresolved)
    assert found.candidates == ("some-app",)


def test_a_bare_name_is_never_taken() -> None:
    (found,) = resolve("less", FakeCatalogue((attribute("less", programs=("less",)),)))
    assert isinstance(found, Unresolved)


def test_a_direct_reference_is_never_exchanged() -> None:
    catalogue = FakeCatalogue((attribute("x"),), providers={("node", "x"): ("x",)})
    (found,) = resolve("x", catalogue, url="git+https://h/x")
    assert isinstance(found, Unresolved)
