"""`chpasswd` and `passwd`: passwords, which an image of Nix does not hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.commands.base import Translation, option_table, read_options, writes_nowhere

if TYPE_CHECKING:
    from dock2nix.model.shell import Invocation, Redirect
    from dock2nix.model.source import Location

PROGRAMS = frozenset({"chpasswd", "passwd"})
_PASSWD = option_table(
    "-l --lock",
    "-u --unlock",
    "-d --delete",
    "-e --expire",
    "-q --quiet",
    "-f --force",
    "-S --status",
    "--stdin",
)
_LOCKS = ("-l", "-e", "-S")
_MESSAGE = "a password is left out: it would be readable in the image for everybody who has it, and the image has no /etc/shadow"
_HINT = "give it to the container when it starts (a secret, a mounted file), or log in with a key"


def translate(
    invocation: Invocation,
    redirects: tuple[Redirect, ...],
    location: Location,  # noqa: ARG001 - the shape of a command
    text: str,  # noqa: ARG001
) -> Translation | None:
    """Nothing for the image; a finding when a password is set, or taken away so that anybody may log in."""
    if not writes_nowhere(redirects):
        return None
    reason = "sets a password or locks one; the image has no /etc/shadow"
    if (invocation.program or "").endswith("chpasswd"):
        return Translation(effects=(), reason=reason, findings=(("D2N505", _MESSAGE, _HINT),))
    options = read_options(invocation.arguments, _PASSWD)
    if options is None:
        return None
    locked = options.has(*_LOCKS) and not options.has("-d", "-u")
    return Translation(effects=(), reason=reason, findings=() if locked else (("D2N505", _MESSAGE, _HINT),))
