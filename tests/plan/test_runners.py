"""`uv run` and `poetry run` are not the image's command: what they would look for is there already."""

from __future__ import annotations

import pytest

from dock2nix.model.image import ImageConfig
from dock2nix.model.packages import Action, InstallStep, ManifestUse
from dock2nix.model.source import Location
from dock2nix.model.steps import CommandOutcome, Step
from dock2nix.plan.runners import without_runner

PLACE = Location(path="Dockerfile", first_line=3, first_column=1, last_line=3, last_column=9)
SHELL = ("/bin/sh", "-c")


def install(role: str) -> tuple[Step, ...]:
    """An install from a lock that was read (`locked`), or one that was not."""
    use = ManifestUse(path="uv.lock", role=role, location=PLACE)
    step = InstallStep(manager="pip", action=Action.INSTALL, manifests=(use,))
    return (
        Step(
            stage=0,
            program="uv",
            text="uv sync",
            location=PLACE,
            outcome=CommandOutcome.TRANSLATED,
            installs=(step,),
        ),
    )


def commands(config: ImageConfig) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    return config.entrypoint, config.cmd


@pytest.mark.parametrize(
    ("entrypoint", "cmd", "expected"),
    [
        pytest.param(None, ("uv", "run", "gunicorn", "app"), (None, ("gunicorn", "app")), id="exec"),
        pytest.param(
            None,
            ("uv", "run", "--frozen", "--no-dev", "python", "-m", "app"),
            (None, ("python", "-m", "app")),
            id="options",
        ),
        pytest.param(None, ("uv", "run", "src/main.py"), (None, ("python", "src/main.py")), id="script"),
        pytest.param(None, ("/bin/uv", "run", "app"), (None, ("app",)), id="path"),
        pytest.param(None, ("poetry", "run", "app"), (None, ("app",)), id="poetry"),
        pytest.param(
            None,
            (*SHELL, "exec uv run --no-sync app --port $PORT"),
            (None, (*SHELL, "exec app --port $PORT")),
            id="shell",
        ),
        pytest.param(
            None,
            (*SHELL, "uv run main.py && echo done"),
            (None, (*SHELL, "python main.py && echo done")),
            id="script-in-a-shell",
        ),
        pytest.param(("uv", "run"), ("app", "--x"), (None, ("app", "--x")), id="entry-point-without-program"),
        pytest.param(("uv", "run", "app"), ("--x",), (("app",), ("--x",)), id="entry-point-with-arguments"),
    ],
)
def test_the_runner_is_left_out(
    entrypoint: tuple[str, ...] | None,
    cmd: tuple[str, ...],
    expected: tuple[tuple[str, ...] | None, tuple[str, ...]],
) -> None:
    found = without_runner(ImageConfig(entrypoint=entrypoint, cmd=cmd), install("locked"), PLACE)

    assert commands(found.value) == expected
    assert [one.code for one in found.findings] == ["D2N112"]


@pytest.mark.parametrize(
    "cmd",
    [
        pytest.param(("uv", "run", "-m", "app"), id="a-module"),
        pytest.param(("uv", "run", "--with", "x", "app"), id="further-packages"),
        pytest.param(("uv", "sync"), id="another-verb"),
        pytest.param(("uv", "run"), id="nothing-to-run"),
        pytest.param(("app", "uv", "run"), id="an-argument"),
        pytest.param((*SHELL, "migrate && uv run app"), id="behind-another-command"),
    ],
)
def test_other_uses_stay(cmd: tuple[str, ...]) -> None:
    config = ImageConfig(cmd=cmd)

    found = without_runner(config, install("locked"), PLACE)

    assert (found.value, found.findings) == (config, ())


def test_it_stays_where_no_lock_is_installed() -> None:
    config = ImageConfig(cmd=("uv", "run", "app"))

    assert without_runner(config, install("lock"), PLACE).value == config
