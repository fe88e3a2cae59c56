"""What depends on the shell of the base image, on where its packages are, and what only makes files smaller."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from dock2nix.cli import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def convert(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    def run(text: str) -> tuple[list[str], str]:
        (tmp_path / "Dockerfile").write_text(text)
        assert main([str(tmp_path / "Dockerfile"), "--json", "--python", "nixpkgs"]) in {0, 1}
        report = json.loads(capsys.readouterr().out)
        return [one["outcome"] for one in report["commands"]], (tmp_path / "nix/image.nix").read_text()

    return run


@pytest.mark.parametrize(
    ("base", "text"),
    [
        pytest.param("debian:bookworm", '"a\\tb\\n"', id="dash-knows-escapes"),
        pytest.param("alpine:3.22", '"a\\\\tb\\n"', id="busybox-prints-them"),
        pytest.param("fedora:42", '"a\\\\tb\\n"', id="bash-prints-them"),
    ],
)
def test_backslashes_of_echo_mean_what_the_shell_makes_of_them(convert: Any, base: str, text: str) -> None:
    outcomes, image = convert(f'FROM {base}\nRUN echo "a\\tb" > /etc/x.conf\n')
    assert outcomes == ["translated"]
    assert text in image


def test_a_path_in_the_store_is_no_text_of_a_file(convert: Any) -> None:
    outcomes, image = convert('FROM tomcat:10\nRUN echo "home $JAVA_HOME" > /etc/java.conf\n')
    assert outcomes == ["script"]
    assert '"JAVA_HOME=${pkgs.temurin-bin-21}"' in image
    assert "@temurin" not in image


@pytest.mark.parametrize(
    "command",
    [
        pytest.param("find /opt -type f -exec strip --strip-all {} +", id="find"),
        pytest.param("find /opt -perm /111 -exec sh -ec 'strip \"$@\" || :' -- {} +", id="that-may-fail"),
        pytest.param("strip /opt/tool", id="strip"),
    ],
)
def test_stripping_is_not_needed(convert: Any, command: str) -> None:
    assert convert(f"FROM debian\nADD tool.tar.gz /opt/\nRUN {command}\n")[0] == ["not-needed"]


@pytest.mark.parametrize(
    "command",
    [
        pytest.param("find /opt -exec strip {} + -delete", id="and-removes"),
        pytest.param("find /opt -exec sh -c 'strip \"$@\"; rm -rf /opt/x' -- {} +", id="and-more"),
        pytest.param("strip -o /opt/small /opt/tool", id="into-another-file"),
    ],
)
def test_what_does_more_than_to_strip_counts(convert: Any, command: str) -> None:
    assert convert(f"FROM debian\nADD tool.tar.gz /opt/\nRUN {command}\n")[0] != ["not-needed"]


@pytest.mark.parametrize(
    "command",
    [
        pytest.param("sed -i 's/a/b/w x' $JAVA_HOME/lib/security/java.security", id="edited"),
        pytest.param("rm -rf ${JAVA_HOME}/demo", id="removed"),
        pytest.param("find $JAVA_HOME -name '*.zip' -delete", id="found-and-removed"),
        pytest.param("cp /etc/passwd $JAVA_HOME/lib/", id="put-there"),
        pytest.param("echo x > $JAVA_HOME/release", id="written"),
        pytest.param("rm -rf $JAVA_HOME/demo; D=$JAVA_HOME/lib; rm -rf $D/src.zip", id="by-another-variable"),
    ],
)
def test_what_is_in_the_store_cannot_be_changed(convert: Any, command: str) -> None:
    assert convert(f"FROM tomcat:10\nRUN {command}\n")[0][-1] == "unresolved"


@pytest.mark.parametrize(
    "command",
    [
        pytest.param("ls $JAVA_HOME/lib > /opt/list", id="listed"),
        pytest.param("sed s/a/b/ $JAVA_HOME/release > /opt/release", id="read"),
        pytest.param("ln -s $JAVA_HOME/bin/java /usr/local/bin/java8", id="linked-to"),
    ],
)
def test_what_is_in_the_store_can_be_read(convert: Any, command: str) -> None:
    assert convert(f"FROM tomcat:10\nRUN {command}\n")[0] == ["script"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("FROM debian\nRUN echo x > ~/.rc\n", "root/.rc", id="root"),
        pytest.param("FROM python:3.13\nRUN echo x > $HOME/.rc\n", "root/.rc", id="of-a-language"),
        pytest.param("FROM debian\nENV HOME=/srv\nRUN echo x > ~/.rc\n", "srv/.rc", id="set-by-the-dockerfile"),
    ],
)  # fmt: skip
def test_the_home_of_root_is_known(convert: Any, text: str, line: str) -> None:
    outcomes, image = convert(text)
    assert outcomes == ["translated"]
    assert f" {line} #" in image


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("FROM debian\nUSER app\nRUN touch ~/.rc\n", id="of-another-user"),
        pytest.param("FROM somecorp/base\nRUN touch ~/.rc\n", id="of-an-image-that-is-not-known"),
    ],
)
def test_other_homes_are_not(convert: Any, text: str) -> None:
    assert " root/.rc" not in convert(text)[1]
