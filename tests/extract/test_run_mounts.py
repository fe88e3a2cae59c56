"""`RUN --mount`: what a RUN sees, and what of its doings is in the image afterwards."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from dock2nix.cli import main
from nix.images import built
from nix_lab import why_no_builds

if TYPE_CHECKING:
    from pathlib import Path

builds = pytest.mark.skipif(bool(why_no_builds()), reason=why_no_builds())
FILES = {
    "conf/app.ini": "[app]\n",
    "requirements.txt": "flask\n",
    "make.sh": "#!/bin/sh\necho a > /srv/made\n",
    "setup.sh": "#!/bin/sh\necho $0 | sort > /srv/made\n",
}


def converted(folder: Path, *lines: str) -> tuple[list[str], dict[str, Any]]:
    """The lines that put files into the image, without what every image has, and the report."""
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    (folder / "Dockerfile").write_text("\n".join(lines) + "\n")
    main([str(folder), "--quiet", "--offline", "--python", "nixpkgs"])
    image = (folder / "nix/image.nix").read_text()
    script = re.search(r"Commands = ''\n(.*?)\n  '';", image, re.DOTALL)
    shown = [line.partition(" # ")[0].strip() for line in script[1].splitlines()] if script else []
    usual = ("mkdir -p -m", "mkdir -p bin", "ln -s", "chmod", ". ${verbatim}", "#")
    report: dict[str, Any] = json.loads((folder / "nix/report.json").read_text())
    return [line for line in shown if line and not line.startswith(usual)], report


def open_commands(report: dict[str, Any]) -> list[str]:
    return [one["text"] for one in report["commands"] if one["outcome"] == "unresolved"]


def codes(report: dict[str, Any]) -> list[str]:
    return [one["code"] for one in report["findings"]]


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        pytest.param(
            "--mount=type=bind,target=/ctx cp /ctx/requirements.txt /srv/",
            [
                "mkdir -p ctx",
                "cp -r ${context2}/. ctx",
                "mkdir -p srv",
                "cp ctx/requirements.txt srv",
                "rm -rf ctx",
            ],
            id="the whole context",
        ),
        pytest.param(
            "--mount=source=conf/app.ini,target=/tmp/in.ini mkdir -p /srv && cp /tmp/in.ini /srv/app.ini",
            [
                "mkdir -p srv",
                "cp ${../conf/app.ini} tmp/in.ini",
                "cp tmp/in.ini srv/app.ini",
                "rm -rf tmp/in.ini",
            ],
            id="one file, bind being the usual kind",
        ),
        pytest.param(
            "--mount=type=bind,target=/ctx mkdir /srv/x", ["mkdir -p srv/x"], id="nothing works on it"
        ),
        pytest.param(
            "--mount=type=tmpfs,target=/scratch echo x > /scratch/y && mkdir /srv/x",
            ["mkdir -p srv/x"],
            id="what is written to a tmpfs does not stay",
        ),
        pytest.param(
            "--mount=type=cache,target=/cache mkdir -p /cache/a && mkdir /srv/x",
            ["mkdir -p srv/x"],
            id="nor what is written to a cache",
        ),
        pytest.param(
            "--mount=type=tmpfs,target=/scratch echo x > /scratch/y && cp /scratch/y /srv/y",
            [
                "mkdir -p scratch",
                "install -m 644 ${file2} scratch/y",
                "mkdir -p srv",
                "cp scratch/y srv/y",
                "rm -rf scratch",
            ],
            id="unless it is read again",
        ),
        pytest.param(
            "--mount=type=bind,source=make.sh,target=/tmp/make.sh sh /tmp/make.sh",
            ["mkdir -p srv", "install -m 644 ${file2} srv/made"],
            id="a script that is read",
        ),
        pytest.param(
            "--mount=type=bind,source=setup.sh,target=/tmp/setup.sh sh /tmp/setup.sh",
            [
                "cp ${../setup.sh} tmp/setup.sh",
                "(cd . && offline ${environment2} /bin/sh -c 'sh /tmp/setup.sh' )",
                "rm -rf tmp/setup.sh",
            ],
            id="a script that runs as it stands",
        ),
    ],
)
def test_what_is_mounted_is_there_for_its_run_alone(run: str, expected: list[str], tmp_path: Path) -> None:
    lines, report = converted(tmp_path, "FROM debian:bookworm-slim", f"RUN {run}")
    assert open_commands(report) == []
    assert lines == expected


def test_requirements_are_read_through_a_mount(tmp_path: Path) -> None:
    run = "RUN --mount=type=bind,source=requirements.txt,target=r.txt pip install -r r.txt"
    lines, report = converted(tmp_path, "FROM python:3.13-slim", "WORKDIR /srv", run)
    assert [one["name"] for one in report["requirements"]] == ["flask"]
    assert lines == ["mkdir -p srv"]


def test_files_of_another_stage_are_mounted(tmp_path: Path) -> None:
    stage = ("FROM debian:bookworm-slim AS made", "RUN mkdir /out && echo a > /out/a")
    run = "RUN --mount=from=made,source=/out,target=/in cp /in/a /srv/a"
    lines, report = converted(tmp_path, *stage, "FROM debian:bookworm-slim", run)
    assert open_commands(report) == []
    assert lines[-4:] == ["install -m 644 ${file4} in/a", "mkdir -p srv", "cp in/a srv/a", "rm -rf in"]
    assert [one["built"] for one in report["stages"]] == [True, True]


@pytest.mark.parametrize(
    ("run", "left"),
    [
        ("--mount=type=bind,source=missing,target=/in cp /in/a /srv/a", "cp /in/a /srv/a"),
        ("--mount=from=docker.io/library/nginx,source=/etc,target=/in cp /in/a /srv/a", "cp /in/a /srv/a"),
        ("--mount=type=bind,source=conf,target=/etc cp /etc/app.ini /srv/a", "cp /etc/app.ini /srv/a"),
    ],
    ids=["not in the context", "of an image", "over a folder that is there"],
)
def test_what_cannot_be_shown_leaves_its_commands_open(run: str, left: str, tmp_path: Path) -> None:
    lines, report = converted(tmp_path, "FROM debian:bookworm-slim", f"RUN {run}")
    assert open_commands(report) == [left]
    assert not any("rm -rf" in line for line in lines)


@pytest.mark.parametrize(("kind", "words"), [("secret,id=token", "container"), ("ssh", "commit and hash")])
def test_secrets_are_refused_with_the_way_of_nix(kind: str, words: str, tmp_path: Path) -> None:
    report = converted(tmp_path, "FROM debian:bookworm-slim", f"RUN --mount=type={kind} mkdir /srv/x")[1]
    told = [one for one in report["findings"] if one["code"] == "D2N306"]
    assert len(told) == 1
    assert words in told[0]["hint"]


def test_commands_behind_a_mount_do_not_see_it(tmp_path: Path) -> None:
    first = "RUN --mount=type=bind,target=/ctx cp /ctx/setup.sh /srv/"
    _, report = converted(tmp_path, "FROM debian:bookworm-slim", first, "RUN cp /ctx/setup.sh /opt/x")
    assert open_commands(report) == ["cp /ctx/setup.sh /opt/x"]


@builds
@pytest.mark.nix
def test_the_built_image_has_what_was_copied_and_no_mount(tmp_path: Path) -> None:
    converted(
        tmp_path,
        "FROM debian:bookworm-slim",
        "RUN --mount=type=bind,target=/ctx --mount=type=tmpfs,target=/scratch \\",
        "  cp /ctx/conf/app.ini /srv/app.ini && echo x > /scratch/x",
    )
    image = built(tmp_path)
    assert image.texts["srv/app.ini"] == b"[app]\n"
    assert not {"ctx", "scratch"} & {name.partition("/")[0] for name in image.entries}
