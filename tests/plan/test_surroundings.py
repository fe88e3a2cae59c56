"""What an image has besides its packages depends on what it stands on, and its builder on what is done to its files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dock2nix.cli import main

if TYPE_CHECKING:
    from pathlib import Path

MERGED = "ln -s -t usr ../bin"
MARKS = {
    "accounts": "etc/passwd",
    "env": "dockerTools.usrBinEnv",
    "merged": MERGED,
    "sh": "dockerTools.binSh",
    "tmp": "mkdir -p -m 1777 tmp",
}


def image_nix(folder: Path, text: str) -> str:
    folder.mkdir(exist_ok=True)
    (folder / "Dockerfile").write_text(text)
    (folder / "x").touch()
    main([str(folder / "Dockerfile"), "--quiet", "--python", "nixpkgs"])
    return (folder / "nix/image.nix").read_text()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("FROM debian:12", "accounts merged sh tmp", id="distribution"),
        pytest.param("FROM alpine:3.20", "accounts merged tmp", id="busybox is its shell"),
        pytest.param("FROM gcr.io/distroless/static", "accounts tmp", id="without distribution"),
        pytest.param("FROM example.org/unknown", "accounts env sh tmp", id="nothing is known"),
        pytest.param(
            "FROM example.org/unknown\nRUN apt-get install -y coreutils",
            "accounts merged sh tmp",
            id="env from a package",
        ),
        pytest.param("FROM scratch\nCOPY x /x", "", id="empty"),
    ],
)
def test_surroundings(text: str, expected: str, tmp_path: Path) -> None:
    found = image_nix(tmp_path, text)
    assert " ".join(name for name, mark in MARKS.items() if mark in found) == expected


@pytest.mark.parametrize(
    ("text", "builder"),
    [
        pytest.param("RUN mkdir /x", "buildImage", id="folder"),
        pytest.param("RUN mkdir -m 1777 /x", "buildImage", id="sticky folder"),
        pytest.param("RUN mkdir -m 2775 /x", "buildLayeredImage", id="folder that gives its group"),
        pytest.param("RUN mkdir /x && chmod g+s /x", "buildLayeredImage", id="mode"),
        pytest.param("COPY --chmod=4755 x /x", "buildLayeredImage", id="mode of a copy"),
        pytest.param("RUN chown nobody /tmp", "buildLayeredImage", id="owner"),
        pytest.param("COPY --chown=root x /x", "buildImage", id="root as owner"),
    ],
)
def test_builder(text: str, builder: str, tmp_path: Path) -> None:
    assert f"dockerTools.{builder} " in image_nix(tmp_path, f"FROM debian:12\n{text}\n")


def test_users_that_are_used_are_at_home(tmp_path: Path) -> None:
    found = image_nix(tmp_path / "used", "FROM node:22-slim\nUSER node\n")
    assert "    mkdir -p home/node # 1: FROM node:22-slim\n    chown 1000:1000 home/node" in found
    assert "home/node #" not in image_nix(tmp_path / "unused", "FROM node:22-slim\n")
