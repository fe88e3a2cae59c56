"""`.` and `source`."""

from __future__ import annotations

import pytest

from dock2nix.commands import translate
from fakes import invocation, place


@pytest.mark.parametrize(
    "command",
    [
        ". /etc/os-release",
        "source /opt/venv/bin/activate",
        ". /root/.nvm/nvm.sh --no-use",
        ". /root/.cargo/env",
        '. "$HOME/.cargo/env"',
    ],
)
def test_files_that_only_set_variables(command: str) -> None:
    found = translate(invocation(command), (), place(), command)
    assert found is not None
    assert found.effects == ()
    assert found.reason


@pytest.mark.parametrize("command", [".", ". /opt/setup.sh", ". $FILE", "source ./activate"])
def test_left_alone(command: str) -> None:
    assert translate(invocation(command), (), place(), command) is None
