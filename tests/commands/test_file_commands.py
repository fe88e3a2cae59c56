"""mkdir, touch, truncate, ln, chmod, chown, chgrp, rm, rmdir, install."""

from __future__ import annotations

import pytest

from dock2nix.commands import translate
from dock2nix.model.image import MakeDirectory, Remove, SetMode, SetOwner, Symlink, WriteFile
from dock2nix.model.shell import Redirect
from fakes import invocation, place, words

Shown = list[tuple[object, ...]]


def effects(command: str, directory: str | None = "/w") -> Shown | None:
    """The effects as short tuples, None when there is no translation."""
    found = translate(invocation(command, directory=directory), (), place(), command)
    if found is None:
        return None
    assert all(effect.location == place() and effect.text == command for effect in found.effects)
    assert found.reason
    return [_shown(effect) for effect in found.effects]


def _shown(effect: object) -> tuple[object, ...]:
    match effect:
        case MakeDirectory():
            return ("mkdir", effect.path, effect.mode)
        case WriteFile():
            return ("append" if effect.append else "write", effect.path, effect.content)
        case Symlink():
            return ("link", effect.path, effect.target)
        case SetMode():
            return ("mode", effect.path, effect.mode, effect.recursive)
        case SetOwner():
            return ("owner", effect.path, effect.owner, effect.recursive)
        case Remove():
            return ("remove", effect.path, effect.recursive)
    raise AssertionError(effect)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        pytest.param("mkdir a", [("mkdir", "/w/a", "")], id="relative"),
        pytest.param("mkdir -p /a/b c", [("mkdir", "/a/b", ""), ("mkdir", "/w/c", "")], id="several"),
        pytest.param("mkdir -pv -m 0700 /a", [("mkdir", "/a", "0700")], id="mode"),
        pytest.param("mkdir --mode=1777 /a", [("mkdir", "/a", "1777")], id="long-mode"),
        pytest.param(
            "install -d /a /b", [("mkdir", "/a", "755"), ("mkdir", "/b", "755")], id="install-folders"
        ),
        pytest.param(
            "install -dm 750 -o app -g web /a",
            [("mkdir", "/a", "750"), ("owner", "/a", "app:web", False)],
            id="install-owner",
        ),
        pytest.param(
            "install -d -g web /a",
            [("mkdir", "/a", "755"), ("owner", "/a", ":web", False)],
            id="install-group",
        ),
        pytest.param("touch /a b", [("append", "/a", ""), ("append", "/w/b", "")], id="touch"),
        pytest.param("touch -d '1 Jan 2020' /a", [("append", "/a", "")], id="touch-with-time"),
        pytest.param("touch -c /a", [], id="touch-what-exists"),
        pytest.param("truncate -s 0 /a", [("write", "/a", "")], id="truncate"),
        pytest.param("truncate --size=0 /a", [("write", "/a", "")], id="truncate-long"),
        pytest.param("rm -rf /a b", [("remove", "/a", True), ("remove", "/w/b", True)], id="remove"),
        pytest.param("rm /a", [("remove", "/a", False)], id="remove-file"),
        pytest.param("rm -f -- -a", [("remove", "/w/-a", False)], id="remove-a-name-with-a-dash"),
        pytest.param("rmdir /a", [("remove", "/a", True)], id="remove-folder"),
        pytest.param("unlink /a", [("remove", "/a", False)], id="unlink"),
    ],
)
def test_files_and_folders_are_made_and_removed(command: str, expected: Shown) -> None:
    assert effects(command) == expected


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        pytest.param("ln -s /a/b /usr/bin/c", [("link", "/usr/bin/c", "/a/b")], id="named"),
        pytest.param("ln -sf ../b c", [("link", "/w/c", "../b")], id="target-stays-as-written"),
        pytest.param("ln -s /a/b", [("link", "/w/b", "/a/b")], id="in-the-working-directory"),
        pytest.param("ln -s /a/b .", [("link", "/w/b", "/a/b")], id="dot"),
        pytest.param("ln -s /a/b /w", [("link", "/w/b", "/a/b")], id="working-directory-by-name"),
        pytest.param(
            "ln -s /a/b /usr/local/bin", [("link", "/usr/local/bin/b", "/a/b")], id="standard-folder"
        ),
        pytest.param("ln -s /a/b /c/", [("link", "/c/b", "/a/b")], id="slash"),
        pytest.param(
            "ln -s /a/b /a/c /d", [("link", "/d/b", "/a/b"), ("link", "/d/c", "/a/c")], id="several"
        ),
        pytest.param("ln -s -t /d /a/b", [("link", "/d/b", "/a/b")], id="target-directory"),
        pytest.param("ln -sfnT /a/b /tmp", [("link", "/tmp", "/a/b")], id="no-target-directory"),
        pytest.param("ln -sr /a/b /a/c/d", [("link", "/a/c/d", "../b")], id="relative"),
        pytest.param(
            "ln -s /dev/stdout /var/log/x.log",
            [("link", "/var/log/x.log", "/dev/stdout")],
            id="log-to-stdout",
        ),
    ],
)
def test_links_stand_where_ln_puts_them(command: str, expected: Shown) -> None:
    assert effects(command) == expected


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        pytest.param(
            "chmod 755 /a b", [("mode", "/a", "755", False), ("mode", "/w/b", "755", False)], id="octal"
        ),
        pytest.param("chmod -R 0777 /a", [("mode", "/a", "0777", True)], id="recursive"),
        pytest.param("chmod +x /a", [("mode", "/a", "+x", False)], id="add"),
        pytest.param("chmod -x /a", [("mode", "/a", "-x", False)], id="mode-that-looks-like-an-option"),
        pytest.param("chmod -R -w /a", [("mode", "/a", "-w", True)], id="both"),
        pytest.param("chmod u=rwx,g+rX,o-w /a", [("mode", "/a", "u=rwx,g+rX,o-w", False)], id="clauses"),
        pytest.param("chmod g=u /a", [("mode", "/a", "g=u", False)], id="copied-class"),
        pytest.param("chmod --recursive a+rw /a", [("mode", "/a", "a+rw", True)], id="long-option"),
        pytest.param("chmod 440 /a -R", [("mode", "/a", "440", True)], id="option-behind"),
        pytest.param("chmod -vR 440 /a", [("mode", "/a", "440", True)], id="grouped-options"),
        pytest.param("chown app /a", [("owner", "/a", "app", False)], id="user"),
        pytest.param(
            "chown -R app:web /a b",
            [("owner", "/a", "app:web", True), ("owner", "/w/b", "app:web", True)],
            id="user-and-group",
        ),
        pytest.param("chown 1000:0 /a", [("owner", "/a", "1000:0", False)], id="numbers"),
        pytest.param("chown app.web /a", [("owner", "/a", "app:web", False)], id="dot"),
        pytest.param("chown :web /a", [("owner", "/a", ":web", False)], id="group-only"),
        pytest.param("chown app: /a", [("owner", "/a", "app:", False)], id="login-group"),
        pytest.param("chown -hR www-data /a", [("owner", "/a", "www-data", True)], id="no-dereference"),
        pytest.param("chgrp -R 0 /a", [("owner", "/a", ":0", True)], id="chgrp"),
    ],
)
def test_permissions_and_owners_are_set(command: str, expected: Shown) -> None:
    assert effects(command) == expected


@pytest.mark.parametrize(
    "command",
    [
        "mkdir",
        "mkdir -Z /a",
        "mkdir -m u=rwx /a",
        "mkdir -m 9 /a",
        "mkdir $DIR",
        "mkdir /a/{b,c}",
        "install -m 755 a /b",
        "install -d -m u+x /a",
        "install -D a /b/c",
        "touch",
        "touch /a/*",
        "truncate -s 10M /a",
        "truncate -s 0 -c /a",
        "truncate /a",
        "ln /a /b",
        "ln -s",
        "ln -sb /a /b",
        "ln -s /a /b /c -T",
        "ln -s /a/* /b/",
        "ln -s $A /b",
        "ln -s /a/.. /b/",
        "ln -s '' /b",
        "chmod 755",
        "chmod",
        "chmod 888 /a",
        "chmod x+y /a",
        "chmod --reference=/a /b",
        "chmod -Q 755 /a",
        "chmod $MODE /a",
        "chown app",
        "chown --from=a b /c",
        "chown : /a",
        "chown a:b:c /a",
        "chown $USER /a",
        "chown 'a b' /a",
        "rm",
        "rm -rf /",
        "rm -rf /a/../..",
        "rm -rf /*",
        "rm -i --foo /a",
        "rm -rf $DIR",
        "rmdir -p /a/b",
    ],
)
def test_what_is_not_sure_is_not_translated(command: str) -> None:
    assert effects(command) is None


@pytest.mark.parametrize(
    "command", ["mkdir a", "touch a", "ln -s /x a", "chmod 755 a", "chown app a", "rm a", "install -d a"]
)
def test_a_relative_path_needs_a_known_directory(command: str) -> None:
    assert effects(command, directory=None) is None


@pytest.mark.parametrize(
    "command",
    ["mkdir /a", "touch /a", "ln -s /x /a", "chmod 755 /a", "chown app /a", "rm /a", "install -d /a"],
)
def test_a_redirection_to_a_file_is_not_lost(command: str) -> None:
    log = Redirect(operator=">", descriptor=None, target=words("/log")[0])
    nowhere = Redirect(operator=">", descriptor=2, target=words("/dev/null")[0])
    assert translate(invocation(command), (log,), place(), command) is None
    assert translate(invocation(command), (nowhere,), place(), command) is not None
