"""`useradd` and `usermod` of shadow-utils: users."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from msgspec import Struct

from dock2nix.commands.base import (
    Options,
    Translation,
    is_account,
    number,
    option_table,
    read_options,
    writes_nowhere,
)
from dock2nix.model.image import AddGroup, AddUser

if TYPE_CHECKING:
    from dock2nix.model.image import Effect
    from dock2nix.model.shell import Invocation, Redirect, Word
    from dock2nix.model.source import Location

PROGRAMS = frozenset({"useradd", "usermod"})
_COMMON = (
    "-c --comment =",
    "-d --home --home-dir =",
    "-e --expiredate =",
    "-f --inactive =",
    "-g --gid =",
    "-G --groups =",
    "-o --non-unique",
    "-p --password =",
    "-s --shell =",
    "-u --uid =",
)
USERADD_OPTIONS = option_table(
    *_COMMON,
    "-b --base-dir =",
    "-k --skel =",
    "-l --no-log-init",
    "-m --create-home",
    "-M --no-create-home",
    "-N --no-user-group",
    "-r --system",
    "-U --user-group",
)
_USERMOD_OPTIONS = option_table(*_COMMON, "-a --append", "-L --lock", "-U --unlock", "-m --move-home")
_PASSWORD = ("D2N307", "a password is left out: the image has no /etc/shadow", "")


class Account(Struct, frozen=True, kw_only=True):
    """The parts of an account that options name, checked; `group` and `gid` are two ways to say the same."""

    name: str
    uid: int | None
    gid: int | None
    group: str
    groups: tuple[str, ...]
    comment: str
    home: str
    shell: str


def translate(
    invocation: Invocation, redirects: tuple[Redirect, ...], location: Location, text: str
) -> Translation | None:
    """A new user, or a known one changed; group memberships are effects of their own."""
    if not writes_nowhere(redirects):
        return None
    if (invocation.program or "").endswith("useradd"):
        return add_user(invocation.arguments, location, text)
    return _modify_user(invocation.arguments, location, text)


def add_user(words: tuple[Word, ...], location: Location, text: str) -> Translation | None:
    """What `useradd` with these arguments does (on Fedora and its relatives `adduser` is the same program)."""
    options = read_options(words, USERADD_OPTIONS)
    account = read_account(options) if options else None
    if options is None or account is None or options.last("-k") not in {None, "/dev/null", "/etc/skel"}:
        return None
    own_group = not options.has("-N") or options.has("-U") or bool(account.group or account.gid is not None)
    home = account.home
    if not home and options.has("-b"):
        home = posixpath.join(options.last("-b") or "/home", account.name)
    user = AddUser(
        name=account.name,
        uid=account.uid,
        gid=account.gid,
        group=account.group if own_group else "users",
        groups=account.groups,
        comment=account.comment,
        home=home,
        shell=account.shell,
        create_home=options.has("-m") and not options.has("-M"),
        unsaid_home=not options.has("-m", "-M", "-r"),
        system=options.has("-r"),
        location=location,
        text=text,
    )
    return Translation(
        effects=(user,), reason="adds a user", findings=(_PASSWORD,) if options.has("-p") else ()
    )


def read_account(options: Options) -> Account | None:
    """The account that options of useradd and usermod describe; None when a part is not in order."""
    name = (options.operands[0].value or "") if len(options.operands) == 1 else ""
    uid, group = options.last("-u"), options.last("-g")
    groups = tuple(part for part in (options.last("-G") or "").split(",") if part)
    texts = {key: options.last(key) or "" for key in ("-c", "-d", "-s")}
    named = (name, *groups, *(() if group is None or number(group) is not None else (group,)))
    if not all(is_account(part) for part in named) or (uid is not None and number(uid) is None):
        return None
    if any(char in value for value in texts.values() for char in ":\n\0"):
        return None
    gid = number(group)
    return Account(
        name=name,
        uid=number(uid),
        gid=gid,
        group="" if gid is not None else group or "",
        groups=groups,
        comment=texts["-c"],
        home=texts["-d"],
        shell=texts["-s"],
    )


def _modify_user(words: tuple[Word, ...], location: Location, text: str) -> Translation | None:
    """`usermod`; without `-a`, `-G` would take the user out of other groups, which has no effect here."""
    options = read_options(words, _USERMOD_OPTIONS)
    account = read_account(options) if options else None
    if options is None or account is None or (options.has("-G") and not options.has("-a")):
        return None
    effects: list[Effect] = []
    if options.has("-c", "-d", "-g", "-s", "-u"):
        effects.append(
            AddUser(
                name=account.name,
                uid=account.uid,
                gid=account.gid,
                group=account.group,
                comment=account.comment,
                home=account.home,
                shell=account.shell,
                create_home=options.has("-m"),
                location=location,
                text=text,
            )
        )
    effects += (
        AddGroup(name=group, members=(account.name,), location=location, text=text)
        for group in account.groups
    )
    reason = "changes a user" if effects else "sets a password or locks one; the image has no /etc/shadow"
    return Translation(effects=tuple(effects), reason=reason)
