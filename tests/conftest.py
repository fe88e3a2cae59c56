"""Options and fixtures of all tests."""

from __future__ import annotations

import os

import pytest

from nix_lab import NO_NIX, Nix, available_nixes


def pytest_configure() -> None:
    """No test asks a package index of the world by accident: those of locks bring their own, on loopback."""
    os.environ["UV_OFFLINE"] = "1"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-samples", action="store_true", help="rewrite samples/*/expected")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes `nix` runs once for each version of Nix; without any it is skipped and says so."""
    if "nix" not in metafunc.fixturenames:
        return
    found = available_nixes()
    cases: list[object] = [pytest.param(nix, id=nix.name) for nix in found]
    skipped = pytest.param(None, id="none", marks=pytest.mark.skip(reason=NO_NIX))
    metafunc.parametrize("nix", cases or [skipped])


__all__ = ["Nix"]
