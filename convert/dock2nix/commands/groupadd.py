"""`groupadd` of shadow-utils and `gpasswd -a`: groups and who is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.commands.base import (
    Translation,
    is_account,
    number,
    option_table,
    read_options,
    writes_nowhere,
)
from dock2nix.model.image import AddGroup

if TYPE_CHECKING:
    from dock2nix.model.shell import Invocation, Redirect, Word
    from dock2nix.model.source import Location

PROGRAMS = frozenset({"groupadd", "gpasswd"})
_GROUPADD = option_table(
    "-f --force", "-g --gid =", "-o --non-unique", "-p --password =", "-r --system", "-U --users ="
)
_GPASSWD = option_table("-a --add =")


def translate(
    invocation: Invocation, redirects: tuple[Redirect, ...], location: Location, text: str
) -> Translation | None:
    """A new group, or a user added to one."""
    if not writes_nowhere(redirects):
        return None
    if (invocation.program or "").endswith("groupadd"):
        return _add_group(invocation.arguments, location, text)
    options = read_options(invocation.arguments, _GPASSWD)
    if options is None or len(options.operands) != 1:
        return None
    return add_member(options.last("-a") or "", options.operands[0].value or "", location, text)


def add_member(user: str, group: str, location: Location, text: str) -> Translation | None:
    """A user put into a group."""
    if not (is_account(user) and is_account(group)):
        return None
    effect = AddGroup(name=group, members=(user,), location=location, text=text)
    return Translation(effects=(effect,), reason="puts a user into a group")


def _add_group(words: tuple[Word, ...], location: Location, text: str) -> Translation | None:
    options = read_options(words, _GROUPADD)
    if options is None or len(options.operands) != 1:
        return None
    name, gid = options.operands[0].value or "", options.last("-g")
    members = tuple(part for part in (options.last("-U") or "").split(",") if part)
    if not all(is_account(part) for part in (name, *members)) or (gid is not None and number(gid) is None):
        return None
    effect = AddGroup(
        name=name,
        gid=number(gid),
        members=members,
        system=options.has("-r"),
        location=location,
        text=text,
    )
    return Translation(effects=(effect,), reason="adds a group")
