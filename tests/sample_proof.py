"""What every sample has to stand: Nix builds it twice alike, its image is in order, and it runs and answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from container_lab import unpacked, why_no_containers
from image_rules import image_problems
from nix_lab import STATE, build_flake

if TYPE_CHECKING:
    from collections.abc import Mapping

    from container_lab import Container
    from nix_lab import Nix

_REPOSITORY = Path(__file__).parents[1]


def prove_image(flake: Path, nix: Nix, sample: Mapping[str, Any]) -> str:
    """Build a flake's image twice, inspect it, run it.

    Args:
        flake: its folder, with the build context and nix/report.json.
        nix: the version of Nix to build with.
        sample: what `sample.toml` says.

    Returns:
        Why the image was not run, "" when it was.

    Raises:
        AssertionError: it does not stand the proof.
    """
    archive = build_flake(flake, nix)
    report = json.loads((flake / "nix/report.json").read_text(encoding="utf-8"))
    problems = image_problems(archive, report, (str(flake), str(STATE), str(_REPOSITORY)))
    assert not problems, "\n".join(problems)
    if reason := why_no_containers():
        return reason
    with unpacked(archive) as container:
        run_image(container, sample)
    return ""


def run_image(container: Container, sample: Mapping[str, Any]) -> None:
    """What the image is started with can be started, and its smoke tests give what `sample.toml` says.

    Raises:
        AssertionError: they do not.
    """
    if sample["exit_code"] == 0 and container.words():
        first = container.words()[0]
        assert container.finds(first), f"{first}, which the image starts with, is not in it"
    for smoke in sample.get("smoke", []):
        _server(container, smoke) if "request" in smoke else _command(container, smoke)


def _server(container: Container, smoke: Mapping[str, Any]) -> None:
    with container.started() as running:
        answer = running.ask(smoke["request"])
        assert smoke["output"] in answer, answer
        if "Healthcheck" in container.config:
            health = running.healthy()
            assert health.code == 0, f"the container is not healthy: {health.output}"


def _command(container: Container, smoke: Mapping[str, Any]) -> None:
    ran = container.run(smoke.get("command"), smoke.get("entrypoint"))
    assert smoke["output"] in ran.output, f"{smoke['output']!r} is not in {ran.output!r}"
    assert ran.code == smoke.get("exit_code", 0), f"{ran.code}: {ran.output}"
