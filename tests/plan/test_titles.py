"""Sections of the package lists are headed by the command that asked for them, in a few words."""

from __future__ import annotations

import pytest

from dock2nix.model.steps import CommandOutcome, Step
from dock2nix.plan.packages import title_of
from fakes import place

MANY = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda"


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("apk add jq", "apk add jq"),
        (f"apt-get install {MANY}", "apt-get install"),
        (f"apt-get install -y {MANY}", "apt-get install"),
        (f"apt-get -y --no-install-recommends install {MANY}", "apt-get install"),
        (f"apk -U add {MANY}", "apk add"),
        (f"apk --no-cache --virtual .deps add {MANY}", "apk add"),
        (f"python -m pip install {MANY}", "python -m pip install"),
        (f"uv pip install {MANY}", "uv pip install"),
        (f"npm i -g {MANY}", "npm i"),
        (f"A=1 apt-get install \\\n {MANY}", "A=1 apt-get install"),
        (f"brew -q fetch {MANY}", "brew fetch"),
    ],
)
def test_title(text: str, title: str) -> None:
    step = Step(stage=0, program="x", text=text, location=place(5), outcome=CommandOutcome.TRANSLATED)
    assert title_of(step) == f"5: {title}"
