"""`dock2nix index update`: an index of a channel, from a server on loopback."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import lzma
import tarfile
import tomllib
import zipfile
from typing import TYPE_CHECKING, Any

import brotli
import pytest

from dock2nix.catalogue.index import PackageIndex
from dock2nix.cli import main
from dock2nix.folders import data_folder
from dock2nix.indexing import build, channel, sources
from dock2nix.indexing.packages import Spelling
from file_server import Answers, serving
from made_nix_index import MadeStorePath, database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REVISION = "0123456789abcdef0123456789abcdef01234567"
KNOWN = "1" * 40
PINNED = (
    MadeStorePath("curl", "curl-8.18.0-bin", ("/bin/curl",), output="bin"),
    MadeStorePath("curl", "curl-8.18.0", ("/lib/libcurl.so.4",)),
    MadeStorePath("gone", "gone-1", ("/bin/gone",)),
    MadeStorePath("rPackages.MASS", "r-MASS-7", ("/library/MASS/DESCRIPTION",)),
)
NEWER = (MadeStorePath("curl", "curl-9.0", ("/bin/curl", "/bin/wcurl")),)
PACKAGES: dict[str, Any] = {
    "curl": {
        "pname": "curl",
        "version": "9.0",
        "system": "x86_64-linux",
        "outputs": {"bin": None, "out": None, "man": None},
        "outputName": "bin",
        "meta": {"mainProgram": "curl", "unfree": False, "maintainers": [{"name": "x"}]},
    },
    "terraform": {
        "pname": "terraform",
        "version": "1.9",
        "system": "x86_64-linux",
        "outputs": {"out": None},
        "meta": {},
    },
    "macOnly": {"pname": "mac-only", "version": "1", "system": "aarch64-darwin", "outputs": {"out": None}},
    "tests.x": {"pname": "x", "version": "1", "system": "x86_64-linux", "outputs": {"out": None}},
    "odd.0name": {"pname": "odd", "version": "1", "meta": {"mainProgram": ["a", "list"]}},
}
DEBIAN = {
    "main/Contents-amd64.gz": gzip.compress(b"usr/bin/curl web/curl\n", mtime=0),
    "main/Contents-all.gz": gzip.compress(b"", mtime=0),
    "main/binary-all/Packages.xz": lzma.compress(b""),
    "main/binary-amd64/Packages.xz": lzma.compress(b"Package: curl\nVersion: 8.14.1-2\n"),
}


def _packed(packages: dict[str, Any], version: int = 2) -> bytes:
    return bytes(brotli.compress(json.dumps({"version": version, "packages": packages}).encode()))


def _archive() -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        entry = tarfile.TarInfo(f"nixpkgs-{REVISION}/default.nix")
        entry.size, entry.mtime = 2, 1_790_000_000
        tar.addfile(entry, io.BytesIO(b"{}"))
    return content.getvalue()


def _debian() -> dict[str, bytes]:
    files = {}
    for codename in ("trixie", "bookworm"):
        lines = [
            f" {hashlib.sha256(content).hexdigest()} {len(content)} {name}"
            for name, content in DEBIAN.items()
        ]
        folder = f"/debian/dists/{codename}"
        files[f"{folder}/InRelease"] = "\n".join(["Codename: x", "SHA256:", *lines, ""]).encode()
        files |= {f"{folder}/{name}": content for name, content in DEBIAN.items()}
    return files


@pytest.fixture
def answers() -> Answers:
    return Answers(
        files={
            "/channels/nixos-99.05/git-revision": f"{REVISION}\n".encode(),
            "/channels/nixos-99.05/packages.json.br": _packed(PACKAGES),
            f"/archives/{REVISION}.tar.gz": _archive(),
            "/newer": database(NEWER),
            **_debian(),
        }
    )


@pytest.fixture
def server(answers: Answers) -> Iterator[str]:
    with serving(answers) as address:
        yield address


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache that has the pinned wheel; no signature of Debian's on what is made here."""
    folder = tmp_path / "cache"
    folder.mkdir()
    content, path = database(PINNED), folder / "made_index-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("made/index", content)
    made = sources.Wheel(
        distribution="made-index",
        version="1",
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        member="made/index",
        member_sha256=hashlib.sha256(content).hexdigest(),
    )
    spelling = Spelling(
        names={},
        aliases={"curl_9": "curl", "old": "gone"},
        scopes={},
        outputs={},
        preferred={"command:gone": "gone"},
    )
    monkeypatch.setattr(build, "NIX_INDEX", made)
    monkeypatch.setattr(Spelling, "load", lambda _: spelling)
    monkeypatch.setattr(sources, "_check_signature", lambda _: True)
    return folder


def _update(server: str, cache: Path, output: Path, *further: str) -> int:
    words = ["index", "update", "--channel", "nixos-99.05", "-o", str(output), "--cache", str(cache)]
    places = [
        "--channels",
        f"{server}/channels",
        "--archives",
        f"{server}/archives",
        "--debian-mirror",
        f"{server}/debian",
    ]
    return main([*words, *places, *further])


def test_versions_outputs_and_names_are_the_channels(
    server: str,
    cache: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert _update(server, cache, tmp_path / "made") == 0
    said = capsys.readouterr()
    assert f"export DOCK2NIX_INDEX={tmp_path / 'made'}" in said.out
    assert "which files packages hold is from the pinned nix-index" in said.err
    assert "apt.toml: " in said.err
    monkeypatch.setenv("DOCK2NIX_INDEX", str(tmp_path / "made"))
    index = PackageIndex.open()
    curl = index.attribute("curl_9")
    assert curl is not None
    assert (curl.version, curl.outputs, curl.main_program, curl.programs) == (
        "9.0",
        ("bin", "man", "out"),
        "curl",
        ("curl",),
    )
    assert [path.path for path in index.providers("command", "curl")] == ["curl"]
    match = index.evidence("apt", "curl")
    assert match is not None
    assert match.path == "curl"
    known = {
        path: index.attribute(path) is not None
        for path in ("terraform", "rPackages.MASS", 'odd."0name"', "gone", "old", "macOnly")
    }
    assert known == {
        "terraform": True,
        "rPackages.MASS": True,
        'odd."0name"': True,
        "gone": False,
        "old": False,
        "macOnly": False,
    }
    assert index.info()["sources"]["channel"] == {
        "name": "nixos-99.05",
        "revision": REVISION,
        "sha256": hashlib.sha256(_packed(PACKAGES)).hexdigest(),
    }


def test_the_pin_is_the_channels_revision(server: str, cache: Path, tmp_path: Path) -> None:
    assert _update(server, cache, tmp_path / "made") == 0
    index = PackageIndex.open(tmp_path / "made")
    pin = index.pin()
    assert (pin.channel, pin.rev, pin.last_modified) == ("nixos-99.05", REVISION, 1_790_000_000)
    assert pin.nar_hash == "sha256-Km/J/e9jso1w3SdnpCIL2Ok6DoKLgiZPuxgxmvSAyNY="
    assert "nixos-23.11" in index.channels()


def test_a_channel_that_does_not_move_any_more_needs_no_archive(
    answers: Answers, server: str, cache: Path, tmp_path: Path
) -> None:
    pins = tomllib.loads((data_folder("mappings") / "pins.toml").read_text())["channels"]
    row = pins["nixos-23.11"]
    answers.files["/channels/nixos-23.11/git-revision"] = row["rev"].encode()
    answers.files["/channels/nixos-23.11/packages.json.br"] = _packed(PACKAGES)
    assert _update(server, cache, tmp_path / "made", "--channel", "nixos-23.11") == 0
    assert PackageIndex.open(tmp_path / "made").pin().nar_hash == row["narHash"]
    assert not any("archives" in path for path, _, _ in answers.requests)


def test_a_newer_nix_index_file_says_what_packages_hold(server: str, cache: Path, tmp_path: Path) -> None:
    digest = hashlib.sha256(database(NEWER)).hexdigest()
    further = ("--nix-index", f"{server}/newer", "--nix-index-sha256", digest)
    assert _update(server, cache, tmp_path / "made", *further) == 0
    index = PackageIndex.open(tmp_path / "made")
    assert [path.path for path in index.providers("command", "wcurl")] == ["curl"]
    assert index.info()["sources"]["nix-index"] == {"file-sha256": digest}


def test_twice_gives_the_same_bytes(server: str, cache: Path, tmp_path: Path) -> None:
    made = []
    for name in ("one", "two"):
        assert _update(server, cache, tmp_path / name) == 0
        files = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        made.append({str(path.relative_to(tmp_path / name)): path.read_bytes() for path in files})
    assert made[0] == made[1]
    assert {"pins.toml", "index/about.json", "index/evidence-apt.table"} <= set(made[0])


PACKED = "/channels/nixos-99.05/packages.json.br"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"status": {PACKED: 500}}, "the server answers 500", id="fault of the server"),
        pytest.param({"cut": {PACKED: 50}}, "packages.json.br: ", id="cut off"),
        pytest.param({"redirects": {PACKED: PACKED}}, "TooManyRedirects", id="redirects in a circle"),
        pytest.param({"files": {PACKED: b"\0" * 9}}, "packages.json.br: ", id="no brotli"),
        pytest.param({"files": {PACKED: _packed(PACKAGES)[:-20]}}, "packages.json.br: ", id="short"),
        pytest.param(
            {"files": {PACKED: bytes(brotli.compress(b"[]"))}},
            "not the packages of a channel",
            id="other JSON",
        ),
        pytest.param({"files": {PACKED: _packed({}, 3)}}, "packages in form 3", id="another form"),
        pytest.param(
            {"files": {"/channels/nixos-99.05/git-revision": b"<html>"}}, "not a revision", id="no revision"
        ),
        pytest.param(
            {"files": {f"/archives/{REVISION}.tar.gz": b"x"}}, "not a whole archive", id="no archive"
        ),
        pytest.param({"status": {f"/archives/{REVISION}.tar.gz": 404}}, "answers 404", id="archive missing"),
        pytest.param(
            {"files": {"/newer": b"x"}}, "newer.nix-index: refused", id="nix-index file with another hash"
        ),
        pytest.param({"status": {"/debian/dists/trixie/InRelease": 503}}, "answers 503", id="Debian away"),
    ],
)
def test_what_is_not_right_is_told_and_nothing_is_written(
    answers: Answers,
    server: str,
    cache: Path,
    capsys: pytest.CaptureFixture[str],
    change: dict[str, dict[str, Any]],
    message: str,
) -> None:
    digest = hashlib.sha256(answers.files["/newer"]).hexdigest()
    for name, value in change.items():
        getattr(answers, name).update(value)
    further = ("--nix-index", f"{server}/newer", "--nix-index-sha256", digest)
    assert _update(server, cache, cache.parent / "made", *further) == 2
    assert message in capsys.readouterr().err
    assert not (cache.parent / "made").exists()


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        pytest.param("_LARGEST_PACKAGES", "refused, it has", id="as it comes"),
        pytest.param("_LARGEST_UNPACKED", "refused, it unpacks to more than", id="unpacked"),
    ],
)
def test_too_large_a_file_is_refused(
    server: str,
    cache: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    limit: str,
    message: str,
) -> None:
    monkeypatch.setattr(channel, limit, 100)
    assert _update(server, cache, cache.parent / "made") == 2
    assert message in capsys.readouterr().err
    assert not (cache.parent / "made").exists()


@pytest.mark.parametrize("name", ["../x", "a/b", "", "-"])
def test_what_is_no_name_of_a_channel_is_refused(server: str, cache: Path, tmp_path: Path, name: str) -> None:
    assert _update(server, cache, tmp_path / "made", f"--channel={name}") == 2
    assert not (tmp_path / "made").exists()


def test_the_users_data_are_the_place_for_it(
    server: str, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    words = ["index", "update", "--channel", "nixos-99.05", "--cache", str(cache)]
    places = [
        "--channels",
        f"{server}/channels",
        "--archives",
        f"{server}/archives",
        "--debian-mirror",
        f"{server}/debian",
    ]
    assert main([*words, *places]) == 0
    assert PackageIndex.open(tmp_path / "data/dock2nix/nixos-99.05").pin().rev == REVISION


def test_a_chosen_folder_without_an_index_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DOCK2NIX_INDEX", str(tmp_path))
    assert main(["why", "apt:curl"]) == 2
    assert "no package index in" in capsys.readouterr().err
