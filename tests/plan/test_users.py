"""Accounts get the numbers that the distribution's own tools would give them."""

from __future__ import annotations

import pytest

from dock2nix.model.image import AddGroup, AddUser, BaseImage, Group, ImageConfig, User
from dock2nix.model.source import Location
from dock2nix.parse.references import image_reference
from dock2nix.plan.users import accounts_of

PLACE = Location(path="Dockerfile", first_line=1, last_line=1)


def user(name: str, text: str = "useradd", **fields: object) -> AddUser:
    return AddUser(name=name, location=PLACE, text=text, **fields)  # type: ignore[arg-type]


def group(name: str, text: str = "groupadd", **fields: object) -> AddGroup:
    return AddGroup(name=name, location=PLACE, text=text, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("effects", "name", "expected"),
    [
        pytest.param((user("a"),), "a", (1000, 1000), id="the first user is 1000 with a group of its own"),
        pytest.param((user("a"), user("b")), "b", (1001, 1001), id="the next user is 1001"),
        pytest.param((user("a", system=True),), "a", (999, 999), id="useradd counts system users down"),
        pytest.param(
            (user("a", "adduser -S a", system=True),), "a", (100, 100), id="busybox counts system users up"
        ),
        pytest.param((user("a", uid=5),), "a", (5, 5), id="a given uid gives the group's number too"),
        pytest.param(
            (group("g", gid=7), user("a", uid=5, group="g")), "a", (5, 7), id="a named primary group"
        ),
        pytest.param((user("a", uid=5, gid=0),), "a", (5, 0), id="a numeric primary group"),
        pytest.param((group("a", gid=9), user("a")), "a", (1000, 9), id="a group of the same name is taken"),
        pytest.param((user("a", uid=5), user("a", uid=6)), "a", (6, 5), id="usermod keeps the group"),
    ],
)
def test_numbers(effects: tuple[AddUser | AddGroup, ...], name: str, expected: tuple[int, int]) -> None:
    found = accounts_of(None, effects).users[name]
    assert (found.uid, found.gid) == expected


@pytest.mark.parametrize(
    ("owner", "expected"),
    [
        pytest.param("app", "1000", id="user"),
        pytest.param("app:app", "1000:1000", id="user and group"),
        pytest.param("app:", "1000:1000", id="user and its own group"),
        pytest.param(":app", ":1000", id="group"),
        pytest.param("0:0", "0:0", id="numbers"),
        pytest.param("nobody:nogroup", "65534:65534", id="nobody is always there"),
        pytest.param("ghost", None, id="unknown user"),
        pytest.param("app:ghosts", None, id="unknown group"),
    ],
)
def test_owners_become_numbers(owner: str, expected: str | None) -> None:
    assert accounts_of(None, (user("app"),)).numeric_owner(owner) == expected


def test_accounts_of_the_base_are_kept_and_extended() -> None:
    reference = image_reference("node:22")
    assert reference is not None
    base = BaseImage(
        reference=reference,
        packages=(),
        config=ImageConfig(),
        users=(User(name="node", uid=1000, gid=1000, home="/home/node", shell="/bin/sh"),),
        groups=(Group(name="node", gid=1000),),
    )
    accounts = accounts_of(base, (group("node", members=("www",)), user("www")))
    assert accounts.users["www"].uid == 1001
    assert accounts.groups["node"].members == ("www",)


def test_numbers_of_the_base_come_before_those_that_are_common() -> None:
    reference = image_reference("alpine")
    assert reference is not None
    base = BaseImage(
        reference=reference, packages=(), config=ImageConfig(), groups=(Group(name="nogroup", gid=65533),)
    )
    accounts = accounts_of(base, (user("app", "adduser -S app", system=True, group="nogroup"),))
    assert accounts.gid("nogroup") == accounts.users["app"].gid == 65533
    assert accounts.gid("nobody") == 65534
    assert [group.name for group in accounts.kept(frozenset())[1]] == ["nogroup"]
