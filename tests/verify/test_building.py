"""Which steps of a build are the flake's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dock2nix.verify.building import current_system, defined_packages, local_path, own_steps

if TYPE_CHECKING:
    import pytest


def step(name: str, *inputs: str, env: dict[str, str] | None = None, **outputs: Any) -> dict[str, Any]:
    return {
        "name": name,
        "env": {"name": name, **(env or {})},
        "inputDrvs": {key: ["out"] for key in inputs},
        "outputs": outputs or {"out": {"path": f"/nix/store/{name}"}},
    }


STEPS = {
    "/nix/store/image.drv": step("docker-image", "/nix/store/layer.drv", "/nix/store/curl.drv", "/nix/store/stdenv.drv"),
    "/nix/store/layer.drv": step("docker-layer", "/nix/store/app.drv", "/nix/store/source.drv"),
    "/nix/store/app.drv": step("app-1", env={"pname": "app", "version": "1"}),
    "/nix/store/curl.drv": step("curl-8", "/nix/store/script.drv", env={"pname": "curl", "version": "8"}),
    "/nix/store/script.drv": step("script-of-curl"),
    "/nix/store/source.drv": step("source", env={"outputHash": "sha256-x"}),
    "/nix/store/stdenv.drv": step("stdenv-linux"),
}  # fmt: skip


def test_packages_of_nixpkgs_and_downloads_are_not_the_flake_s_own() -> None:
    assert list(own_steps(STEPS, "/nix/store/image.drv", ())) == [
        "/nix/store/image.drv",
        "/nix/store/layer.drv",
    ]


def test_packages_that_the_flake_defines_are() -> None:
    found = own_steps(STEPS, "/nix/store/image.drv", {"app"})
    assert found["/nix/store/app.drv"] == ("/nix/store/app-1",)


def test_the_form_of_newer_versions_of_nix_is_read() -> None:
    steps = {
        "/nix/store/a.drv": {"name": "a", "structuredAttrs": {}, "inputs": {"drvs": {"b.drv": {}}}, "outputs": {"out": {"path": "a"}}},
        "/nix/store/b.drv": {"name": "b", "env": {}, "inputs": {"drvs": {}}, "outputs": {"out": {"path": "b"}}},
    }  # fmt: skip
    assert own_steps(steps, "a.drv", ()) == {
        "/nix/store/a.drv": ("/nix/store/a",),
        "/nix/store/b.drv": ("/nix/store/b",),
    }


def test_defined_packages_are_read_from_the_text() -> None:
    files = {
        "nix/stage.nix": '{ pkgs }: pkgs.buildGoModule { pname = "hello"; version = "1"; }',
        "nix/other.nix": "{ pkgs, name }: pkgs.x { pname = name; inherit (pkgs) curl; }",
        "nix/broken.nix": "{",
        "nix/report.json": '{"pname": "no"}',
    }  # fmt: skip
    assert defined_packages(files) == {"hello"}


def test_a_store_in_a_folder_of_its_own_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIX_REMOTE", str(tmp_path))
    assert local_path("/nix/store/x") == tmp_path / "nix/store/x"
    monkeypatch.setenv("NIX_REMOTE", "daemon")
    assert local_path("/nix/store/x") == Path("/nix/store/x")


def test_images_are_for_linux() -> None:
    assert current_system().endswith("-linux")
