"""COPY --chown gives what it copies, and the folders it makes on the way, to the owner that BuildKit would."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dock2nix.extract.instructions import extract_copy
from dock2nix.extract.paths import KnownPaths
from dock2nix.model.image import CopyFiles, MakeDirectory, SetMode, SetOwner
from dock2nix.parse.context import BuildContext
from dock2nix.parse.dockerfile import parse_dockerfile
from dock2nix.parse.stages import link_stages
from fakes import place

if TYPE_CHECKING:
    from pathlib import Path

    from dock2nix.model.image import Effect

EXISTING = MakeDirectory(path="/app", location=place(1), text="WORKDIR /app")


def effects(folder: Path, copy: str) -> tuple[Effect, ...]:
    """The effects of an instruction in /app; `dir` is a folder of the context, `file` a file."""
    (folder / "dir").mkdir()
    (folder / "dir/a").touch()
    (folder / "file").touch()
    parsed = parse_dockerfile(f"FROM x\n{copy}\n".encode(), "Dockerfile").value
    (instruction,) = link_stages(parsed, build_arguments={}).value[0].instructions
    known = KnownPaths(BuildContext.read(folder, None), (EXISTING,))
    return extract_copy(instruction, 0, known, "/app").value[0].effects


@pytest.mark.parametrize(
    ("flag", "owner"),
    [
        pytest.param("app", "app:", id="a name with the user's own group"),
        pytest.param("1000", "1000:1000", id="a number for user and group"),
        pytest.param("app:web", "app:web", id="user and group"),
        pytest.param("7:8", "7:8", id="numbers of user and group"),
        pytest.param("root", None, id="root"),
        pytest.param("0:0", None, id="root's numbers"),
    ],
)
def test_owner(flag: str, owner: str | None, tmp_path: Path) -> None:
    found = effects(tmp_path, f"COPY --chown={flag} file /app/file")
    assert [effect.owner for effect in found if isinstance(effect, SetOwner)] == ([owner] if owner else [])


@pytest.mark.parametrize(
    ("copy", "expected"),
    [
        pytest.param("COPY --chown=5 . .", ["copy 5:5"], id="a folder that is there keeps its owner"),
        pytest.param("COPY --chown=5 dir /app", ["copy 5:5"], id="the same, absolute"),
        pytest.param("COPY --chown=5 --chmod=750 dir .", ["copy 5:5"], id="and its mode"),
        pytest.param("COPY --chmod=750 dir .", ["copy", "chmod /app"], id="mode alone"),
        pytest.param(
            "COPY --chown=5 dir new", ["copy", "chown -R /app/new"], id="a new folder is the owner's"
        ),
        pytest.param(
            "COPY --chown=5 file new/",
            ["mkdir /app/new", "chown /app/new", "copy", "chown /app/new/file"],
            id="a folder that is made for a file",
        ),
        pytest.param(
            "COPY --chown=5 dir /opt/a/b",
            ["mkdir /opt/a", "chown /opt/a", "copy", "chown -R /opt/a/b"],
            id="folders above a folder",
        ),
        pytest.param(
            "COPY --chown=5 file /etc/nginx/conf.d/file",
            ["copy", "chown /etc/nginx/conf.d/file"],
            id="folders that a package may have",
        ),
        pytest.param("COPY dir /opt/a/b", ["copy"], id="nothing for root"),
    ],
)
def test_folders_on_the_way(copy: str, expected: list[str], tmp_path: Path) -> None:
    assert [said(effect) for effect in effects(tmp_path, copy)] == expected


def said(effect: Effect) -> str:
    match effect:
        case CopyFiles():
            return f"copy {effect.owner}".strip()
        case MakeDirectory():
            return f"mkdir {effect.path}"
        case SetMode():
            return f"chmod {effect.path}"
        case SetOwner():
            return f"chown {'-R ' * effect.recursive}{effect.path}"
        case _:
            return ""
