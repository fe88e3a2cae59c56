"""The users and groups of two images, as far as something in them goes by these."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dock2nix.verify.difference import Difference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dock2nix.verify.image import Image

_FIRST_OWN, _NOBODY = 1000, 65534
_MOST = 10_000


def compare_accounts(ours: Image, theirs: Image, owners: frozenset[int]) -> Iterator[Difference]:
    """Users and groups that differ.

    The accounts of a distribution (games, uucp …) that only one of the images has do not count, unless it runs as one or files that
    are compared belong to it.

    Args:
        ours: an image.
        theirs: another.
        owners: the numbers of users and groups that the files belong to which are compared.
    """
    for aspect, file, fields in (("account", "etc/passwd", (2, 3, 5, 6)), ("group", "etc/group", (2,))):
        mine, others = _accounts(ours, file, fields), _accounts(theirs, file, fields)
        used = {_user(image) for image in (ours, theirs)}
        for name in sorted({*mine, *others}):
            numbers = {entry.split(":")[0] for entry in (mine.get(name), others.get(name)) if entry}
            both = name in mine and name in others
            if mine.get(name) != others.get(name) and (both or name in used or _matters(numbers, owners)):
                yield Difference(
                    aspect=aspect, subject=name, ours=mine.get(name, ""), theirs=others.get(name, "")
                )


def _accounts(image: Image, file: str, fields: tuple[int, ...]) -> Mapping[str, str]:
    """By name, what of an account is compared: number, number of the group, home, shell; or a group's number."""
    node = image.tree.resolve(file)
    rows = (line.split(":") for line in (node.entry.text if node else "").splitlines()[:_MOST])
    return {
        row[0]: ":".join(row[at] if at < len(row) else "" for at in fields)
        for row in rows
        if row[0] and len(row) > 1
    }


def _user(image: Image) -> str:
    return str(image.config.get("User") or "root").partition(":")[0]


def _matters(numbers: set[str], owners: frozenset[int]) -> bool:
    found = {
        int(number) for number in numbers if number.isascii() and number.isdecimal() and len(number) < 11
    }
    return any(_FIRST_OWN <= number < _NOBODY or number in owners for number in found)
