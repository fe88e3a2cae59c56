"""A plan with little in it, for tests that add what they are about."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from dock2nix.model.image import FlakeInput, ImageConfig
from dock2nix.model.plan import ImagePlan, Surroundings
from fakes import HASH

INPUT = FlakeInput(name="nixpkgs", channel="nixpkgs-unstable", rev="0" * 40, nar_hash=HASH, last_modified=1)


def plan(**fields: Any) -> ImagePlan:
    """A plan with these fields; without any it is the plan of an empty image."""
    empty = ImagePlan(
        name="app",
        tag="latest",
        builder="buildImage",
        dockerfile="Dockerfile",
        inputs=(INPUT,),
        systems=("x86_64-linux",),
        sections=(),
        build_sections=(),
        unfree=(),
        users=(),
        groups=(),
        user_comments=(),
        effects=(),
        environment=(),
        config=ImageConfig(),
        surroundings=Surroundings(),
    )
    return replace(empty, **fields)
