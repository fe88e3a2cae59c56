"""nix/image.nix: who is in the image, what is around its packages, and what happens when these collide."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dock2nix.emit.render import render
from dock2nix.model.image import Group, SetMode, SetOwner, User
from dock2nix.model.packages import AttributePath
from dock2nix.model.plan import Collision, PackageEntry, PackageSection, Surroundings
from emit.plans import plan
from fakes import place

HERE: dict[str, Any] = {"location": place(3), "text": "text"}
SECTION = PackageSection(title="2: x", entries=(PackageEntry(attribute_path=AttributePath("jq")),))
ACCOUNTS = Surroundings(accounts=True)


def image(**fields: object) -> str:
    return render(plan(**fields))["nix/image.nix"]


def test_root_is_at_home_in_root_and_nobody_in_an_empty_folder() -> None:
    assert """
  accounts = pkgs.symlinkJoin {
    name = "accounts";
    paths = [
      (pkgs.writeTextDir "etc/passwd" ''
        root:x:0:0:root:/root:/bin/sh
        nobody:x:65534:65534:nobody:/var/empty:/bin/sh
      '')
      (pkgs.writeTextDir "etc/group" ''
        root:x:0:
        nobody:x:65534:
      '')
      (pkgs.writeTextDir "etc/nsswitch.conf" "hosts: files dns\\n")
    ];
  };
""" in image(surroundings=ACCOUNTS)


@pytest.mark.parametrize(
    ("users", "groups", "passwd", "group"),
    [
        pytest.param(
            (User(name="app", uid=1000, gid=5, comment="App", home="/app", shell="/bin/bash"),),
            (Group(name="app", gid=5, members=("a", "b")),),
            ["root:x:0:0:root:/root:/bin/sh", "app:x:1000:5:App:/app:/bin/bash", "nobody"],
            ["root:x:0:", "app:x:5:a,b", "nobody:x:65534:"],
            id="between root and nobody",
        ),
        pytest.param(
            (User(name="root", uid=0, gid=0, home="/home", shell="/bin/zsh"),),
            (Group(name="root", gid=0, members=("a",)),),
            ["root:x:0:0::/home:/bin/zsh", "nobody"],
            ["root:x:0:a", "nobody:x:65534:"],
            id="in the place of root",
        ),
        pytest.param(
            (User(name="nobody", uid=99, gid=99, home="/", shell="/bin/false"),),
            (Group(name="nogroup", gid=65534),),
            ["root", "nobody:x:99:99::/:/bin/false"],
            ["root:x:0:", "nogroup:x:65534:"],
            id="in the place of nobody",
        ),
        pytest.param(
            (),
            (Group(name="nogroup", gid=65533),),
            ["root", "nobody"],
            ["root:x:0:", "nogroup:x:65533:", "nobody:x:65534:"],
            id="Alpine's nogroup has a number of its own",
        ),
    ],
)
def test_accounts(
    users: tuple[User, ...], groups: tuple[Group, ...], passwd: list[str], group: list[str]
) -> None:
    text = image(surroundings=ACCOUNTS, users=users, groups=groups)
    files = [part.split("''")[0].split() for part in text.split("''\n")[1:3]]
    found, own = ([line for line in lines if ":" in line] for lines in files)
    assert [
        line if ":" in want else line.split(":")[0] for line, want in zip(found, passwd, strict=True)
    ] == passwd
    assert own == group


@pytest.mark.parametrize(
    ("around", "contents"),
    [
        pytest.param(Surroundings(), "import ./packages.nix { inherit pkgs; };", id="nothing"),
        pytest.param(
            Surroundings(certificates=True),
            "import ./packages.nix { inherit pkgs; } ++ [ dockerTools.caCertificates ];",
            id="certificates",
        ),
        pytest.param(
            Surroundings(accounts=True, bin_sh=True, usr_bin_env=True),
            "import ./packages.nix { inherit pkgs; } ++ [\n"
            "      accounts\n      dockerTools.binSh\n      dockerTools.usrBinEnv\n    ];",
            id="all of a distribution",
        ),
    ],
)
def test_what_is_around_the_packages(around: Surroundings, contents: str) -> None:
    assert f"paths = {contents}" in image(surroundings=around, sections=(SECTION,))


def test_usr_is_linked_only_where_a_package_has_something_in_it() -> None:
    assert '"/usr"' not in image(sections=(SECTION,))
    assert '"/usr"' in image(sections=(SECTION,), surroundings=Surroundings(usr_bin_env=True))


COLLISIONS = (
    Collision(packages=("pkgs.gcc", "pkgs.clang"), programs=("c++", "cc")),
    Collision(packages=("pkgs.openssl.out", "pkgs.openssl_1_1.out")),
)


def test_collisions_are_ignored_where_they_are_known_and_said() -> None:
    assert """
    # of files in several packages, those of the first in the list are taken:
    # pkgs.gcc and pkgs.clang: both have c++ and cc
    # pkgs.openssl.out and pkgs.openssl_1_1.out: two versions of one package
    ignoreCollisions = true;
  };
""" in image(sections=(SECTION,), collisions=COLLISIONS)
    assert "ignoreCollisions" not in image(sections=(SECTION,))
    assert "ignoreCollisions" not in image(
        sections=(SECTION,), collisions=COLLISIONS, builder="buildLayeredImage"
    )


@pytest.mark.parametrize(
    ("effect", "argument"),
    [
        pytest.param(SetMode(path="/x", mode="4755", **HERE), "fakeRootCommands", id="mode of root"),
        pytest.param(SetOwner(path="/x", owner="5", **HERE), "fakeRootCommands", id="owner"),
        pytest.param(SetMode(path="/x", mode="755", **HERE), "extraCommands", id="plain mode"),
    ],
)
def test_layers_are_made_by_root_where_need_be(effect: SetMode | SetOwner, argument: str) -> None:
    assert f"  {argument} = ''\n" in image(effects=(effect,), builder="buildLayeredImage")


def test_no_line_ends_with_a_blank() -> None:
    samples = (Path(__file__).parents[2] / "samples").glob("*/expected/**/*.nix")
    files = {str(path): path.read_text() for path in samples}
    files |= render(plan(build_sections=(SECTION,), sections=(SECTION,), surroundings=ACCOUNTS))
    assert "nix/build-packages.nix" in files
    for path, text in files.items():
        assert [line for line in text.splitlines() if line != line.rstrip()] == [], path


def test_the_development_shell_has_the_packages_for_building_too() -> None:
    assert """
  packages =
    import ./packages.nix { inherit pkgs; }
    ++ import ./build-packages.nix { inherit pkgs; };
""" in render(plan(build_sections=(SECTION,), sections=(SECTION,)))["nix/shell.nix"]
    assert "  packages = import ./packages.nix { inherit pkgs; };\n" in render(plan())["nix/shell.nix"]
