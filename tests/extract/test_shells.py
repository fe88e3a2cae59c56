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
