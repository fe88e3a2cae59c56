"""Effects are made ready: homes, numbers for names, and what only root may do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dock2nix.model.image import (
    AddUser,
    BaseImage,
    ContextSource,
    CopyFiles,
    Group,
    ImageConfig,
    LeftOut,
    MakeDirectory,
    RunTool,
    SetMode,
    SetOwner,
    User,
    WriteFile,
)
from dock2nix.model.steps import CommandOutcome, Step
from dock2nix.parse.references import image_reference
from dock2nix.plan.effects import final_effects, named_accounts, needs_fakeroot
from dock2nix.plan.users import accounts_of, used_homes
from fakes import place

if TYPE_CHECKING:
    from dock2nix.model.image import Effect

HERE: dict[str, Any] = {"location": place(3), "text": "text"}


def step(*effects: Effect, outcome: CommandOutcome = CommandOutcome.TRANSLATED) -> Step:
    return Step(stage=0, program="x", text="x y", location=place(3), outcome=outcome, effects=effects)


def copy(owner: str = "", mode: str = "") -> CopyFiles:
    source = ContextSource(path="src", destination="/app", directory=True)
    return CopyFiles(sources=(source,), owner=owner, mode=mode, **HERE)


USER = AddUser(name="app", create_home=True, **HERE)


def test_a_user_s_home_becomes_a_folder_of_the_user() -> None:
    effects = final_effects((step(USER),), accounts_of(None, (USER,))).value
    assert effects == (
        MakeDirectory(path="/home/app", **HERE),
        SetOwner(path="/home/app", owner="1000:1000", **HERE),
    )


def test_an_existing_folder_as_home_is_left_alone() -> None:
    user = AddUser(name="app", home="/opt", create_home=True, **HERE)
    assert final_effects((step(user),), accounts_of(None, (user,))).value == ()


def test_names_of_owners_become_numbers() -> None:
    accounts = accounts_of(None, (USER,))
    done = final_effects((step(SetOwner(path="/x", owner="app:", **HERE), copy("app:")),), accounts)
    assert [effect.owner for effect in done.value if isinstance(effect, (SetOwner, CopyFiles))] == [
        "1000:1000",
        "1000:1000",
    ]


@pytest.mark.parametrize(
    ("effect", "kept"),
    [
        pytest.param(SetOwner(path="/x", owner="ghost", **HERE), 0, id="an owner is not set"),
        pytest.param(copy("ghost:"), 1, id="files are copied as root's"),
    ],
)
def test_an_unknown_owner_is_reported(effect: Effect, kept: int) -> None:
    done = final_effects((step(effect),), accounts_of(None, ()))
    assert [found.code for found in done.findings] == ["D2N304"]
    assert len(done.value) == kept
    assert not needs_fakeroot(done.value)


def test_root_is_the_owner_anyway_until_another_was() -> None:
    root, five = (SetOwner(path="/x", owner=owner, **HERE) for owner in ("root", "5"))
    accounts = accounts_of(None, ())
    assert final_effects((step(root),), accounts).value == ()
    assert len(final_effects((step(five, root),), accounts).value) == 2


def test_what_is_not_translated_leaves_a_remark() -> None:
    done = final_effects((step(outcome=CommandOutcome.UNRESOLVED),), accounts_of(None, ()))
    assert done.value == (LeftOut(location=place(3), text="x y"),)


@pytest.mark.parametrize(
    ("effect", "expected"),
    [
        pytest.param(SetOwner(path="/x", owner="5", **HERE), True, id="owner"),
        pytest.param(copy("5:5"), True, id="owner of what is copied"),
        pytest.param(SetMode(path="/x", mode="4755", **HERE), True, id="set-user-ID"),
        pytest.param(SetMode(path="/x", mode="02755", **HERE), True, id="set-group-ID"),
        pytest.param(SetMode(path="/x", mode="u+s", **HERE), True, id="symbolic set-user-ID"),
        pytest.param(SetMode(path="/x", mode="a+rx,g+ws", **HERE), True, id="symbolic set-group-ID"),
        pytest.param(SetMode(path="/x", mode="u-s", **HERE), False, id="bit taken away"),
        pytest.param(SetMode(path="/x", mode="1777", **HERE), False, id="sticky"),
        pytest.param(SetMode(path="/x", mode="755", **HERE), False, id="plain mode"),
        pytest.param(SetMode(path="/x", mode="u+x", **HERE), False, id="plain symbolic mode"),
        pytest.param(MakeDirectory(path="/x", mode="2775", **HERE), True, id="folder with set-group-ID"),
        pytest.param(WriteFile(path="/x", content="", mode="4755", **HERE), True, id="written file"),
        pytest.param(copy(mode="4755"), True, id="copied file"),
        pytest.param(
            RunTool(program="chmod", words=("4755", "x"), reads=("/x",), **HERE), True, id="chmod as a tool"
        ),
        pytest.param(
            RunTool(program="cp", words=("4755", "x"), reads=("/x",), **HERE), False, id="another tool"
        ),
    ],
)
def test_what_only_root_may_do(effect: Effect, expected: bool) -> None:
    assert needs_fakeroot((effect,)) is expected


def base(*users: User) -> BaseImage:
    reference = image_reference("node:22")
    assert reference is not None
    groups = tuple(Group(name=user.name, gid=user.gid) for user in users)
    return BaseImage(reference=reference, packages=(), config=ImageConfig(), users=users, groups=groups)


NODE = User(name="node", uid=1000, gid=1000, home="/home/node", shell="/bin/sh")


@pytest.mark.parametrize(
    ("user", "named", "expected"),
    [
        pytest.param(NODE, "node", "/home/node", id="by name"),
        pytest.param(NODE, "1000", "/home/node", id="by number"),
        pytest.param(NODE, "other", "", id="not used"),
        pytest.param(
            User(name="www-data", uid=33, gid=33, home="/var/www", shell="x"),
            "www-data",
            "",
            id="of a daemon",
        ),
        pytest.param(
            User(name="nginx", uid=101, gid=101, home="/nonexistent", shell="x"),
            "nginx",
            "",
            id="without home",
        ),
    ],
)
def test_homes_of_the_base_s_users_are_there_for_those_that_are_used(
    user: User, named: str, expected: str
) -> None:
    effects = used_homes(base(user), accounts_of(base(user), ()), frozenset({named}), place(1))
    paths = [effect.path for effect in effects if isinstance(effect, MakeDirectory)]
    assert paths == ([expected] if expected else [])
    assert [effect.owner for effect in effects if isinstance(effect, SetOwner)] == ["1000:1000"] * len(paths)


def test_accounts_are_named_by_users_owners_and_copies() -> None:
    effects = (SetOwner(path="/x", owner="a:b", **HERE), copy("c:"), USER)
    names = named_accounts((step(*effects),), ImageConfig(user="1000:d"))
    assert names == {"a", "b", "c", "d", "app", "1000"}
