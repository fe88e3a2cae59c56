"""Files that a base image brings and the Dockerfile replaces are not made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dock2nix.model.image import (
    ContextSource,
    CopyFiles,
    LeftOut,
    MakeDirectory,
    Remove,
    RunTool,
    SetMode,
    StoreFiles,
    ToolPath,
    WriteFile,
)
from dock2nix.model.packages import AttributePath
from dock2nix.plan.origins import Origins
from dock2nix.plan.services import from_their_inputs, without_replaced
from fakes import place

if TYPE_CHECKING:
    from dock2nix.model.image import Effect

HERE: dict[str, Any] = {"location": place(3), "text": "text"}
OURS = WriteFile(path="/etc/x/a.conf", content="a\n", stored="base/etc/x/a.conf", **HERE)
FOLDER = MakeDirectory(path="/etc/x", **HERE)
LATER = WriteFile(path="/etc/x/b.conf", content="b\n", **HERE)


def copied(path: str, *, directory: bool = False) -> CopyFiles:
    return CopyFiles(sources=(ContextSource(path="c", destination=path, directory=directory),), **HERE)


def sed(path: str) -> RunTool:
    words = ("-i", "s/a/b/", ToolPath(path, "*" in path))
    return RunTool(program="sed", words=words, reads=(path,), **HERE)


def remove(path: str) -> Remove:
    return Remove(path=path, recursive=True, pattern="*" in path, **HERE)


@pytest.mark.parametrize(
    ("later", "left"),
    [
        pytest.param((copied("/etc/x/a.conf"),), (FOLDER, copied("/etc/x/a.conf")), id="copied over"),
        pytest.param((remove("/etc/x/a.conf"),), (FOLDER,), id="removed"),
        pytest.param((remove("/etc/x/*"),), (FOLDER,), id="removed by a pattern"),
        pytest.param((remove("/etc/x"),), (FOLDER, remove("/etc/x")), id="removed with its folder"),
        pytest.param(
            (LATER, remove("/etc/x/*")), (FOLDER, LATER, remove("/etc/x/*")), id="removed with others"
        ),
        pytest.param(
            (copied("/etc/x", directory=True), remove("/etc/x/*")),
            (FOLDER, copied("/etc/x", directory=True), remove("/etc/x/*")),
            id="removed with a copied folder",
        ),
        pytest.param((copied("/etc/x", directory=True),), None, id="a folder copied, perhaps over it"),
        pytest.param((sed("/etc/x/a.conf"), copied("/etc/x/a.conf")), None, id="read before"),
        pytest.param((sed("/etc/x/*.conf"), remove("/etc/x/a.conf")), None, id="read by a pattern before"),
        pytest.param((LeftOut(**HERE), remove("/etc/x/a.conf")), None, id="something unknown before"),
        pytest.param((SetMode(path="/etc/x/a.conf", mode="600", **HERE),), None, id="mode changed"),
        pytest.param(
            (WriteFile(path="/etc/x/a.conf", content="b", append=True, **HERE),), None, id="added to"
        ),
        pytest.param((), None, id="left alone"),
    ],
)
def test_a_file_of_ours_is_made_unless_it_is_replaced(
    later: tuple[Effect, ...], left: tuple[Effect, ...] | None
) -> None:
    assert without_replaced((OURS, *later)) == (left if left is not None else (OURS, *later))


def test_packages_of_an_old_base_come_from_its_release() -> None:
    link = StoreFiles(path="/a", attribute_path=AttributePath("php74"), inside="etc/php.ini", **HERE)
    found = from_their_inputs((link, FOLDER), Origins(source="nixos-22_05"))
    assert [getattr(one, "source", None) for one in found] == ["nixos-22_05", None]
