"""`setcap`: capabilities of programs, which no layer that Nix builds can hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.commands.base import Translation, writes_nowhere

if TYPE_CHECKING:
    from dock2nix.model.shell import Invocation, Redirect
    from dock2nix.model.source import Location

PROGRAMS = frozenset({"setcap"})
_HINTS = {
    "cap_net_bind_service": "Docker lets everybody open ports below 1024; elsewhere: a higher port, or "
    "--sysctl net.ipv4.ip_unprivileged_port_start=0",
}
_HINT = "give it to the container (--cap-add), or run the program as root"


def translate(
    invocation: Invocation,
    redirects: tuple[Redirect, ...],
    location: Location,  # noqa: ARG001 - the shape of a command
    text: str,  # noqa: ARG001
) -> Translation | None:
    """Nothing but a finding; taking capabilities away does nothing, since no program has any."""
    words = [word.value for word in invocation.arguments]
    if not writes_nowhere(redirects) or None in words:
        return None
    if "-r" in words:
        return Translation(effects=(), reason="programs of nixpkgs have no capabilities")
    known = [word or "" for word in words if (word or "")[:1] != "-"]
    if len(known) != 2:
        return None
    capability = known[0].lower().partition("=")[0].partition("+")[0]
    message = (
        f"{known[1]} does not get {capability}: Nix's store and the layers it makes have no file capabilities"
    )
    finding = ("D2N307", message, _HINTS.get(capability, _HINT))
    return Translation(effects=(), reason="capabilities of files cannot be kept", findings=(finding,))
