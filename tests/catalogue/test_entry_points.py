"""Entry points of services, run by a shell: which program they start, with which words."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from dock2nix.folders import data_folder

if TYPE_CHECKING:
    from pathlib import Path

SERVICES = data_folder("mappings") / "services"
SHELL = shutil.which("dash") or "/bin/sh"
USUAL = "/usr/local/bin/docker-entrypoint.sh"
GRAFANA = {
    "GF_PATHS_CONFIG": "/etc/g.ini",
    "GF_PATHS_HOME": "/home",
    "GF_PATHS_LOGS": "/log",
    "GF_PATHS_PROVISIONING": "/prov",
}


def started(tmp_path: Path, service: str, script: str, words: list[str], **variables: str) -> list[str]:
    """The words of the program that is started; `traefik version --help` is known to traefik, `traefik sh --help` is not."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("grafana", "haproxy", "memcached", "prometheus", "sh", "traefik"):
        text = (
            f'#!{SHELL}\n[ "$2" != --help ] || {{ [ "$1" = version ]; exit; }}\nprintf "%s\\n" {name} "$@"\n'
        )
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    command = [SHELL, str(SERVICES / service / "root" / script.lstrip("/")), *words]
    environment = {"PATH": f"{tools}:/usr/bin:/bin", **variables}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("service", "script", "words", "expected"),
    [
        ("memcached", USUAL, ["memcached"], ["memcached"]),
        ("memcached", USUAL, ["-m", "64"], ["memcached", "-m", "64"]),
        ("memcached", USUAL, ["sh", "x y"], ["sh", "x y"]),
        ("haproxy", USUAL, ["-f", "/x"], ["haproxy", "-W", "-db", "-f", "/x"]),
        ("haproxy", USUAL, ["haproxy", "-f", "/x"], ["haproxy", "-W", "-db", "-f", "/x"]),
        ("haproxy", USUAL, ["sh"], ["sh"]),
        ("traefik", "/entrypoint.sh", ["traefik"], ["traefik"]),
        ("traefik", "/entrypoint.sh", ["--ping", "--x=a b"], ["traefik", "--ping", "--x=a b"]),
        ("traefik", "/entrypoint.sh", ["version"], ["traefik", "version"]),
        ("traefik", "/entrypoint.sh", ["sh", "-c", "x"], ["sh", "-c", "x"]),
    ],
)
def test_options_go_to_the_server_and_programs_run(
    service: str, script: str, words: list[str], expected: list[str], tmp_path: Path
) -> None:
    assert started(tmp_path, service, script, words) == expected


def test_grafana_gets_its_folders_and_the_values_of_files(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("a b\n")
    folders = {"GF_PATHS_DATA": str(tmp_path / "data"), "GF_PATHS_PLUGINS": str(tmp_path / "data/plugins")}
    secret = {"GF_SECURITY_ADMIN_PASSWORD__FILE": str(tmp_path / "secret")}
    words = started(tmp_path, "grafana", "/run.sh", ["--profile"], **GRAFANA, **folders, **secret)
    assert words[:6] == [
        "grafana",
        "server",
        "--homepath=/home",
        "--config=/etc/g.ini",
        "--packaging=docker",
        "--profile",
    ]
    assert "cfg:default.log.mode=console" in words
    assert f"cfg:default.paths.plugins={tmp_path}/data/plugins" in words
    assert (tmp_path / "data/plugins").is_dir()


def test_grafana_takes_no_value_twice(tmp_path: Path) -> None:
    twice = {"GF_A": "x", "GF_A__FILE": "/dev/null"}
    with pytest.raises(subprocess.CalledProcessError):
        started(
            tmp_path, "grafana", "/run.sh", [], **GRAFANA, GF_PATHS_DATA="/", GF_PATHS_PLUGINS="/", **twice
        )
