"""Secrets that would become part of the image."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dock2nix.model.finding import Finding
from dock2nix.regex import regex

if TYPE_CHECKING:
    from dock2nix.model.dockerfile import ScopedInstruction

_SECRET = regex(
    r"(?:^|_)(?:PASSWORD|PASSWD|SECRET|SECRET_KEY|ACCESS_KEY|API_?KEY|PRIVATE_KEY|AUTH_TOKEN|TOKEN)(?:_[0-9]+)?$",
    re.IGNORECASE,
)


def names_a_secret(name: str) -> bool:
    """Whether the name of a variable says that its value is one."""
    return _SECRET.search(name) is not None


def secrets_in_environment(instruction: ScopedInstruction) -> tuple[Finding, ...]:
    """A finding for each variable of an ENV whose name says that its value is a secret; a file's name or nothing is none."""
    if instruction.keyword != "ENV":
        return ()
    pairs = zip(instruction.arguments[::2], instruction.arguments[1::2], strict=False)
    return tuple(
        Finding(
            code="D2N505",
            message=f"ENV {name} looks like a secret: everybody who has the image or the flake can read it",
            location=instruction.location,
            hint="give it to the container when it is started",
        )
        for name, value in pairs
        if names_a_secret(name) and value and not value.startswith("/")
    )
