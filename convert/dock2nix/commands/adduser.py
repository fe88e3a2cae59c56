"""`adduser` and `addgroup`: Debian's, BusyBox's and (as another name for useradd) Fedora's, told apart by their options."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dock2nix.commands.base import (
    Options,
    Translation,
    is_account,
    number,
    option_table,
    read_options,
    writes_nowhere,
)
from dock2nix.commands.groupadd import add_member
from dock2nix.commands.useradd import add_user
from dock2nix.model.image import AddGroup, AddUser

if TYPE_CHECKING:
    from dock2nix.model.shell import Invocation, Redirect, Word
    from dock2nix.model.source import Location

PROGRAMS = frozenset({"adduser", "addgroup"})
_SAME = ("--uid -u =", "--shell -s =", "--system -S", "--no-create-home -H", "--disabled-password -D")
_BUSYBOX = option_table(*_SAME, "--home -h =", "--gecos -g =", "--ingroup -G =", "--skel -k =")
_BUSYBOX_GROUP = option_table("--gid -g =", "--system -S")
_DEBIAN = option_table(
    "--uid =",
    "--shell =",
    "--system",
    "--no-create-home",
    "--disabled-password",
    "--disabled-login",
    "--home =",
    "--gecos --comment =",
    "--ingroup =",
    "--gid =",
    "--group",
    "--quiet -q",
    "--debug",
    "--add_extra_groups",
    "--add-extra-groups",
    "--force-badname --allow-bad-names --allow-badname",
    "--firstuid =",
    "--lastuid =",
)
_SHADOW_LONG = frozenset({"--create-home", "--groups", "--home-dir", "--no-user-group", "--user-group"})
_SHADOW_LETTERS = frozenset("MNUbcdeflmopr")
_BUSYBOX_LETTERS = frozenset("DHSh")
_SYSTEM_GROUP = "nogroup"
_NO_LOGIN = "/sbin/nologin"


class _Dialect(Enum):
    DEBIAN = auto()
    BUSYBOX = auto()
    SHADOW = auto()


def translate(
    invocation: Invocation, redirects: tuple[Redirect, ...], location: Location, text: str
) -> Translation | None:
    """A new user or group, or (`adduser USER GROUP`, `addgroup USER GROUP`) a user put into a group."""
    if not writes_nowhere(redirects):
        return None
    is_group = (invocation.program or "").endswith("addgroup")
    words = _with_two_dashes(invocation.arguments)
    dialect = _dialect([word.value or "" for word in words], is_group=is_group)
    if dialect is _Dialect.SHADOW:
        return add_user(words, location, text)
    busybox = _BUSYBOX_GROUP if is_group else _BUSYBOX
    options = read_options(words, _DEBIAN if dialect is _Dialect.DEBIAN else busybox) if dialect else None
    if options is None:
        return None
    names = [word.value or "" for word in options.operands]
    if len(names) == 2 and all(name == "--quiet" for name, _ in options.given):
        return add_member(names[0], names[1], location, text)
    if len(names) != 1 or not is_account(names[0]):
        return None
    if is_group or (options.has("--group") and not options.has("--system")):
        return _group(names[0], options, location, text)
    return _user(names[0], options, location, text)


def _dialect(values: list[str], *, is_group: bool) -> _Dialect | None:
    """Whose options these are; None when they mean different things to different programs."""
    letters = {value[1] for value in values if value[:1] == "-" and value[1:2] not in {"", "-"}}
    if is_group:
        return _Dialect.BUSYBOX if letters & {"g", "S"} else _Dialect.DEBIAN
    if letters & _BUSYBOX_LETTERS:
        return _Dialect.BUSYBOX
    if letters & _SHADOW_LETTERS or any(value.partition("=")[0] in _SHADOW_LONG for value in values):
        return _Dialect.SHADOW
    if letters & {"g", "G"}:
        return None
    return _Dialect.BUSYBOX if letters & {"s", "u"} else _Dialect.DEBIAN


def _with_two_dashes(words: tuple[Word, ...]) -> tuple[Word, ...]:
    """Debian's adduser takes its long options with one dash too (`-gecos`)."""
    return tuple(
        replace(word, value=f"-{word.value}")
        if word.value and len(word.value) > 2 and f"-{word.value.partition('=')[0]}" in _DEBIAN
        else word
        for word in words
    )


def _group(name: str, options: Options, location: Location, text: str) -> Translation | None:
    gid = options.last("--gid")
    if gid is not None and number(gid) is None:
        return None
    effect = AddGroup(
        name=name, gid=number(gid), system=options.has("--system"), location=location, text=text
    )
    return Translation(effects=(effect,), reason="adds a group")


def _user(name: str, options: Options, location: Location, text: str) -> Translation | None:
    """A system user without a group of its own is in `nogroup` and cannot log in."""
    system = options.has("--system")
    group = options.last("--ingroup") or ""
    gid, uid = options.last("--gid") or group, options.last("--uid")
    if system and not gid and not options.has("--group"):
        group = _SYSTEM_GROUP
    if not _are_in_order(options):
        return None
    user = AddUser(
        name=name,
        uid=number(uid),
        gid=number(gid),
        group="" if number(gid) is not None else group,
        comment=(options.last("--gecos") or "").rstrip(","),
        home=options.last("--home") or "",
        shell=options.last("--shell") or _NO_LOGIN * system,
        create_home=not options.has("--no-create-home"),
        system=system,
        location=location,
        text=text,
    )
    return Translation(effects=(user,), reason="adds a user")


def _are_in_order(options: Options) -> bool:
    """Whether the values fit into /etc/passwd and determine the account."""
    texts = (options.last(key) or "" for key in ("--home", "--gecos", "--shell"))
    if any(char in value for value in texts for char in ":\n\0"):
        return False
    if any(number(value) is None for key in ("--uid", "--gid") for value in options.values(key)):
        return False
    group = options.last("--ingroup")
    if group and not is_account(group) and number(group) is None:
        return False
    return options.has("--uid") or not options.has("--firstuid", "--lastuid")
