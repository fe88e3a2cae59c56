"""Links that the Dockerfile makes are followed, so that no command of the build goes through them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

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
from dock2nix.plan.links import follow_links, merged
from fakes import place

if TYPE_CHECKING:
    from dock2nix.model.image import Effect

HERE: dict[str, Any] = {"location": place(3), "text": "text"}


def link(path: str, target: str) -> Symlink:
    return Symlink(path=path, target=target, **HERE)


def copy(destination: str, *, directory: bool) -> CopyFiles:
    source = ContextSource(path="x", destination=destination, directory=directory)
    return CopyFiles(sources=(source,), **HERE)


def write(path: str, *, append: bool = False) -> WriteFile:
    return WriteFile(path=path, content="x", append=append, **HERE)


def mode(path: str) -> SetMode:
    return SetMode(path=path, mode="755", **HERE)


PROGRAM = LinkProgram(path="/tini", attribute_path=AttributePath("tini"), program="tini", **HERE)


def paths(*effects: Effect, programs: str = "", merged_usr: bool = True) -> list[str]:
    done = follow_links(effects, frozenset(programs.split()), merged_usr=merged_usr)
    return [
        effect.sources[0].destination if isinstance(effect, CopyFiles) else getattr(effect, "path", "")
        for effect in done
    ]


@pytest.mark.parametrize(
    ("effects", "expected"),
    [
        pytest.param(
            (link("/app", "/data/app"), copy("/app/x", directory=False)), "/data/app/x", id="copy into"
        ),
        pytest.param((link("/app", "/data/app"), copy("/app", directory=True)), "/data/app", id="copy onto"),
        pytest.param((link("/a/x", "y"), copy("/a/x", directory=False)), "/a/x", id="a file replaces a link"),
        pytest.param(
            (link("/a/x", "../b"), MakeDirectory(path="/a/x/y", **HERE)), "/b/y", id="relative link"
        ),
        pytest.param(
            (link("/a/x", "y"), write("/a/x")), "/a/x", id="a file is written in the place of a link"
        ),
        pytest.param(
            (link("/a/x", "y"), write("/a/x", append=True)), "/a/y", id="text is added behind a link"
        ),
        pytest.param(
            (link("/a", "/b"), link("/b", "/c"), mode("/a/x")), None, id="modes of what nobody made"
        ),
        pytest.param(
            (write("/c/x"), link("/a", "/c"), mode("/a/x")), "/c/x", id="mode of a file behind a link"
        ),
        pytest.param((link("/a", "/c"), Remove(path="/a", **HERE)), "/a", id="the link itself is removed"),
        pytest.param(
            (link("/a", "/c"), SetOwner(path="/a", owner="5", **HERE)), "/a", id="owner of the link"
        ),
        pytest.param((PROGRAM, mode("/tini")), None, id="mode of a package's program"),
        pytest.param((PROGRAM, write("/tini")), "/tini", id="file in the place of a package's program"),
        pytest.param((link("/a", "/b"), link("/b", "/a"), write("/a/x")), "/", id="circle"),
    ],
)
def test_last_effect_is_done_behind_the_links(effects: tuple[Effect, ...], expected: str | None) -> None:
    found = paths(*effects)
    if expected is None:
        assert len(found) == len(effects) - 1
    else:
        assert found[-1].startswith(expected)


def test_removed_links_lead_nowhere() -> None:
    assert paths(link("/a", "/b"), Remove(path="/a", **HERE), write("/a/x"))[-1] == "/a/x"


@pytest.mark.parametrize(
    ("path", "place_"),
    [
        ("/usr/bin/env", "/bin/env"),
        ("/usr/sbin", "/bin"),
        ("/sbin/init", "/bin/init"),
        ("/usr/lib/x", "/lib/x"),
        ("/usr/share/x", "/share/x"),
        ("/usr/local/bin/x", "/usr/local/bin/x"),
        ("/usr/binary", "/usr/binary"),
    ],
)
def test_places_in_a_merged_usr(path: str, place_: str) -> None:
    assert merged(path) == place_


@pytest.mark.parametrize(
    ("one", "programs", "kept"),
    [
        pytest.param(link("/bin/env", "/usr/bin/env"), "env", False, id="to itself"),
        pytest.param(link("/usr/bin/python", "/usr/bin/python3"), "python python3", True, id="to a program"),
        pytest.param(
            link("/usr/bin/node", "/usr/bin/nodejs"), "node", False, id="to Debian's name of a program"
        ),
        pytest.param(link("/usr/bin/node", "nodejs"), "node", False, id="the same, relative"),
        pytest.param(link("/usr/bin/tool", "/usr/bin/other"), "node", True, id="of no program"),
        pytest.param(link("/usr/bin/node", "/opt/node/bin/node"), "node", True, id="to elsewhere"),
        pytest.param(
            link("/usr/local/bin/node", "/usr/bin/nodejs"), "node", True, id="in a place of its own"
        ),
    ],
)
def test_links_that_would_break_what_packages_have_are_left_out(
    one: Symlink, programs: str, kept: bool
) -> None:
    assert paths(one, programs=programs) == ([one.path] if kept else [])


def test_a_link_to_a_file_that_was_made_is_kept() -> None:
    assert paths(write("/usr/bin/nodejs"), link("/bin/node", "/usr/bin/nodejs"), programs="node") == [
        "/usr/bin/nodejs",
        "/bin/node",
    ]


def test_places_differ_where_usr_is_not_merged() -> None:
    assert paths(link("/bin/env", "/usr/bin/env"), programs="env", merged_usr=False) == ["/bin/env"]
