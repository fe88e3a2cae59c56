"""The package set builds what it evaluates: the same bytes each time, and with the failures of nixpkgs."""

from __future__ import annotations

import gzip
import io
import json
import re
import tarfile
from typing import TYPE_CHECKING

import pytest

from nix.notes import INDEX, edit
from nix_lab import (
    PACKAGE_SET,
    STATE,
    Nix,
    StandIn,
    available_nixes,
    build_flake,
    package_set,
    why_no_builds,
)

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.nix,
    pytest.mark.skipif(bool(why_no_builds()), reason=why_no_builds()),
]

NIXPKGS = {"nixpkgs": INDEX}


def image_of(archive: Path) -> tuple[dict[str, object], dict[str, tarfile.TarInfo]]:
    """The configuration of a docker-archive, and what its layers hold."""
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(archive.read_bytes()))) as files:

        def content(name: str) -> bytes:
            member = files.extractfile(name)
            assert member
            return member.read()

        manifest = json.loads(content("manifest.json"))[0]
        entries: dict[str, tarfile.TarInfo] = {}
        for name in manifest["Layers"]:
            with tarfile.open(fileobj=io.BytesIO(content(name))) as layer:
                entries |= {entry.name.removeprefix("./"): entry for entry in layer}
        return {"tags": manifest["RepoTags"], **json.loads(content(manifest["Config"]))}, entries


def build(nix: Nix, expression: str) -> Path:
    """Build an expression over the package set; where the result is on this machine."""
    packages = f'with import {PACKAGE_SET} {{ system = "x86_64-linux"; }}; '
    built = nix.run("nix-build", "--no-out-link", "--expr", packages + expression).strip()
    return nix.home / "store" / built.lstrip("/")


@pytest.fixture
def newest() -> Nix:
    if not available_nixes():
        pytest.skip("no Nix here: `make nix` gets it on Debian as root")
    return available_nixes()[-1]


@pytest.fixture
def small_flake(flake: Path) -> Path:
    edit(flake / "nix/packages.nix", "(pkgs.python313.withPackages (ps: [ ps.idna ]))", "")
    return flake


def test_image_is_built_twice_alike_and_is_as_written(flake: Path, nix: Nix) -> None:
    config, entries = image_of(build_flake(flake, nix, NIXPKGS))
    assert config["tags"] == ["notes:latest"]
    assert config["config"] == {"Cmd": ["sqlite3"]}
    assert config["architecture"] == "amd64"
    assert {"srv/notes.txt", "bin/sh", "bin/python3", "etc/passwd", "nix/store"} <= set(entries)
    assert not [name for name in entries if str(STATE).lstrip("/") in name or "flake" in name]
    assert {entry.mtime for entry in entries.values()} == {315532800}
    assert {(entry.uid, entry.gid) for entry in entries.values()} == {(0, 0)}


def test_all_versions_of_nix_build_the_same_bytes(small_flake: Path, newest: Nix) -> None:
    archives = {build_flake(small_flake, nix, NIXPKGS).read_bytes() for nix in (*available_nixes(), newest)}
    assert len(archives) == 1


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param(
            '"cp -r', '"date +%N > stamp; cp -r', "may not be deterministic", id="time-of-the-build"
        ),
        pytest.param(
            '"cp -r',
            '"echo x > etc/motd; cp -r',
            "Permission denied",
            id="write-into-what-came-with-packages",
        ),
        pytest.param('"cp -r', '"git-lfs; cp -r', "git-lfs: command not found", id="missing-command"),
        pytest.param('"cp -r', f'"cp {STATE}/state . ; cp -r', "No such file", id="file-of-the-machine"),
        pytest.param(
            "dockerTools.binSh\n",
            'dockerTools.binSh (pkgs.writeTextDir "bin/sh" "x")\n',
            "conflicting subpath",
            id="same-file-in-two-packages",
        ),
    ],
)
def test_fault_of_the_build_is_seen(small_flake: Path, newest: Nix, old: str, new: str, message: str) -> None:
    edit(small_flake / "nix/image.nix", old, new)
    with pytest.raises(AssertionError, match=re.escape(message)):
        build_flake(small_flake, newest, NIXPKGS)


def test_package_of_lower_priority_gives_way(newest: Nix) -> None:
    packages = {
        name: StandIn(pname=name, version="1", main_program="kill", programs=("kill",))
        for name in ("procps", "rival")
    }
    packages["equal"] = StandIn(pname="equal", version="1", programs=("kill",))
    within = f'with import {package_set(packages)} {{ system = "x86_64-linux"; }};'
    environment = newest.run(
        "nix-build",
        "--no-out-link",
        "--expr",
        f'{within} buildEnv {{ name = "e"; paths = [ procps rival ]; }}',
    )
    link = newest.home / "store" / environment.strip().lstrip("/") / "bin"
    assert "rival" in str(link.readlink() if link.is_symlink() else (link / "kill").readlink())
    with pytest.raises(AssertionError, match="conflicting subpath"):
        newest.run(
            "nix-build",
            "--no-out-link",
            "--expr",
            f'{within} buildEnv {{ name = "e"; paths = [ equal rival ]; }}',
        )


def test_layered_image_has_owners_and_layers(newest: Nix) -> None:
    archive = build(
        newest,
        """dockerTools.buildLayeredImage {
          name = "owned";
          contents = [ (writeTextDir "srv/data" "x") hello ];
          extraCommands = "mkdir home";
          fakeRootCommands = "chown 1000:1000 home; chmod 700 home";
          maxLayers = 4;
        }""",
    )
    config, entries = image_of(archive)
    home = entries["home"]
    assert (home.uid, home.gid, home.mode) == (1000, 1000, 0o700)
    assert entries["srv/data"].uid == 0
    assert len(config["rootfs"]["diff_ids"]) == 4  # type: ignore[index]


def test_image_stands_on_another(newest: Nix) -> None:
    base = 'dockerTools.buildImage { name = "base"; copyToRoot = writeTextDir "one" "1"; config.Env = [ "A=1" ]; }'
    above = f'{{ name = "above"; fromImage = {base}; copyToRoot = writeTextDir "two" "2"; config.Env = [ "B=2" ]; }}'
    config, entries = image_of(build(newest, f"dockerTools.buildImage {above}"))
    assert config["config"] == {"Env": ["A=1", "B=2"]}
    assert {"one", "two"} <= set(entries)


def test_streamed_image_is_a_program(newest: Nix) -> None:
    program = build(newest, 'dockerTools.streamLayeredImage { name = "streamed"; contents = [ hello ]; }')
    assert program.read_text().startswith("#!/nix/store/")


def test_builders_see_nothing_of_the_machine(newest: Nix) -> None:
    script = f"id -un; id -u; ls / /etc; test ! -e {STATE.parent}; test ! -e /etc/debian_version"
    seen = build(newest, f'runCommand "look" {{ }} "({script}) > $out"').read_text().split()
    assert seen[1] != "0"
    assert not {"home", "root", "var", "work", "shadow", "ssl"} & set(seen)
