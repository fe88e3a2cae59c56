"""`. FILE` and `source FILE`: files that only set variables of the shell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.commands.base import Translation, writes_nowhere

if TYPE_CHECKING:
    from dock2nix.model.shell import Invocation, Redirect
    from dock2nix.model.source import Location

PROGRAMS = frozenset({".", "source"})
# What the path ends with, and why nothing is missed. `parse/shell/builtins.py` knows which variables each sets.
_KNOWN = {
    "/.cargo/env": "puts Rust's tools into the shell's PATH; the image has them in /bin",
    "/bin/activate": "puts a virtual environment into the shell's PATH; its packages are the image's",
    "/cargo/env": "puts Rust's tools into the shell's PATH; the image has them in /bin",
    "/lsb-release": "only sets variables of the shell",
    "/nvm.sh": "defines nvm in the shell; the image has its Node.js in /bin",
    "/os-release": "only sets variables of the shell",
}


def translate(
    invocation: Invocation,
    redirects: tuple[Redirect, ...],
    location: Location,  # noqa: ARG001 - the shape of a command
    text: str,  # noqa: ARG001
) -> Translation | None:
    """Nothing, for files that are known to have no effect on others."""
    if not invocation.arguments or not writes_nowhere(redirects):
        return None
    word = invocation.arguments[0]
    path = (
        word.value if word.value is not None else word.text.strip("\"'")
    )  # `"$HOME/.cargo/env"`: the end tells
    reason = next((why for end, why in _KNOWN.items() if path.endswith(end)), "")
    return Translation(effects=(), reason=reason) if reason else None
