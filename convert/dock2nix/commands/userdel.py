"""`userdel`, `groupdel`, and the same of Debian's adduser package and of busybox: accounts that are taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.commands.base import Translation, is_account, option_table, read_options, writes_nowhere
from dock2nix.model.image import RemoveAccount

if TYPE_CHECKING:
    from dock2nix.model.shell import Invocation, Redirect
    from dock2nix.model.source import Location

PROGRAMS = frozenset({"delgroup", "deluser", "groupdel", "userdel"})
_OPTIONS = option_table(
    "-r --remove --remove-home", "-f --force", "-q --quiet", "--system", "--only-if-empty"
)
_OF_GROUPS = frozenset({"delgroup", "groupdel"})


def translate(
    invocation: Invocation, redirects: tuple[Redirect, ...], location: Location, text: str
) -> Translation | None:
    """The account is not in /etc/passwd or /etc/group; its home is not made. Taking a user out of a group is left alone."""
    options = read_options(invocation.arguments, _OPTIONS)
    if options is None or len(options.operands) != 1 or not writes_nowhere(redirects):
        return None
    name = options.operands[0].value or ""
    if not is_account(name) or name == "root":
        return None
    program = (invocation.program or "").rpartition("/")[2]
    effect = RemoveAccount(
        name=name, group=program in _OF_GROUPS, home=options.has("-r"), location=location, text=text
    )
    return Translation(effects=(effect,), reason="takes an account away")
