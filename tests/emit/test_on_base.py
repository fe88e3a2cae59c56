"""on-base.sh by itself: layers laid over each other, changed, and reduced to what has changed. Owners are tested with real Nix."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dock2nix.folders import data_folder

if TYPE_CHECKING:
    from collections.abc import Iterable

SCRIPT = data_folder("templates") / "on-base.sh"
# What jq does of the one filter that it is given.
JQ = f'#!{sys.executable}\nimport json, sys\nprint("\\n".join(json.load(sys.stdin)[0]["Layers"]))\n'
PASSWD = "root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/bash\n"
GROUP = "root:x:0:\nwww:x:33:node\nnode:x:1000:\n"


def entry(
    name: str, content: str | None = None, link: str = "", mode: int = 0o644
) -> tuple[tarfile.TarInfo, bytes]:
    """A folder, unless it has content or is a link."""
    info = tarfile.TarInfo(name)
    info.uid, info.gid, info.mode = os.getuid(), os.getgid(), mode
    data = (content or "").encode()
    if link:
        info.type, info.linkname = tarfile.SYMTYPE, link
    elif content is None:
        info.type, info.mode = tarfile.DIRTYPE, 0o755
    else:
        info.size = len(data)
    return info, data


def archive(path: Path, layers: Iterable[Iterable[tuple[tarfile.TarInfo, bytes]]]) -> Path:
    """A docker-archive as skopeo writes it."""
    files: dict[str, bytes] = {}
    for at, layer in enumerate(layers):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as image:
            for info, data in layer:
                image.addfile(info, io.BytesIO(data))
        files[f"{at}.tar"] = buffer.getvalue()
    manifest = [{"Config": "c.json", "RepoTags": ["x:1"], "Layers": list(files)}]
    with tarfile.open(path, "w") as whole:
        for name, data in {"manifest.json": json.dumps(manifest).encode(), "c.json": b"{}", **files}.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            whole.addfile(info, io.BytesIO(data))
    return path


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """An image of two layers."""
    first = [
        entry("./"),
        entry("usr/"),
        entry("usr/bin/"),
        entry("usr/bin/sh", "shell", mode=0o755),
        entry("bin", link="usr/bin"),
        entry("run/"),
        entry("var/"),
        entry("var/run", link="/run"),
        entry("etc/"),
        entry("etc/passwd", PASSWD),
        entry("etc/group", GROUP),
        entry("etc/app.conf", "one\n"),
        entry("srv/"),
        entry("srv/gone", "x"),
        entry("srv/größe", "x"),
        entry("srv/emptied/"),
        entry("srv/emptied/a", "x"),
        entry("srv/folder/"),
        entry("srv/folder/a", "x"),
        entry("srv/link", link="folder"),
        entry("dev/"),
        entry("dev/null", "no device"),
    ]
    second = [
        entry("srv/"),
        entry("srv/.wh.gone", ""),
        entry("srv/.wh.größe", ""),
        entry("srv/emptied/"),
        entry("srv/emptied/.wh..wh..opq", ""),
        entry("srv/emptied/b", "y"),
        entry("srv/folder", "a file now"),
        entry("srv/link/"),
        entry("srv/link/c", "z"),
    ]
    return archive(tmp_path / "base.tar", [first, second])


def run(base: Path, *commands: str) -> tuple[subprocess.CompletedProcess[str], Path]:
    """What the commands, run after `unpack`, print, and the folder that they leave."""
    root, jq = base.parent / "root", base.parent / "jq"
    root.mkdir()
    jq.write_text(JQ)
    jq.chmod(0o755)
    text = "\n".join(["set -eu -o pipefail", f". {SCRIPT}", f"unpack {base} {jq}", *commands])
    environment = {"PATH": os.defpath, "SOURCE_DATE_EPOCH": "315532800", "LC_ALL": "C.UTF-8"}
    command = ["bash", "-c", text]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    return done, root


def below(root: Path) -> set[str]:
    """All that is no folder."""
    return {
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if path.is_symlink() or not path.is_dir()
    }


def test_layers_are_laid_over_each_other(base: Path) -> None:
    done, root = run(base)
    assert done.returncode == 0, done.stderr
    found = below(root) - {".base-before"}
    assert found == {
        *("bin", "usr/bin/sh", "var/run", "etc/passwd", "etc/group", "etc/app.conf"),
        *("srv/emptied/b", "srv/folder", "srv/link/c"),
    }
    assert (root / "srv/folder").read_text() == "a file now"
    assert (root / "var/run").readlink() == Path("../run"), "an absolute one would lead out of the image"


def test_only_changes_are_left(base: Path) -> None:
    done, root = run(
        base,
        "echo two >> etc/app.conf",
        "echo tool > bin/tool",
        "echo pid > var/run/app.pid",
        "rm -r srv/emptied srv/folder",
        "mkdir srv/folder && echo new > srv/folder/new",
        "chmod 700 usr/bin/sh",
        "keep_changes",
    )
    assert done.returncode == 0, done.stderr
    assert below(root) == {
        *("etc/app.conf", "run/app.pid", "srv/.wh.emptied", "srv/folder/new", "usr/bin/sh", "usr/bin/tool"),
    }
    assert (root / "etc/app.conf").read_text() == "one\ntwo\n"


def test_nothing_is_left_when_nothing_changes(base: Path) -> None:
    done, root = run(base, "touch -h -d @315532800 etc/app.conf", "keep_changes")
    assert done.returncode == 0, done.stderr
    assert below(root) <= {"etc/app.conf"}


def test_a_change_that_keeps_size_and_date_is_one(base: Path) -> None:
    command = "printf 'two\\n' | cat > etc/app.conf && touch -d @315532800 etc/app.conf"
    _, root = run(base, command, "keep_changes")
    assert below(root) == {"etc/app.conf"}


def test_programs_are_found_first_and_take_nothing_away(base: Path, tmp_path: Path) -> None:
    (tmp_path / "programs/bin").mkdir(parents=True)
    for name in ("curl", "sh"):
        (tmp_path / "programs/bin" / name).write_text("")
    _, root = run(base, f"add_programs {tmp_path}/programs", "keep_changes")
    assert below(root) == {"usr/local/bin/curl", "usr/local/bin/sh", "usr/bin/curl"}


@pytest.mark.parametrize(
    ("commands", "passwd", "group"),
    [
        (
            ["new_user app - - - - - 1000 60000"],
            ["app:x:1001:1001::/home/app:/bin/sh"],
            ["app:x:1001:"],
        ),
        (
            ["new_group web - 999 100", "new_user app - web 'An App' /srv /sbin/nologin 999 100"],
            ["app:x:999:999:An App:/srv:/sbin/nologin"],
            ["web:x:999:"],
        ),
        (["new_user app 33 - - - - 1 2"], ["app:x:33:1::/home/app:/bin/sh"], ["app:x:1:"]),
        (
            [
                "mkdir -p etc/default && echo SHELL=/bin/bash > etc/default/useradd",
                "new_user app 5 0 - - - 1 2",
            ],
            ["app:x:5:0::/home/app:/bin/bash"],
            [],
        ),
        (["new_user node - - - - /bin/zsh 1 2"], ["node:x:1000:1000::/home/node:/bin/zsh"], ["node:x:1000:"]),
        (["join_group root node", "join_group www node"], [], ["root:x:0:node", "www:x:33:node"]),
        (["new_group www - 1 2"], [], ["www:x:33:node"]),
        (["remove_account node"], ["!node:x:1000:1000::/home/node:/bin/bash"], ["!node:x:1000:"]),
        (["remove_account www group"], [PASSWD.splitlines()[1]], ["!www:x:33:node"]),
    ],
)
def test_accounts_get_the_numbers_that_are_free(
    commands: list[str], passwd: list[str], group: list[str], base: Path
) -> None:
    done, root = run(base, *commands)
    assert done.returncode == 0, done.stderr
    for name, lines in (("passwd", passwd), ("group", group)):
        found = (root / "etc" / name).read_text().splitlines()
        assert all((line.removeprefix("!") in found) is not line.startswith("!") for line in lines), found


@pytest.mark.parametrize(
    ("owner", "numbers"),
    [
        ("node", "1000"),
        ("node:", "1000:1000"),
        ("node:www", "1000:33"),
        (":www", ":33"),
        ("7", "7"),
        ("7:8", "7:8"),
        ("root:0", "0:0"),
    ],
)
def test_owners_are_looked_up_in_the_base(owner: str, numbers: str, base: Path) -> None:
    assert run(base, f"owner {owner}")[0].stdout == f"{numbers}\n"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("owner nobody-here", "etc/passwd of the base image has no nobody-here"),
        ("owner node:nogroup-here", "has no nogroup-here"),
        ("new_user app 1000 - - - - 1 2", "has the number 1000 already"),
        ("new_group app 33 1 2", "has the number 33 already"),
        ("join_group nowhere node", "has no nowhere"),
    ],
)
def test_what_the_base_does_not_have_or_has_already_ends_the_build(
    command: str, words: str, base: Path
) -> None:
    done, _ = run(base, f"{command} > /dev/null", "echo reached")
    assert done.returncode != 0
    assert words in done.stderr
    assert "reached" not in done.stdout


def test_a_folder_that_is_there_keeps_its_owner_and_its_parents_are_made(base: Path) -> None:
    owner = f"{os.getuid()}:{os.getgid()}"
    done, root = run(base, f"make_folder srv/a/b {owner}", f"make_folder etc {owner}")
    assert done.returncode == 0, done.stderr
    assert (root / "srv/a/b").is_dir()
