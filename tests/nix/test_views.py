"""The other views of a flake, by real Nix: the development shell, the program that loads the image, the module for hosts."""

from __future__ import annotations

import json
import shlex
import subprocess
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from buildah import CONTAINERS
from dock2nix.cli import main
from nix.notes import write
from nix_lab import available_nixes, check_flake, flake_packages, package_set, why_no_builds

if TYPE_CHECKING:
    from nix_lab import Nix

pytestmark = pytest.mark.nix
evaluates = pytest.mark.skipif(not available_nixes(), reason="no Nix here")
WHY_NOT = why_no_builds() or (
    "" if (CONTAINERS / "bin/bwrap").exists() else "no bwrap here: `make nix` gets it"
)
builds = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)
HOST = Path(__file__).with_name("oci-containers.nix")

DOCKERFILE = """\
FROM golang:1.26 AS build
RUN apt-get update && apt-get install -y protobuf-compiler

FROM python:3.13-slim
ENV LOG_LEVEL=debug APP_HOME=/srv/app PORT=8000 API_TOKEN=abc APP_ENV=production JAVA_HOME="" \\
    HOME=/srv PATH=/srv/bin:$PATH DATABASE_URL=postgres://db:5432/app
RUN apt-get update && apt-get install -y jq
COPY --from=build /etc/protobuf.conf /etc/protobuf.conf
EXPOSE 8000 9090/udp
VOLUME /var/lib/app /data
CMD ["python3", "-m", "http.server"]
"""


def flake(folder: Path, *options: str, dockerfile: str = DOCKERFILE, name: str = "acme/shop") -> Path:
    """The folder of a conversion."""
    write(folder / "Dockerfile", dockerfile)
    main([str(folder), "--quiet", "--offline", "--name", name, *options])
    return folder


def value(nix: Nix, folder: Path, expression: str) -> Any:
    """The value of a Nix expression in which `flake` are the outputs, and `pkgs` the packages, of a conversion."""
    sets = flake_packages(folder)
    pkgs = package_set(sets["nixpkgs"])
    loaded = (
        f"let nixpkgs = {{ lib = import {pkgs}/lib; outPath = {pkgs}; "
        f'legacyPackages.x86_64-linux = import {pkgs} {{ system = "x86_64-linux"; }}; }}; '
        f"pkgs = nixpkgs.legacyPackages.x86_64-linux; "
        f"flake = (import {folder}/flake.nix).outputs {{ self = flake // {{ outPath = {folder}; }}; inherit nixpkgs; }}; "
        f"in {expression}"
    )
    return json.loads(nix.evaluate(loaded))


@evaluates
def test_the_development_shell_has_packages_and_variables_that_hold_outside(nix: Nix, tmp_path: Path) -> None:
    folder = flake(tmp_path / "shop")
    check_flake(folder, nix)
    shell = "flake.devShells.x86_64-linux.default"
    assert value(nix, folder, f"[ {shell}.LOG_LEVEL {shell}.PORT {shell}.DATABASE_URL ]") == [
        "debug",
        "8000",
        "postgres://db:5432/app",
    ]
    for name in ("API_TOKEN", "APP_ENV", "APP_HOME", "HOME"):
        assert value(nix, folder, f"{shell} ? {name}") is False, name
    names = value(nix, folder, f"map (one: one.pname or one.name) {shell}.nativeBuildInputs")
    assert {"jq", "protobuf"} <= set(names)
    assert any(name.startswith("go") for name in names), "the compiler of the stage that builds"


@evaluates
def test_the_module_runs_the_image_with_its_ports_and_volumes(tmp_path: Path) -> None:
    folder, nix = flake(tmp_path / "shop"), available_nixes()[-1]
    host = f"import {HOST} {{ inherit pkgs; module = flake.nixosModules.default; }}"
    container = f"({host}).acme-shop"
    assert value(nix, folder, f'removeAttrs {container} [ "imageFile" ]') == {
        "image": "acme/shop:latest",
        "ports": ["127.0.0.1:8000:8000/tcp", "127.0.0.1:9090:9090/udp"],
        "volumes": ["acme-shop-var-lib-app:/var/lib/app", "acme-shop-data:/data"],
    }
    image = "flake.packages.x86_64-linux.default"
    assert value(nix, folder, f"{container}.imageFile == {image}") is True


@evaluates
def test_what_the_host_says_of_ports_and_volumes_wins(tmp_path: Path) -> None:
    folder, nix = flake(tmp_path / "shop"), available_nixes()[-1]
    own = '{ acme-shop = { ports = [ "80:8000" ]; environment.PORT = "8000"; }; }'
    host = f"(import {HOST} {{ inherit pkgs; module = flake.nixosModules.default; host = {own}; }}).acme-shop"
    assert value(nix, folder, f"{host}.ports ++ [ {host}.environment.PORT ]") == ["80:8000", "8000"]
    with pytest.raises(AssertionError, match="does not exist"):
        value(
            nix,
            folder,
            f"(import {HOST} {{ inherit pkgs; module = flake.nixosModules.default; host = {{ acme-shop.porst = [ ]; }}; }}).acme-shop.porst",
        )


@evaluates
def test_an_image_without_ports_and_volumes_has_none(tmp_path: Path) -> None:
    folder, nix = (
        flake(tmp_path / "tool", dockerfile="FROM alpine:3.23\n", name="tool"),
        available_nixes()[-1],
    )
    host = f"import {HOST} {{ inherit pkgs; module = flake.nixosModules.default; }}"
    assert value(nix, folder, f"builtins.attrNames ({host}).tool") == ["image", "imageFile"]


@evaluates
def test_a_streamed_image_is_given_as_a_stream(tmp_path: Path) -> None:
    folder, nix = flake(tmp_path / "shop", "--image-builder", "streamLayeredImage"), available_nixes()[-1]
    host = f"import {HOST} {{ inherit pkgs; module = flake.nixosModules.default; }}"
    assert value(nix, folder, f"({host}).acme-shop ? imageStream") is True
    assert "${image} | " in (folder / "nix/load.nix").read_text()


def loader(nix: Nix, folder: Path) -> str:
    """The program of `nix run .#load`, built."""
    app = "flake.apps.x86_64-linux.load"
    assert value(nix, folder, f"{app}.type") == "app"
    derivations = value(nix, folder, f"builtins.attrNames (builtins.getContext {app}.program)")
    nix.run("nix-store", "--realise", *derivations)
    program: str = value(nix, folder, f"{app}.program")
    return program


def run(nix: Nix, program: str, engine: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program of the lab's store where only one engine is installed, which keeps what it is given."""
    tools = folder / "tools"
    tools.mkdir()
    if engine:
        text = f'#!/bin/sh\necho "$@" > {shlex.quote(str(folder / "asked"))}\nexec /bin/cat > {shlex.quote(str(folder / "loaded"))}\n'
        (tools / engine).write_text(text)
        (tools / engine).chmod(0o755)
    store = nix.home / "store/nix"
    enter: list[str | Path] = [
        CONTAINERS / "bin/bwrap",
        "--bind",
        "/",
        "/",
        "--dev-bind",
        "/dev",
        "/dev",
        "--tmpfs",
        "/nix",
    ]
    command = [*enter, "--ro-bind", store, "/nix", program]
    return subprocess.run(command, env={"PATH": str(tools)}, capture_output=True, text=True, check=False)


@builds
@pytest.mark.parametrize(("engine", "builder"), [("docker", "buildImage"), ("podman", "streamLayeredImage")])
def test_the_program_loads_the_image_into_the_engine_that_is_there(
    engine: str, builder: str, tmp_path: Path
) -> None:
    folder = flake(
        tmp_path / "tool", "--image-builder", builder, dockerfile="FROM alpine:3.23\n", name="tool"
    )
    nix = available_nixes()[-1]
    ran = run(nix, loader(nix, folder), engine, tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "asked").read_text() == "load\n"
    with tarfile.open(tmp_path / "loaded") as image:
        assert "manifest.json" in image.getnames()


@builds
def test_without_an_engine_the_program_says_so(tmp_path: Path) -> None:
    folder, nix = (
        flake(tmp_path / "tool", dockerfile="FROM alpine:3.23\n", name="tool"),
        available_nixes()[-1],
    )
    ran = run(nix, loader(nix, folder), "", tmp_path)
    assert (ran.returncode, ran.stderr) == (1, "neither docker nor podman is on PATH\n")
