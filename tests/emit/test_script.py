"""Effects as shell: what packages brought is replaced and never written through, copies take as few lines as they can."""

from __future__ import annotations

import shlex
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from dock2nix.emit.expression import escape_indented, to_nix
from dock2nix.emit.script import file_script
from dock2nix.model.image import (
    ContextSource,
    CopyFiles,
    LinkProgram,
    MakeDirectory,
    Remove,
    SetMode,
    SetOwner,
    Symlink,
    WriteFile,
)
from dock2nix.model.packages import AttributePath
from dock2nix.model.plan import Surroundings
from emit.plans import plan
from fakes import place

if TYPE_CHECKING:
    from pathlib import Path

    from dock2nix.model.image import Effect

HERE: dict[str, Any] = {"location": place(3), "text": "text"}
DISTRIBUTION = Surroundings(merged_usr=True, accounts=True, temporary_folder=True)
OWN_COPY = '[ ! -L {0} ] || install -m 644 "$(readlink -f {0})" {0}'


def script(*effects: Effect, builder: str = "buildImage", around: Surroundings = DISTRIBUTION) -> list[str]:
    """The lines without remarks, less those that every image has."""
    always = len(lines_of(plan(builder=builder, surroundings=around)))
    return lines_of(plan(builder=builder, surroundings=around, effects=effects))[always:]


def lines_of(made: object) -> list[str]:
    text = to_nix(file_script(made)[0])  # type: ignore[arg-type]
    return [line.split(" # ")[0].strip() for line in text.split("\n")[1:-1]]


def copy(*sources: tuple[str, str], owner: str = "", mode: str = "") -> CopyFiles:
    """Sources that end with a slash, or are empty, are folders."""
    found = tuple(
        ContextSource(path=path.rstrip("/"), destination=goal, directory=path.endswith("/") or not path)
        for path, goal in sources
    )
    return CopyFiles(sources=found, owner=owner, mode=mode, **HERE)


def write(path: str, content: str = "x", *, append: bool = False, mode: str = "") -> WriteFile:
    return WriteFile(path=path, content=content, append=append, mode=mode, **HERE)


# --- what every image has ------------------------------------------------------------------------------------------------


def test_a_distribution_s_image_has_its_folders() -> None:
    assert lines_of(plan(surroundings=DISTRIBUTION)) == [
        "mkdir -p -m 1777 tmp",
        "mkdir -p -m 700 root",
        "mkdir -p bin lib share usr var/empty",
        "ln -sfn bin sbin",
        "ln -s -t usr ../bin ../lib ../sbin ../share",
    ]


def test_an_image_without_distribution_has_a_home_of_root_and_no_programs() -> None:
    around = Surroundings(accounts=True, temporary_folder=True)
    assert lines_of(plan(surroundings=around)) == [
        "mkdir -p -m 1777 tmp",
        "mkdir -p -m 700 root",
        "mkdir -p var/empty",
    ]


def test_an_empty_image_has_nothing() -> None:
    assert lines_of(plan()) == []


# --- what packages brought -----------------------------------------------------------------------------------------------

OPENED = "chmod -R u+w ."


@pytest.mark.parametrize(
    ("effect", "opened"),
    [
        pytest.param(copy(("rootfs/", "/")), True, id="root"),
        pytest.param(copy(("a", "/srv/a"), ("b", "/etc/b")), True, id="second source"),
        pytest.param(copy(("x", "/usr/bin/x")), True, id="usr/bin is bin"),
        pytest.param(copy(("x/", "/usr")), True, id="usr"),
        pytest.param(copy(("x", "/usr/local/bin/x")), False, id="usr/local"),
        pytest.param(copy(("x", "/sbin/x")), True, id="sbin is bin"),
        pytest.param(copy(("x/", "/app")), False, id="folder of its own"),
        pytest.param(MakeDirectory(path="/etc/app", **HERE), True, id="folder"),
        pytest.param(MakeDirectory(path="/var/lib/app", **HERE), False, id="var is not of packages"),
        pytest.param(Remove(path="/etc/x", **HERE), True, id="removal"),
    ],
)
def test_folders_of_packages_are_made_writable_where_they_are_written_to(
    effect: Effect, opened: bool
) -> None:
    assert (OPENED in script(effect)) is opened
    assert OPENED not in script(effect, builder="buildLayeredImage")


@pytest.mark.parametrize(
    ("effects", "expected"),
    [
        pytest.param(
            (copy(("x", "/etc/x")),),
            "mkdir -p etc; cp --remove-destination ${../x} etc/x; chmod u+w etc/x",
            id="file over a package's",
        ),
        pytest.param(
            (copy(("x", "/srv/x")),), "mkdir -p srv; cp ${../x} srv/x; chmod u+w srv/x", id="file of its own"
        ),
        pytest.param(
            (copy(("x/", "/etc")),),
            "mkdir -p etc; cp -r --remove-destination ${context3}/x/. etc; chmod -R u+w etc",
            id="folder over a package's",
        ),
        pytest.param((write("/etc/x"),), "mkdir -p etc; install -m 644 ${file3} etc/x", id="text"),
        pytest.param(
            (write("/etc/x", append=True),),
            f"mkdir -p etc; {OWN_COPY.format('etc/x')}; cat ${{file3}} >> etc/x",
            id="text added to a package's",
        ),
        pytest.param(
            (write("/usr/bin/x", append=True),),
            f"{OWN_COPY.format('usr/bin/x')}; cat ${{file3}} >> usr/bin/x",
            id="text added where usr is merged",
        ),
        pytest.param(
            (write("/etc/x"), write("/etc/x", append=True)),
            "mkdir -p etc; install -m 644 ${file3} etc/x; cat ${file3_2} >> etc/x",
            id="text added to an own file",
        ),
        pytest.param(
            (write("/srv/x", append=True),), "mkdir -p srv; cat ${file3} >> srv/x", id="text added elsewhere"
        ),
        pytest.param(
            (write("/etc/x", "", append=True),),
            "mkdir -p etc; [ -e etc/x ] || touch etc/x",
            id="touch a package's",
        ),
        pytest.param((write("/srv/x", "", append=True),), "mkdir -p srv; touch srv/x", id="touch"),
        pytest.param((write("/srv/x", ""),), "mkdir -p srv; touch srv/x", id="empty file"),
        pytest.param(
            (write("/etc/x", ""),), "mkdir -p etc; install -m 644 /dev/null etc/x", id="a package's emptied"
        ),
        pytest.param(
            (write("/srv/x"), write("/srv/x", "")),
            "mkdir -p srv; install -m 644 ${file3} srv/x; install -m 644 /dev/null srv/x",
            id="an own file emptied",
        ),
        pytest.param(
            (write("/srv/x", "", mode="600"),), "mkdir -p srv; install -m 600 /dev/null srv/x", id="with mode"
        ),
    ],
)
def test_files_of_packages_are_replaced(effects: tuple[Effect, ...], expected: str) -> None:
    assert script(*effects, builder="buildLayeredImage") == expected.split("; ")


def test_the_copy_in_place_of_a_link_can_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store/x").write_text("old\n")
    (tmp_path / "store/x").chmod(0o444)
    (tmp_path / "my 'x'").symlink_to(tmp_path / "store/x")
    line = OWN_COPY.format(shlex.quote("my 'x'"))
    in_nix = escape_indented(OWN_COPY.format(shlex.quote("etc/my 'x'")) + " ")[:-1]
    assert script(write("/etc/my 'x'", append=True))[2] == in_nix
    for _ in range(2):
        subprocess.run(["bash", "-ec", f"{line}; echo new >> my\\ \\'x\\'"], cwd=tmp_path, check=True)
    assert (tmp_path / "store/x").read_text() == "old\n"
    assert (tmp_path / "my 'x'").read_text() == "old\nnew\nnew\n"


# --- copies --------------------------------------------------------------------------------------------------------------

TAR = "tar -C ${{context3}}{0} {1} -c . | tar {2}"


@pytest.mark.parametrize(
    ("effect", "expected"),
    [
        pytest.param(
            copy(("a.sql", "/m/a.sql"), ("b.sql", "/m/b.sql")),
            "mkdir -p m; cp -r ${context3}/. m; chmod -R u+w m",
            id="files of the top",
        ),
        pytest.param(
            copy(("d/a", "/m/a"), ("d/b", "/m/b"), ("e", "/m/e")),
            "mkdir -p m; cp -r ${context3}/d/. m; chmod -R u+w m; cp ${context3}/e m/e; chmod u+w m/e",
            id="files of two folders",
        ),
        pytest.param(
            copy(("d/a", "/m/a"), ("d/b", "/m/b"), ("d/sub/c", "/m/c")),
            "mkdir -p m; cp ${context3}/d/a m/a; chmod u+w m/a; cp ${context3}/d/b m/b; chmod u+w m/b; "
            "cp ${context3}/d/sub/c m/c; chmod u+w m/c",
            id="a folder with more in it",
        ),
        pytest.param(
            copy(("d/", "/m"), ("d/a", "/n/a"), ("d/b", "/n/b")),
            "mkdir -p m; cp -r ${context3}/d/. m; chmod -R u+w m; mkdir -p n; cp ${context3}/d/a n/a; chmod u+w n/a; "
            "cp ${context3}/d/b n/b; chmod u+w n/b",
            id="files of a folder that is copied too",
        ),
        pytest.param(
            copy(("a", "/m/x"), ("b", "/m/b")),
            "mkdir -p m; cp ${context3}/a m/x; chmod u+w m/x; cp ${context3}/b m/b; chmod u+w m/b",
            id="another name",
        ),
        pytest.param(
            copy(("d/a", "/a"), ("d/b", "/b")),
            "cp -r --remove-destination ${context3}/d/. .; chmod -R u+w .",
            id="files into the root",
        ),
        pytest.param(
            copy(("rootfs/", "/")),
            TAR.format("/rootfs", "--mode=u+w", "-x --keep-directory-symlink"),
            id="folder onto the root",
        ),
        pytest.param(
            copy(("", "/usr")),
            TAR.format("", "--mode=u+w", "-C usr -x --keep-directory-symlink"),
            id="folder onto usr",
        ),
        pytest.param(
            copy(("src/", "/app"), owner="5:6"),
            "mkdir -p app; "
            + TAR.format("/src", "--owner=5 --group=6 --mode=u+w", "-C app -x --no-overwrite-dir"),
            id="into a folder that keeps its owner",
        ),
        pytest.param(
            copy(("src/", "/app"), owner="5:6", mode="750"),
            "mkdir -p app; "
            + TAR.format("/src", "--owner=5 --group=6 --mode=750", "-C app -x --no-overwrite-dir"),
            id="and its mode",
        ),
    ],
)
def test_copies(effect: CopyFiles, expected: str) -> None:
    assert script(effect, builder="buildLayeredImage") == expected.split("; ")


# --- the rest ------------------------------------------------------------------------------------------------------------

TINI = LinkProgram(path="/opt/tini", attribute_path=AttributePath("tini"), program="tini", **HERE)


@pytest.mark.parametrize(
    ("effects", "expected"),
    [
        pytest.param(
            (MakeDirectory(path="/a/b/c", **HERE), MakeDirectory(path="/a/b", **HERE)),
            "mkdir -p a/b/c",
            id="a folder is made once",
        ),
        pytest.param(
            (
                MakeDirectory(path="/a/b", **HERE),
                Remove(path="/a", **HERE),
                MakeDirectory(path="/a/b", **HERE),
            ),
            "mkdir -p a/b; rm -rf a; mkdir -p a/b",
            id="and again when it was removed",
        ),
        pytest.param(
            (Symlink(path="/a", target="/b", **HERE), SetOwner(path="/a", owner="5", **HERE)),
            "ln -sfn /b a; chown -h 5 a",
            id="owner of a link",
        ),
        pytest.param(
            (TINI, SetOwner(path="/opt/tini", owner="5", **HERE)),
            "mkdir -p opt; ln -sfn ${pkgs.tini}/bin/tini opt/tini; chown -h 5 opt/tini",
            id="owner of a link to a package",
        ),
        pytest.param(
            (MakeDirectory(path="/a", **HERE), SetOwner(path="/a", owner="5", recursive=True, **HERE)),
            "mkdir -p a; chown -R 5 a",
            id="owner of a folder",
        ),
        pytest.param((SetMode(path="/-x", mode="-x", **HERE),), "chmod -x ./-x", id="name like an option"),
    ],
)
def test_further_effects(effects: tuple[Effect, ...], expected: str) -> None:
    assert script(*effects) == expected.split("; ")
