"""Who is in /etc/passwd and /etc/group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from dock2nix.model.image import AddGroup, AddUser, Group, MakeDirectory, RemoveAccount, SetOwner, User
from dock2nix.parse.copying import STANDARD_DIRECTORIES

if TYPE_CHECKING:
    from dock2nix.model.image import BaseImage, Effect
    from dock2nix.model.source import Location

NOBODY = 65534
_FIRST, _LAST, _FIRST_SYSTEM, _LAST_SYSTEM = 1000, 60000, 100, 999
# Accounts of a distribution with high numbers that nothing but the distribution's own packages uses.
_STANDARD = frozenset({"guest", "nobody", "nogroup", "users"})
_OTHER_NAMES_OF_NOBODY = ("nobody", "nogroup")
# Homes that are no folders, or not the user's own.
_NO_HOMES = frozenset({"/", "/dev/null", "/nonexistent", "/var/empty"})


class Accounts(Struct):
    """The accounts of an image under construction; root and nobody are in every image that has any.

    `gone` are the homes that users had who were taken away, by name.
    """

    users: dict[str, User] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    gone: dict[str, str] = field(default_factory=dict)

    def uid(self, name: str) -> int | None:
        """The number of a user given by name or number; None when there is no such user."""
        if name.isdigit():
            return int(name)
        return self.users[name].uid if name in self.users else {"root": 0, "nobody": NOBODY}.get(name)

    def gid(self, name: str) -> int | None:
        """The number of a group given by name or number; None when there is no such group."""
        if name.isdigit():
            return int(name)
        fixed = {"root": 0, **dict.fromkeys(_OTHER_NAMES_OF_NOBODY, NOBODY)}
        return self.groups[name].gid if name in self.groups else fixed.get(name)

    def primary_gid(self, user: str) -> int:
        """The primary group of a user given by name or number; 0 as in Docker when it is not known."""
        for known in self.users.values():
            if user in {known.name, str(known.uid)}:
                return known.gid
        return NOBODY if user in {"nobody", str(NOBODY)} else 0

    def numeric_owner(self, owner: str) -> str | None:
        """`user`, `user:group`, `:group` as chown takes them, to numbers; None when a name is not known."""
        user, colon, group = owner.partition(":")
        uid = self.uid(user) if user else None
        if user and uid is None:
            return None
        if not colon:
            return str(uid)
        gid = self.gid(group) if group else self.primary_gid(user)
        return None if gid is None else f"{'' if uid is None else uid}:{gid}"

    def kept(self, named: frozenset[str]) -> tuple[tuple[User, ...], tuple[Group, ...]]:
        """The accounts worth writing down: those named, and those beyond a distribution's standard ones, with their groups."""
        users = tuple(
            user
            for user in self.users.values()
            if user.name in named or (user.uid >= _FIRST_SYSTEM and user.name not in _STANDARD)
        )
        primary = {user.gid for user in users} - {NOBODY}
        groups = tuple(
            group
            for group in self.groups.values()
            if group.name in named
            or group.gid in primary
            or (group.gid >= _FIRST_SYSTEM and group.name not in _STANDARD)
        )
        return users, groups

    def home_of(self, name: str) -> str:
        """The folder that is the home of a known user; "" when there is none to make."""
        if name not in self.users:
            return ""
        home = self.users[name].home
        return "" if home in _NO_HOMES or home in STANDARD_DIRECTORIES else home

    def add_group(self, effect: AddGroup) -> None:
        known = self.groups.get(effect.name)
        if known:
            members = tuple(dict.fromkeys((*known.members, *effect.members)))
            self.groups[effect.name] = replace(known, members=members)
        elif self.gid(effect.name) is None:
            gid = effect.gid if effect.gid is not None else self._free_gid(effect.text, system=effect.system)
            self.groups[effect.name] = Group(name=effect.name, gid=gid, members=effect.members)

    def add_user(self, effect: AddUser) -> User:
        """A new line of passwd, or a known one changed; numbers that are not given are what the distribution's tool gives."""
        known = self.users.get(effect.name)
        uid = effect.uid if effect.uid is not None else known.uid if known else self._free_uid(effect)
        gid = self._primary_group(effect, uid, known)
        user = User(
            name=effect.name,
            uid=uid,
            gid=gid,
            comment=effect.comment or (known.comment if known else ""),
            home=effect.home or (known.home if known else f"/home/{effect.name}"),
            shell=effect.shell or (known.shell if known else "/bin/sh"),
        )
        self.users[effect.name] = user
        for name in effect.groups:
            group = self.groups.get(name)
            if group and effect.name not in group.members:
                self.groups[name] = replace(group, members=(*group.members, effect.name))
        return user

    def remove(self, effect: RemoveAccount) -> None:
        """A user and the group of the same name, or a group, is not there any more."""
        if not effect.group:
            home = self.home_of(effect.name)
            if self.users.pop(effect.name, None) is not None and home:
                self.gone[effect.name] = home
        self.groups.pop(effect.name, None)
        for group in self.groups.values():
            if effect.name in group.members:
                left = tuple(name for name in group.members if name != effect.name)
                self.groups[group.name] = replace(group, members=left)

    def _primary_group(self, effect: AddUser, uid: int, known: User | None) -> int:
        if effect.gid is not None:
            return effect.gid
        if effect.group:
            named = self.gid(effect.group)
            return named if named is not None else uid
        if known:
            return known.gid
        existing = self.groups.get(effect.name)
        if existing:
            return existing.gid
        taken = {group.gid for group in self.groups.values()}
        gid = uid if uid not in taken else self._free_gid(effect.text, system=effect.system)
        self.groups[effect.name] = Group(name=effect.name, gid=gid)
        return gid

    def _free_uid(self, effect: AddUser) -> int:
        return _free({user.uid for user in self.users.values()}, effect.text, system=effect.system)

    def _free_gid(self, text: str, *, system: bool) -> int:
        return _free({group.gid for group in self.groups.values()}, text, system=system)


def _free(taken: set[int], text: str, *, system: bool) -> int:
    """The number the tool would take: shadow's `useradd -r` counts down from 999, adduser and busybox up from 100."""
    if not system:
        return next(number for number in range(_FIRST, NOBODY) if number not in taken)
    downwards = "useradd" in text or "groupadd" in text
    numbers = range(_LAST_SYSTEM, 0, -1) if downwards else range(_FIRST_SYSTEM, _FIRST)
    return next((number for number in numbers if number not in taken), _LAST_SYSTEM)


def account_numbers(text: str, *, system: bool) -> tuple[str, str]:
    """From which number to which the tool that a command names looks for a free one."""
    if not system:
        return str(_FIRST), str(_LAST)
    downwards = "useradd" in text or "groupadd" in text
    numbers = (_LAST_SYSTEM, _FIRST_SYSTEM) if downwards else (_FIRST_SYSTEM, _LAST_SYSTEM)
    return str(numbers[0]), str(numbers[1])


def used_homes(
    base: BaseImage | None, accounts: Accounts, named: frozenset[str], location: Location
) -> tuple[Effect, ...]:
    """The homes that published images have for users of theirs, for those that the Dockerfile makes use of.

    Args:
        base: the base image.
        accounts: all accounts of the image.
        named: the names and numbers that stand in USER, as owners and the like.
        location: of the FROM.
    """
    text = f"FROM {base.reference.text}" if base else ""
    effects: list[Effect] = []
    for user in base.users if base else ():
        home = accounts.home_of(user.name)  # "" for one who was taken away
        if home and user.uid >= _FIRST_SYSTEM and not named.isdisjoint({user.name, str(user.uid)}):
            owner = f"{accounts.users[user.name].uid}:{accounts.users[user.name].gid}"
            effects.append(MakeDirectory(path=home, location=location, text=text))
            effects.append(SetOwner(path=home, owner=owner, location=location, text=text))
    return tuple(effects)


def accounts_of(base: BaseImage | None, effects: tuple[Effect, ...]) -> Accounts:
    """The base image's accounts, and those the effects add, in order."""
    accounts = Accounts()
    if base:
        accounts.groups.update({group.name: group for group in base.groups})
        accounts.users.update({user.name: user for user in base.users})
    for effect in effects:
        if isinstance(effect, AddGroup):
            accounts.add_group(effect)
        elif isinstance(effect, AddUser):
            accounts.add_user(effect)
        elif isinstance(effect, RemoveAccount):
            accounts.remove(effect)
    return accounts
