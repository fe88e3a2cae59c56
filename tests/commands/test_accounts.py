"""useradd, usermod, groupadd, gpasswd, and the three kinds of adduser and addgroup."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from dock2nix.commands import translate
from dock2nix.model.image import AddGroup, AddUser
from dock2nix.model.shell import Redirect
from fakes import invocation, place, words


def effects(command: str) -> list[AddUser | AddGroup] | None:
    found = translate(invocation(command), (), place(), command)
    if found is None:
        return None
    assert found.reason
    return [
        replace(effect, unsaid_home=False) if isinstance(effect, AddUser) else effect
        for effect in found.effects
        if isinstance(effect, AddUser | AddGroup)
    ]


def user(text: str, name: str, **fields: Any) -> AddUser:
    return AddUser(name=name, location=place(), text=text, **fields)


def group(text: str, name: str, **fields: Any) -> AddGroup:
    return AddGroup(name=name, location=place(), text=text, **fields)


@pytest.mark.parametrize(
    ("command", "name", "fields"),
    [
        pytest.param("useradd app", "app", {}, id="plain"),
        pytest.param(
            "useradd -m -u 1000 app", "app", {"uid": 1000, "create_home": True}, id="home-and-number"
        ),
        pytest.param("useradd -mM app", "app", {}, id="no-home-wins"),
        pytest.param(
            "useradd -r -s /sbin/nologin app", "app", {"system": True, "shell": "/sbin/nologin"}, id="system"
        ),
        pytest.param("useradd -g 0 -d /srv app", "app", {"gid": 0, "home": "/srv"}, id="group-by-number"),
        pytest.param("useradd --gid web app", "app", {"group": "web"}, id="group-by-name"),
        pytest.param("useradd -G sudo,docker app", "app", {"groups": ("sudo", "docker")}, id="more-groups"),
        pytest.param("useradd -N app", "app", {"group": "users"}, id="no-group-of-its-own"),
        pytest.param("useradd -N -g web app", "app", {"group": "web"}, id="no-group-of-its-own-but-another"),
        pytest.param("useradd -U -l -o -u 5 app", "app", {"uid": 5}, id="group-of-its-own"),
        pytest.param("useradd -c 'An App' app", "app", {"comment": "An App"}, id="comment"),
        pytest.param("useradd -b /srv app", "app", {"home": "/srv/app"}, id="base-of-the-home"),
        pytest.param("useradd -k /dev/null app", "app", {}, id="empty-skeleton"),
        pytest.param(
            "usermod -d /srv -s /bin/bash app", "app", {"home": "/srv", "shell": "/bin/bash"}, id="changed"
        ),
        pytest.param("usermod -u 1001 -g 0 app", "app", {"uid": 1001, "gid": 0}, id="renumbered"),
        pytest.param("usermod -m -d /srv app", "app", {"home": "/srv", "create_home": True}, id="moved"),
        pytest.param("adduser -m -u 1000 app", "app", {"uid": 1000, "create_home": True}, id="fedora"),
        pytest.param("adduser --create-home app", "app", {"create_home": True}, id="fedora-long"),
        pytest.param("adduser -r -g web app", "app", {"system": True, "group": "web"}, id="fedora-group"),
    ],
)
def test_useradd_and_usermod(command: str, name: str, fields: dict[str, Any]) -> None:
    assert effects(command) == [user(command, name, **fields)]


@pytest.mark.parametrize(
    ("command", "name", "fields"),
    [
        pytest.param("adduser app", "app", {}, id="plain"),
        pytest.param("adduser --disabled-password --gecos '' app", "app", {}, id="debian"),
        pytest.param("adduser --disabled-login -gecos ',,,' app", "app", {}, id="debian-with-one-dash"),
        pytest.param(
            "adduser --uid=1000 --gid 0 --home /srv app",
            "app",
            {"uid": 1000, "gid": 0, "home": "/srv"},
            id="debian-numbers",
        ),
        pytest.param(
            "adduser --ingroup web --gecos 'An App' app",
            "app",
            {"group": "web", "comment": "An App"},
            id="debian-group",
        ),
        pytest.param("adduser -D app", "app", {}, id="busybox"),
        pytest.param(
            "adduser -D -u 1000 -s /bin/sh app", "app", {"uid": 1000, "shell": "/bin/sh"}, id="busybox-number"
        ),
        pytest.param(
            "adduser -DG web -g 'An App' app",
            "app",
            {"group": "web", "comment": "An App"},
            id="busybox-group",
        ),
        pytest.param("adduser -h /srv -D app -G 0", "app", {"home": "/srv", "gid": 0}, id="busybox-home"),
        pytest.param("adduser -u 1000 app", "app", {"uid": 1000}, id="option-of-busybox-and-fedora"),
    ],
)
def test_adduser_makes_the_home(command: str, name: str, fields: dict[str, Any]) -> None:
    assert effects(command) == [user(command, name, create_home=True, **fields)]


@pytest.mark.parametrize(
    ("command", "fields"),
    [
        pytest.param("adduser --system app", {"group": "nogroup", "create_home": True}, id="debian"),
        pytest.param("adduser --system --group app", {"create_home": True}, id="debian-own-group"),
        pytest.param(
            "adduser --system --no-create-home --ingroup web app", {"group": "web"}, id="debian-other-group"
        ),
        pytest.param(
            "adduser --system --gid 5 --no-create-home app", {"gid": 5}, id="debian-group-by-number"
        ),
        pytest.param("adduser -S -D -H app", {"group": "nogroup"}, id="busybox"),
        pytest.param("adduser -SDH -G web app", {"group": "web"}, id="busybox-group"),
    ],
)
def test_system_users_cannot_log_in(command: str, fields: dict[str, Any]) -> None:
    assert effects(command) == [user(command, "app", system=True, shell="/sbin/nologin", **fields)]


@pytest.mark.parametrize(
    ("command", "name", "fields"),
    [
        pytest.param("groupadd web", "web", {}, id="groupadd"),
        pytest.param("groupadd -r -g 33 web", "web", {"gid": 33, "system": True}, id="groupadd-number"),
        pytest.param("groupadd -f -U a,b web", "web", {"members": ("a", "b")}, id="groupadd-members"),
        pytest.param("gpasswd -a app web", "web", {"members": ("app",)}, id="gpasswd"),
        pytest.param("usermod -aG web app", "web", {"members": ("app",)}, id="usermod"),
        pytest.param("adduser app web", "web", {"members": ("app",)}, id="adduser"),
        pytest.param("adduser --quiet app web", "web", {"members": ("app",)}, id="adduser-quiet"),
        pytest.param("addgroup app web", "web", {"members": ("app",)}, id="addgroup-member"),
        pytest.param("addgroup web", "web", {}, id="addgroup"),
        pytest.param("addgroup -S -g 33 web", "web", {"gid": 33, "system": True}, id="addgroup-busybox"),
        pytest.param(
            "addgroup --system --gid 33 web", "web", {"gid": 33, "system": True}, id="addgroup-debian"
        ),
        pytest.param("adduser --group web", "web", {}, id="adduser-group"),
    ],
)
def test_groups_and_who_is_in_them(command: str, name: str, fields: dict[str, Any]) -> None:
    assert effects(command) == [group(command, name, **fields)]


def test_usermod_may_do_two_things() -> None:
    command = "usermod -a -G web,db -s /bin/sh app"
    assert effects(command) == [
        user(command, "app", shell="/bin/sh"),
        group(command, "web", members=("app",)),
        group(command, "db", members=("app",)),
    ]


def test_locking_an_account_does_nothing() -> None:
    assert effects("usermod -L app") == []


def test_a_password_is_left_out_and_said_so() -> None:
    found = translate(invocation("useradd -p secret app"), (), place(), "t")
    assert found is not None
    assert [code for code, _, _ in found.findings] == ["D2N307"]


@pytest.mark.parametrize(
    "command",
    [
        "useradd",
        "useradd a b",
        "useradd -D",
        "useradd -u abc app",
        "useradd -u $UID app",
        "useradd -g $GID app",
        "useradd 'a b'",
        "useradd -d '/srv:x' app",
        "useradd -k /etc/other app",
        "useradd -K UID_MAX=5 app",
        "useradd --root /mnt app",
        "useradd -G 'a b' app",
        "usermod -G web app",
        "usermod -l new old",
        "groupadd",
        "groupadd -g x web",
        "groupadd $NAME",
        "groupmod -g 5 web",
        "gpasswd -d app web",
        "gpasswd -a app",
        "adduser",
        "adduser -g x app",
        "adduser -G web app",
        "adduser --firstuid 5000 app",
        "adduser --conf /x app",
        "adduser --shell 'a:b' app",
        "adduser --uid x app",
        "adduser -D -u $UID app",
        "adduser a b c",
        "adduser --uid 5 app web",
        "addgroup --gid x web",
        "addgroup",
        "addgroup -S app web",
    ],
)
def test_what_is_not_sure_is_not_translated(command: str) -> None:
    assert effects(command) is None


@pytest.mark.parametrize("command", ["useradd app", "groupadd web", "adduser -D app"])
def test_a_redirection_to_a_file_is_not_lost(command: str) -> None:
    log = Redirect(operator=">", descriptor=None, target=words("/log")[0])
    assert translate(invocation(command), (log,), place(), command) is None
