"""Options, environment and .npmrc to what npm installs."""

from __future__ import annotations

import pytest

from dock2nix.managers.npm_settings import NpmSettings, npm_settings


@pytest.mark.parametrize(
    ("options", "environment", "npmrc", "omit"),
    [
        pytest.param((), {}, "", (), id="all-by-default"),
        pytest.param(("--omit=dev",), {}, "", ("dev",), id="omit"),
        pytest.param(("--omit dev", "--omit=optional"), {}, "", ("dev", "optional"), id="omit-twice"),
        pytest.param(("--production",), {}, "", ("dev",), id="production"),
        pytest.param(("--production=false",), {"NODE_ENV": "production"}, "", (), id="not-production"),
        pytest.param(("--only=production",), {}, "", ("dev",), id="only"),
        pytest.param(("--only prod",), {}, "", ("dev",), id="only-prod"),
        pytest.param(("--no-optional",), {}, "", ("optional",), id="no-optional"),
        pytest.param(("--omit=dev", "--include=dev"), {}, "", (), id="include-wins"),
        pytest.param((), {"NODE_ENV": "production"}, "", ("dev",), id="node-env"),
        pytest.param((), {"NODE_ENV": "development"}, "", (), id="node-env-of-development"),
        pytest.param((), {"NODE_ENV": None}, "", (), id="node-env-that-is-not-known"),
        pytest.param(
            ("--omit=optional",), {"NODE_ENV": "production"}, "", ("optional",), id="omit-replaces-node-env"
        ),
        pytest.param(("--include=dev",), {"NODE_ENV": "production"}, "", (), id="include-over-node-env"),
        pytest.param((), {"NPM_CONFIG_PRODUCTION": "true"}, "", ("dev",), id="variable"),
        pytest.param((), {"npm_config_omit": "dev"}, "", ("dev",), id="variable-in-lower-case"),
        pytest.param((), {}, "omit[]=dev\nomit[] = peer\n", ("dev", "peer"), id="npmrc-list"),
        pytest.param((), {}, "; omit=dev\n#omit=dev\n", (), id="npmrc-comments"),
        pytest.param(("--omit=peer",), {}, "omit=dev\n", ("peer",), id="options-over-npmrc"),
    ],
)
def test_omitted_kinds(
    options: tuple[str, ...], environment: dict[str, str | None], npmrc: str, omit: tuple[str, ...]
) -> None:
    assert npm_settings(options, environment, npmrc).omit == omit


@pytest.mark.parametrize(
    ("options", "environment", "npmrc", "expected"),
    [
        pytest.param(
            ("--no-audit", "--prefer-offline", "-s", "--loglevel=error"),
            {},
            "",
            NpmSettings(),
            id="without-effect",
        ),
        pytest.param(
            ("--legacy-peer-deps",), {}, "", NpmSettings(flags=("--legacy-peer-deps",)), id="legacy-peer-deps"
        ),
        pytest.param((), {}, "legacy-peer-deps=true", NpmSettings(flags=("--legacy-peer-deps",)), id="npmrc"),
        pytest.param(
            (), {}, "legacy-peer-deps", NpmSettings(flags=("--legacy-peer-deps",)), id="npmrc-switch"
        ),
        pytest.param(
            ("--legacy-peer-deps=false",), {}, "legacy-peer-deps=true", NpmSettings(), id="off-again"
        ),
        pytest.param(("-f",), {}, "", NpmSettings(flags=("--force",)), id="force"),
        pytest.param(("--ignore-scripts",), {}, "", NpmSettings(scripts=False), id="ignore-scripts"),
        pytest.param((), {}, 'ignore-scripts = "true"', NpmSettings(scripts=False), id="quoted-value"),
        pytest.param(("--no-package-lock",), {}, "", NpmSettings(lock=False), id="no-package-lock"),
        pytest.param((), {}, "package-lock=false", NpmSettings(lock=False), id="npmrc-without-lock"),
        pytest.param(("--no-shrinkwrap",), {}, "", NpmSettings(lock=False), id="no-shrinkwrap"),
        pytest.param(("-w api",), {}, "", NpmSettings(part=True), id="workspace"),
        pytest.param(("--workspaces",), {}, "", NpmSettings(part=True), id="workspaces"),
    ],
)
def test_settings(
    options: tuple[str, ...], environment: dict[str, str | None], npmrc: str, expected: NpmSettings
) -> None:
    assert npm_settings(options, environment, npmrc) == expected


def test_a_huge_npmrc_takes_no_time() -> None:
    assert npm_settings((), {}, "omit[]=x\n" * 200_000 + " " * 500_000 + "=\n").omit == ()
