"""The files by which an image knows its users and groups: /etc/passwd, /etc/group, /etc/nsswitch.conf."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.emit.expression import NixExpression, Text, to_nix
from dock2nix.model.image import Group

if TYPE_CHECKING:
    from dock2nix.model.image import User
    from dock2nix.model.plan import ImagePlan

_NOBODY = 65534
_ALWAYS = {
    "root": "root:x:0:0:root:/root:/bin/sh",
    "nobody": f"nobody:x:{_NOBODY}:{_NOBODY}:nobody:/var/empty:/bin/sh",
}
# Else glibc asks the network for names that /etc/hosts has.
_NSSWITCH = "hosts: files dns\n"


def accounts_expression(plan: ImagePlan) -> NixExpression:
    """A package with these files. (dockerTools.fakeNss would do but for root's home, which it says is /var/empty.)"""
    files = {"passwd": _passwd(plan.users), "group": _group(plan.groups), "nsswitch.conf": _NSSWITCH}
    paths = tuple(_file(f"etc/{name}", text) for name, text in files.items())
    fields = f'name = "accounts";\npaths = {to_nix(paths)};'.replace("\n", "\n  ")
    return NixExpression(f"pkgs.symlinkJoin {{\n  {fields}\n}}")


def _file(path: str, text: str) -> NixExpression:
    return NixExpression(f"pkgs.writeTextDir {to_nix(path)} {to_nix(Text(text))}")


def _passwd(users: tuple[User, ...]) -> str:
    """Root first, nobody last, the others by number; each of the two unless there is a user of that name."""
    lines = {
        user.name: f"{user.name}:x:{user.uid}:{user.gid}:{user.comment}:{user.home}:{user.shell}"
        for user in users
    }
    return "".join(f"{line}\n" for line in sorted((_ALWAYS | lines).values(), key=_number))


def _number(line: str) -> tuple[int, str]:
    name, _, number, *_ = line.split(":")
    return int(number), name


def _group(groups: tuple[Group, ...]) -> str:
    """The same for groups; which name the last one has differs from distribution to distribution."""
    known = [*groups]
    if all(group.name != "root" for group in groups):
        known.append(Group(name="root", gid=0))
    if all(group.gid != _NOBODY and group.name != "nobody" for group in groups):
        known.append(Group(name="nobody", gid=_NOBODY))
    return "".join(
        f"{group.name}:x:{group.gid}:{','.join(group.members)}\n"
        for group in sorted(known, key=lambda group: (group.gid, group.name))
    )
