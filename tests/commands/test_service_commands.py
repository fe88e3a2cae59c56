"""Commands of service images: a2enmod, alternatives, chpasswd, crontab, rabbitmq-plugins, setcap, userdel."""

from __future__ import annotations

import pytest

from dock2nix.commands import translate
from dock2nix.model.image import (
    MakeDirectory,
    Remove,
    RemoveAccount,
    RunTool,
    SetMode,
    Symlink,
    ToolPath,
    WriteFile,
)
from dock2nix.model.shell import Redirect
from fakes import invocation, place, words

MODS = "/etc/apache2/mods-enabled"


def shown(command: str, *redirects: Redirect) -> list[str] | None:
    """What a command does, a line an effect; None when it is not translated."""
    found = translate(invocation(command), redirects, place(), command)
    if found is None:
        return None
    assert found.reason
    lines = []
    for effect in found.effects:
        match effect:
            case Symlink():
                lines.append(f"{effect.path} -> {effect.target}")
            case Remove():
                lines.append(f"rm {effect.path}")
            case WriteFile():
                lines.append(f"{effect.path}: {effect.content.strip()}")
            case RemoveAccount():
                lines.append(f"{effect.name} group={effect.group} home={effect.home}")
            case RunTool():
                texts = (word.path if isinstance(word, ToolPath) else word for word in effect.words)
                lines.append(" ".join((effect.program, *texts)))
            case SetMode():
                lines.append(f"{effect.mode} {effect.path}")
            case MakeDirectory():
                lines.append(f"mkdir {effect.path}")
            case _:
                lines.append(type(effect).__name__)
    return lines


def loaded(name: str) -> str:
    return f"{MODS}/{name}.load: LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        pytest.param("a2enmod rewrite", [loaded("rewrite")], id="module"),
        pytest.param(
            "a2enmod -q proxy_http", [loaded("proxy"), loaded("proxy_http")], id="what it needs first"
        ),
        pytest.param("a2enmod dir mime php8.2", [], id="modules that are on already"),
        pytest.param(
            "a2dismod mpm_event", [f"rm {MODS}/mpm_event.load", f"rm {MODS}/mpm_event.conf"], id="off"
        ),
        pytest.param(
            "a2dismod -f autoindex",
            [f"sed -i /mod_autoindex[.]so$/d {MODS}/standard.load"],
            id="off though it is on in any case",
        ),
        pytest.param(
            "a2ensite app.conf",
            ["/etc/apache2/sites-enabled/app.conf -> ../sites-available/app.conf"],
            id="site",
        ),
        pytest.param(
            "a2dissite 000-default", ["rm /etc/apache2/sites-enabled/000-default.conf"], id="site off"
        ),
        pytest.param(
            "a2enconf servername",
            ["/etc/apache2/conf-enabled/servername.conf -> ../conf-available/servername.conf"],
            id="piece of configuration",
        ),
        pytest.param("userdel -r ubuntu", ["ubuntu group=False home=True"], id="user"),
        pytest.param("delgroup staff", ["staff group=True home=False"], id="group"),
        pytest.param(
            "update-alternatives --install /usr/bin/python python /usr/bin/python3 10",
            ["/usr/bin/python -> /usr/bin/python3"],
            id="alternative",
        ),
        pytest.param(
            "update-alternatives --install /usr/bin/gcc gcc /usr/bin/gcc-12 12 --slave /usr/bin/g++ g++ /usr/bin/g++-12",
            ["/usr/bin/gcc -> /usr/bin/gcc-12", "/usr/bin/g++ -> /usr/bin/g++-12"],
            id="alternative with others",
        ),
        pytest.param("update-alternatives --set java /usr/lib/jvm/java-17/bin/java", [], id="of a package"),
        pytest.param(
            "update-alternatives --set iptables /usr/sbin/iptables-legacy",
            ["/usr/bin/iptables -> /usr/sbin/iptables-legacy"],
            id="alternative set",
        ),
        pytest.param("update-alternatives --config java", [], id="alternative asked for"),
        pytest.param("passwd -l root", [], id="password locked"),
        pytest.param("setcap -r /usr/bin/mpd", [], id="capability taken away"),
        pytest.param(
            "crontab -u app /etc/jobs",
            [
                "mkdir /var/spool/cron/crontabs",
                "cp /etc/jobs /var/spool/cron/crontabs/app",
                "600 /var/spool/cron/crontabs/app",
            ],
            id="table of jobs",
        ),
        pytest.param(
            "rabbitmq-plugins enable --offline rabbitmq_management rabbitmq_mqtt",
            ["sed -i s/^\\[/[rabbitmq_management,rabbitmq_mqtt,/ /etc/rabbitmq/enabled_plugins"],
            id="plugins",
        ),
    ],
)
def test_it_does(command: str, expected: list[str]) -> None:
    assert shown(command) == expected


@pytest.mark.parametrize(
    "command",
    [
        pytest.param("a2enmod wsgi", id="module of another package"),
        pytest.param("a2enmod", id="module asked for"),
        pytest.param("a2ensite *", id="sites by a pattern"),
        pytest.param("a2ensite ../../x", id="site elsewhere"),
        pytest.param("userdel root", id="root"),
        pytest.param("deluser app www-data", id="user out of a group"),
        pytest.param("update-alternatives --remove-all python", id="alternatives removed"),
        pytest.param(
            "update-alternatives --install /usr/bin/x x ../y 1", id="alternative to a relative path"
        ),
        pytest.param("update-alternatives --set editor /opt/ed/ed", id="alternative of an unknown link"),
        pytest.param("crontab -l", id="table shown"),
        pytest.param("crontab", id="table from somewhere"),
        pytest.param("rabbitmq-plugins list", id="plugins listed"),
        pytest.param("rabbitmq-plugins enable --offline x;y", id="plugin of a strange name"),
        pytest.param("passwd --root /x app", id="password elsewhere"),
        pytest.param("setcap cap_net_raw+ep", id="capability of nothing"),
    ],
)
def test_it_is_left_alone(command: str) -> None:
    assert shown(command) is None


def test_a_table_of_jobs_comes_through_the_pipe() -> None:
    pipe = Redirect(operator="<<", descriptor=None, target=None, body="* * * * * true\n")
    assert shown("crontab -", pipe) == [
        "mkdir /var/spool/cron/crontabs",
        "/var/spool/cron/crontabs/root: * * * * * true",
        "600 /var/spool/cron/crontabs/root",
    ]


@pytest.mark.parametrize(
    ("command", "code", "text"),
    [
        pytest.param("chpasswd", "D2N505", "a password is left out", id="chpasswd"),
        pytest.param("passwd -d app", "D2N505", "a password is left out", id="anybody may log in"),
        pytest.param(
            "setcap cap_net_bind_service=+ep /usr/bin/node",
            "D2N307",
            "/usr/bin/node does not get cap_net_bind_service",
            id="capability",
        ),
    ],
)
def test_it_is_told(command: str, code: str, text: str) -> None:
    found = translate(invocation(command), (), place(), command)
    assert found is not None
    assert found.effects == ()
    assert [(finding[0], text in finding[1]) for finding in found.findings] == [(code, True)]


def test_nothing_is_done_when_a_file_is_written_too() -> None:
    out = Redirect(operator=">", descriptor=None, target=words("/tmp/log")[0], body=None)
    for command in (
        "chpasswd",
        "userdel app",
        "setcap -r /x",
        "a2enmod rewrite",
        "update-alternatives --list x",
    ):
        assert shown(command, out) is None
