"""The image configuration follows Docker's rules of inheritance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dock2nix.model.image import Healthcheck, ImageConfig
from dock2nix.parse.dockerfile import parse_dockerfile
from dock2nix.parse.stages import link_stages
from dock2nix.plan.config import duration, fold_config

if TYPE_CHECKING:
    from dock2nix.model.dockerfile import ScopedInstruction


def instructions(text: str) -> tuple[ScopedInstruction, ...]:
    parsed = parse_dockerfile(f"FROM x\n{text}".encode(), "Dockerfile").value
    return link_stages(parsed, build_arguments={}).value[0].instructions


BASE = ImageConfig(cmd=("python3",), entrypoint=("/init",), working_dir="/srv", exposed_ports=("80/tcp",))


@pytest.mark.parametrize(
    ("text", "field", "expected"),
    [
        pytest.param("", "cmd", ("python3",), id="cmd is inherited"),
        pytest.param('ENTRYPOINT ["a"]', "cmd", None, id="an entrypoint drops the inherited cmd"),
        pytest.param(
            'CMD ["b"]\nENTRYPOINT ["a"]', "cmd", ("b",), id="an own cmd survives a later entrypoint"
        ),
        pytest.param("CMD b c", "cmd", ("/bin/sh", "-c", "b c"), id="shell form runs in the shell"),
        pytest.param(
            'SHELL ["/bin/bash", "-c"]\nCMD b', "cmd", ("/bin/bash", "-c", "b"), id="shell form honours SHELL"
        ),
        pytest.param("CMD []", "cmd", (), id="an empty array is an empty cmd"),
        pytest.param('CMD ["echo", "${HOME}"]', "cmd", ("echo", "${HOME}"), id="exec form is literal"),
        pytest.param(
            "WORKDIR app", "working_dir", "/srv/app", id="a relative workdir stands on the inherited one"
        ),
        pytest.param("WORKDIR /a/../b/", "working_dir", "/b", id="a workdir is normalised"),
        pytest.param("EXPOSE 53/udp 80", "exposed_ports", ("80/tcp", "53/udp"), id="ports are added once"),
        pytest.param(
            "EXPOSE 8000-8002",
            "exposed_ports",
            ("80/tcp", "8000/tcp", "8001/tcp", "8002/tcp"),
            id="port ranges",
        ),
        pytest.param('VOLUME ["/a", "/b"]', "volumes", ("/a", "/b"), id="volumes as an array"),
        pytest.param("VOLUME /a /b", "volumes", ("/a", "/b"), id="volumes as words"),
        pytest.param(
            "LABEL a=1 b=2\nLABEL a=3", "labels", (("a", "3"), ("b", "2")), id="the last label wins"
        ),
        pytest.param("USER 1000:1000", "user", "1000:1000", id="user"),
        pytest.param("STOPSIGNAL SIGINT", "stop_signal", "SIGINT", id="stop signal"),
        pytest.param(
            "HEALTHCHECK NONE", "healthcheck", Healthcheck(test=("NONE",)), id="health check switched off"
        ),
        pytest.param(
            "HEALTHCHECK --interval=1m30s --retries=2 CMD curl x",
            "healthcheck",
            Healthcheck(test=("CMD-SHELL", "curl x"), interval=90 * 10**9, retries=2),
            id="health check in shell form",
        ),
        pytest.param(
            'HEALTHCHECK CMD ["a", "b"]',
            "healthcheck",
            Healthcheck(test=("CMD", "a", "b")),
            id="health check in exec form",
        ),
    ],
)
def test_folds(text: str, field: str, expected: object) -> None:
    assert getattr(fold_config(BASE, (instructions(text),)), field) == expected


def test_an_entrypoint_drops_the_cmd_of_the_stage_below() -> None:
    below, above = instructions('CMD ["x"]'), instructions('ENTRYPOINT ["y"]')
    assert fold_config(ImageConfig(), (below, above)).cmd is None


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("30s", 30 * 10**9),
        ("1h2m", 3720 * 10**9),
        ("500ms", 5 * 10**8),
        ("1.5s", 15 * 10**8),
        ("soon", 0),
        (None, 0),
    ],
)
def test_durations_are_gos(text: str | None, nanoseconds: int) -> None:
    assert duration(text) == nanoseconds
