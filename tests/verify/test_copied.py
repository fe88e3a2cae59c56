"""Where a Dockerfile copies something to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dock2nix.catalogue.local import LocalCatalogue
from dock2nix.parse.context import BuildContext
from dock2nix.verify.copied import copied_paths

if TYPE_CHECKING:
    from pathlib import Path

CATALOGUE = LocalCatalogue()


@pytest.fixture
def context(tmp_path: Path) -> BuildContext:
    for name in ("a.txt", "b.txt", "app/main.py", "rootfs/etc/motd", "rootfs/opt/tool/run", "ignored.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / ".dockerignore").write_text("ignored.txt\n")
    return BuildContext.read(tmp_path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("COPY a.txt /etc/motd", ["/etc/motd"], id="file"),
        pytest.param("COPY a.txt /etc/", ["/etc/a.txt"], id="file into a folder"),
        pytest.param("COPY *.txt /x/", ["/x/a.txt", "/x/b.txt"], id="wildcard, less what is ignored"),
        pytest.param("COPY app /srv/app", ["/srv/app"], id="folder"),
        pytest.param("WORKDIR /srv\nWORKDIR app\nCOPY a.txt .", ["/srv/app/a.txt"], id="working directory"),
        pytest.param("ADD rootfs /", ["/etc/motd", "/opt/tool"], id="folder over the root"),
        pytest.param("ARG D=/x\nCOPY a.txt ${D}/y", ["/x/y"], id="variable"),
        pytest.param("COPY <<E /etc/motd\nE\n", ["/etc/motd", "/etc/motd/E"], id="heredoc"),
        pytest.param("RUN cp a b", [], id="nothing copied"),
    ],
)
def test_places_of_what_is_copied(context: BuildContext, text: str, expected: list[str]) -> None:
    found = copied_paths(f"FROM scratch\n{text}\n".encode(), context, CATALOGUE, build_arguments={})
    assert list(found) == expected


def test_only_the_stages_of_the_image_count(context: BuildContext) -> None:
    text = (
        "FROM scratch AS base\nWORKDIR /base\nCOPY a.txt .\nFROM scratch AS build\nCOPY b.txt /b\n"
        "FROM base\nCOPY b.txt here\nCOPY --from=build /b /usr/local/bin/\n"
    )
    found = copied_paths(text.encode(), context, CATALOGUE, build_arguments={})
    assert found == ("/base/a.txt", "/base/here", "/usr/local/bin/b")


def test_a_base_image_says_where_relative_paths_start(context: BuildContext) -> None:
    found = copied_paths(b"FROM node:22\nCOPY a.txt here/x\n", context, CATALOGUE, build_arguments={})
    assert found == ("/here/x",)
