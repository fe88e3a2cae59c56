"""Projects of pnpm and of yarn 3 and 4: translated by nixpkgs' hooks, or left to a human."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from dock2nix.cli import main

if TYPE_CHECKING:
    from pathlib import Path

HASH = f"sha512-{'A' * 86}=="
PNPM = (
    "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      ms: {specifier: ^2.1.0, version: 2.1.3}\n"
    f"packages:\n  ms@2.1.3: {{resolution: {{integrity: {HASH}}}}}\n"
)
BERRY = (
    '__metadata:\n  version: 8\n"ms@npm:^2.1.0":\n  version: 2.1.3\n  resolution: "ms@npm:2.1.3"\n  checksum: 10c0/00\n'
    '"own@workspace:.":\n  version: 0.0.0-use.local\n  resolution: "own@workspace:."\n'
)
PROJECT: dict[str, Any] = {"name": "own", "dependencies": {"ms": "^2.1.0"}, "scripts": {"build": "node b.js"}}
LINKER = "nodeLinker: node-modules\n"
STAGES = """FROM node:22-alpine AS build
WORKDIR /app
COPY . .
RUN {install}
RUN {build}
FROM node:22-alpine
WORKDIR /app
COPY . .
RUN {production}
COPY --from=build /app/dist dist
"""


def convert(folder: Path, text: str, files: dict[str, str]) -> dict[str, Any]:
    for name, content in ({"package.json": json.dumps(PROJECT)} | files | {"Dockerfile": text}).items():
        (folder / name).write_text(content, encoding="utf-8")
    main([str(folder), "--offline", "--quiet"])
    found: dict[str, Any] = json.loads((folder / "nix/report.json").read_text(encoding="utf-8"))
    return found


def test_pnpm(tmp_path: Path) -> None:
    text = STAGES.format(
        install="pnpm install --frozen-lockfile", build="pnpm build --fast", production="pnpm install --prod"
    )
    report = convert(tmp_path, text, {"pnpm-lock.yaml": PNPM, ".npmrc": "hoist=false\n"})
    assert {row["outcome"] for row in report["commands"]} == {"translated"}
    assert [(row["name"], row["outcome"], row["version"]) for row in report["requirements"]] == [
        ("ms", "locked", "2.1.3"),
        ("ms", "locked", "2.1.3"),
    ]
    assert {one["code"] for one in report["findings"]} == {"D2N308", "D2N310"}
    stage = (tmp_path / "nix/stages/build.nix").read_text(encoding="utf-8")
    for line in ("pkgs.pnpmConfigHook", "pnpm = pkgs.pnpm;", "fetcherVersion = 3;", "pnpm run build --fast"):
        assert line in stage
    image = (tmp_path / "nix/image.nix").read_text(encoding="utf-8")
    for line in (
        "inherit (final) pname version src pnpmInstallFlags;",
        "/.npmrc",
        'pnpmInstallFlags = [ "--prod" ];',
    ):
        assert line in image
    assert [(row["file"], row["attribute"]) for row in report["hashes"]] == [
        ("nix/image.nix", "nodeModules9.pnpmDeps.hash"),
        ("nix/stages/build.nix", "pnpmDeps.hash"),
    ]


def test_yarn_4(tmp_path: Path) -> None:
    text = STAGES.format(
        install="yarn install --immutable", build="yarn build", production="yarn install --production"
    )
    report = convert(tmp_path, text, {"yarn.lock": BERRY, ".yarnrc.yml": LINKER})
    assert {row["outcome"] for row in report["commands"]} == {"translated"}
    stage = (tmp_path / "nix/stages/build.nix").read_text(encoding="utf-8")
    for line in (
        "pkgs.yarn-berry.fetchYarnBerryDeps",
        "pkgs.yarn-berry.yarnBerryConfigHook",
        "yarn run build",
    ):
        assert line in stage
    image = (tmp_path / "nix/image.nix").read_text(encoding="utf-8")
    assert "yarn workspaces focus --production" in image
    assert "/.yarnrc.yml" in image


@pytest.mark.parametrize(
    ("pinned", "attribute"),
    [("pnpm@8.6.0", "pnpm_8"), ("pnpm@9.1.0+sha512.0", "pnpm_9"), ("pnpm@10.0.0", "pnpm")],
)
def test_the_program_is_the_one_that_the_project_pins(tmp_path: Path, pinned: str, attribute: str) -> None:
    text = "FROM node:22-alpine\nWORKDIR /app\nCOPY . .\nRUN corepack enable && pnpm install\n"
    files = {"package.json": json.dumps(PROJECT | {"packageManager": pinned}), "pnpm-lock.yaml": PNPM}
    report = convert(tmp_path, text, files)
    assert f"pnpm = pkgs.{attribute};" in (tmp_path / "nix/image.nix").read_text(encoding="utf-8")
    assert [row["attributes"] for row in report["requirements"] if row["name"] == "pnpm"] == [[attribute]]


@pytest.mark.parametrize(
    ("command", "files", "reason"),
    [
        pytest.param("pnpm install", {"pnpm-lock.yaml": "lockfileVersion: 5.4\n"}, "of no version", id="an old pnpm"),
        pytest.param(
            "pnpm install", {"pnpm-lock.yaml": PNPM.replace("ms@2.1.3: {", "ms@2.1.3: {bundled: 1, ").replace(
                f"integrity: {HASH}", "tarball: https://h.example/ms"
            )}, "no archive of a registry: ms", id="an address",
        ),
        pytest.param(
            "pnpm install",
            {"pnpm-lock.yaml": PNPM, "pnpm-workspace.yaml": "packages:\n  - a\n"},
            "has workspaces",
            id="a workspace",
        ),
        pytest.param("pnpm install", {"pnpm-lock.yaml": PNPM.replace("^2.1.0", "^2")}, "lacks ms", id="out of step"),
        pytest.param("yarn install", {"yarn.lock": BERRY}, "Plug'n'Play", id="no node_modules"),
        pytest.param(
            "yarn install",
            {"yarn.lock": BERRY.replace("  checksum: 10c0/00\n", ""), ".yarnrc.yml": LINKER},
            "no checksum for ms",
            id="no checksum",
        ),
    ],
)  # fmt: skip
def test_what_the_hooks_cannot_do_is_left_to_a_human(
    tmp_path: Path, command: str, files: dict[str, str], reason: str
) -> None:
    report = convert(tmp_path, f"FROM node:22-alpine\nWORKDIR /app\nCOPY . .\nRUN {command}\n", files)
    assert [row["outcome"] for row in report["commands"]] == ["unresolved"]
    assert any(reason in one["message"] for one in report["findings"])
