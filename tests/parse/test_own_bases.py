"""Base images that the project builds itself: found by docker-compose or by name, and converted with what stands on them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from dock2nix.cli import main
from dock2nix.parse.references import image_reference
from dock2nix.parse.siblings import Sibling, find_siblings

if TYPE_CHECKING:
    from pathlib import Path

BASE = 'FROM debian:bookworm-slim\nENV A=1\nRUN apt-get install -y curl\nENTRYPOINT ["tool"]\n'


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def converted(folder: Path, files: dict[str, str], *options: str) -> dict[str, Any]:
    write(folder, files)
    main([str(folder / "Dockerfile"), "--context", str(folder), "--quiet", "--offline", *options])
    report: dict[str, Any] = json.loads((folder / "nix/report.json").read_text())
    return report


def told(report: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["code"], one["severity"]) for one in report["findings"]]


def found(folder: Path, name: str) -> tuple[Sibling, ...]:
    reference = image_reference(name)
    assert reference
    return find_siblings(reference, folder, folder / "Dockerfile")


@pytest.mark.parametrize(
    ("image", "path"),
    [
        ("acme/base", "base/Dockerfile"),
        ("registry.example/acme/base:2.1", "docker/base/Dockerfile"),
        ("acme/app:base", "Dockerfile.base"),
        ("acme/app-base", "base.Dockerfile"),
        ("selenium/node-base:latest", "NodeBase/Dockerfile"),
        ("acme/base", "Dockerfile-base"),
        ("acme/runtime", "runtime.dockerfile"),
    ],
)
def test_a_dockerfile_is_found_by_what_the_image_is_called(image: str, path: str, tmp_path: Path) -> None:
    write(tmp_path, {"Dockerfile": f"FROM {image}\n", path: BASE, "other/Dockerfile": BASE})
    assert found(tmp_path, image) == (Sibling(path=path, context=None),)


@pytest.mark.parametrize(
    ("image", "path"),
    [
        ("acme/base:1.0", "1.0/Dockerfile"),
        ("acme/app:latest", "latest/Dockerfile"),
        ("acme/base", "node_modules/base/Dockerfile"),
        ("acme/base", ".hidden/base/Dockerfile"),
        ("acme/base", "base/Containerfile"),
        ("acme/database", "base/Dockerfile"),
        ("acme/base", "Dockerfile"),
    ],
)
def test_what_is_called_otherwise_is_not_taken(image: str, path: str, tmp_path: Path) -> None:
    write(tmp_path, {"Dockerfile": f"FROM {image}\n", path: f"FROM {image}\n"})
    assert found(tmp_path, image) == ()


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        (
            "{image: acme/x:2, build: ./images/x}",
            Sibling(path="images/x/Dockerfile", context="images/x", certain=True),
        ),
        (
            "{image: 'acme/x:2', build: {context: ., dockerfile: images/x/Dockerfile, target: run}}",
            Sibling(path="images/x/Dockerfile", context="", target="run", certain=True),
        ),
        ("{image: 'acme/x:3', build: ./images/x}", None),
        ("{image: 'acme/x:2', build: ../images/x}", None),
        ("{image: 'acme/x:2', build: /etc}", None),
        ("{image: 'acme/x:2', build: [1]}", None),
        ("{image: 3, build: ./images/x}", None),
        ("[", None),
        ("&a [*a]", None),
    ],
)
def test_compose_says_which_file_builds_an_image(
    service: str, expected: Sibling | None, tmp_path: Path
) -> None:
    files = {
        "Dockerfile": "FROM acme/x:2\n",
        "images/x/Dockerfile": BASE,
        "compose.yaml": f"services:\n  x: {service}\n",
    }
    write(tmp_path, files)
    by_name = (Sibling(path="images/x/Dockerfile", context=None),)
    assert found(tmp_path, "acme/x:2") == ((expected,) if expected else by_name)


def test_links_are_not_followed(tmp_path: Path) -> None:
    write(tmp_path / "outside", {"Dockerfile": BASE})
    folder = write(tmp_path / "app", {"Dockerfile": "FROM acme/base\n", "base/x": ""})
    (folder / "base/Dockerfile").symlink_to(tmp_path / "outside/Dockerfile")
    assert found(folder, "acme/base") == ()


def test_the_base_is_converted_with_what_stands_on_it(tmp_path: Path) -> None:
    files = {
        "base/Dockerfile": "ARG RELEASE=bookworm\nFROM golang:1.26 AS build\nRUN mkdir /out && echo a > /out/a\n"
        'FROM debian:$RELEASE-slim\nSHELL ["/bin/bash", "-c"]\nENV A=1 PATH=/opt/bin:$PATH\nRUN apt-get install -y curl\n'
        "COPY --from=build /out /srv/out\nCOPY --from=0 /out/a /srv/b\nCOPY app.ini /etc/\nWORKDIR /srv\n"
        'ONBUILD COPY page /srv/page\nENTRYPOINT ["tool"]\n',
        "base/app.ini": "x\n",
        "page": "y\n",
        "Dockerfile": "FROM node:22 AS build\nRUN mkdir /dist && echo a > /dist/a\nFROM acme/base:2\n"
        "COPY --from=0 /dist /srv/one\nCOPY --from=build /dist two\nENV B=$A\nCMD serve\n",
    }
    report = converted(tmp_path, files)
    assert ("D2N255", "warning") in told(report)
    assert [one["text"] for one in report["commands"] if one["outcome"] == "unresolved"] == []
    assert [one["outcome"] for one in report["copies"]] == ["translated"] * 6
    config = report["image"]["config"]
    assert config["Entrypoint"] == ["tool"]
    assert config["Cmd"] == ["/bin/bash", "-c", "serve"]
    assert config["WorkingDir"] == "/srv"
    assert config["Env"][-2:] == ["A=1", "B=1"]
    image = (tmp_path / "nix/image.nix").read_text()
    for line in (
        "${../base/app.ini} etc/app.ini",
        "${../page} srv/page",
        "srv/one/a",
        "srv/two/a",
        "srv/out/a",
        "srv/b",
    ):
        assert line in image, line
    packages = (tmp_path / "nix/packages.nix").read_text()
    assert "# 4: FROM debian:bookworm-slim (base/Dockerfile)" in packages
    assert "# 7: apt-get install -y curl (base/Dockerfile)\n  pkgs.curl" in packages
    assert "# 4: COPY --from=0 /dist /srv/one, there line 2: mkdir /dist\n" in image


def test_bases_of_bases_are_found(tmp_path: Path) -> None:
    files = {
        "one/Dockerfile": "FROM acme/two\nRUN apt-get install -y jq\n",
        "two/Dockerfile": BASE,
        "Dockerfile": "FROM acme/one\n",
    }
    report = converted(tmp_path, files)
    assert {one["name"] for one in report["requirements"]} == {"curl", "jq"}
    assert [code for code, _ in told(report) if code == "D2N203"] == []


def test_bases_that_stand_on_each_other_end(tmp_path: Path) -> None:
    files = {
        "one/Dockerfile": "FROM acme/two\n",
        "two/Dockerfile": "FROM acme/one\n",
        "Dockerfile": "FROM acme/one\n",
    }
    assert "D2N203" in [code for code, _ in told(converted(tmp_path, files))]


def test_a_target_by_number_is_the_same_stage(tmp_path: Path) -> None:
    files = {
        "base/Dockerfile": BASE,
        "Dockerfile": 'FROM debian:bookworm\nCMD ["zero"]\nFROM acme/base\nCMD ["one"]\nFROM acme/base\nCMD ["two"]\n',
    }
    assert converted(tmp_path, files, "--target", "1")["image"]["config"]["Cmd"] == ["one"]


def test_what_compose_says_is_told_as_certain(tmp_path: Path) -> None:
    files = {
        "x/Dockerfile": BASE,
        "compose.yaml": "services: {x: {image: acme/y, build: x}}\n",
        "Dockerfile": "FROM acme/y\n",
    }
    assert ("D2N255", "info") in told(converted(tmp_path, files))


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"base/Dockerfile": BASE, "docker/base/Dockerfile": BASE}, "several Dockerfiles"),
        ({"base/Dockerfile": "ARG V=2\nFROM debian:$V\n"}, "cannot stand in one file"),
        ({"base/Dockerfile": "# escape=`\nFROM debian\n"}, "cannot stand in one file"),
        ({"base/Dockerfile": "FROM debian\nCOPY --from=nowhere+ /a /b\n"}, "cannot be read"),
    ],
    ids=[
        "two of them",
        "an argument of the same name",
        "another escape character",
        "one that BuildKit refuses",
    ],
)
def test_what_cannot_be_taken_is_told(files: dict[str, str], words: str, tmp_path: Path) -> None:
    report = converted(tmp_path, files | {"Dockerfile": "ARG V=1\nFROM acme/base\n"})
    assert [one for one in report["findings"] if one["code"] == "D2N255" and words in one["message"]]
    assert "D2N203" in [code for code, _ in told(report)]


def test_an_unknown_image_without_any_is_told_with_the_ways_there_are(tmp_path: Path) -> None:
    report = converted(tmp_path, {"Dockerfile": "FROM acme/base\n"})
    hint = next(one["hint"] for one in report["findings"] if one["code"] == "D2N203")
    assert "--keep-base" in hint
    assert "dock2nix.toml" in hint
    assert "Dockerfile" in hint


def test_images_that_are_known_are_not_looked_for(tmp_path: Path) -> None:
    files = {"nginx/Dockerfile": BASE, "Dockerfile": "FROM nginx:1.29\n"}
    assert told(converted(tmp_path, files)) == []


def test_a_base_of_the_same_repository_that_takes_no_files_is_converted(tmp_path: Path) -> None:
    write(tmp_path, {".git/HEAD": "", "base/Dockerfile": BASE})
    report = converted(tmp_path / "app", {"Dockerfile": "FROM acme/base\n"})
    assert ("D2N255", "warning") in told(report)
    assert [one["name"] for one in report["requirements"]] == ["curl"]


@pytest.mark.parametrize("line", ["COPY x /x", "ADD x /x", "RUN --mount=type=bind,source=x,target=/x cat /x"])
def test_one_that_takes_files_from_outside_of_the_build_context_is_told(line: str, tmp_path: Path) -> None:
    write(tmp_path, {".git/HEAD": "", "base/Dockerfile": f"{BASE}{line}\n", "base/x": ""})
    report = converted(tmp_path / "app", {"Dockerfile": "FROM acme/base\n"})
    assert {"D2N203", "D2N255"} <= {code for code, _ in told(report)}
    assert "outside of the build context" in next(
        one["message"] for one in report["findings"] if one["code"] == "D2N255"
    )


def test_nothing_is_looked_for_outside_of_a_repository(tmp_path: Path) -> None:
    write(tmp_path, {"base/Dockerfile": BASE})
    assert "D2N203" in [
        code for code, _ in told(converted(tmp_path / "app", {"Dockerfile": "FROM acme/base\n"}))
    ]
