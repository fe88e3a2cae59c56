"""Packages of apt that nixpkgs lacks, as the distribution's own files: from an archive on loopback to the flake."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from deb_archive import MadeDeb, archive
from dock2nix.cli import main
from dock2nix.locking.cache import DownloadCache
from dock2nix.locking.debs import archive as archives
from dock2nix.locking.debs import closure
from dock2nix.locking.debs.archive import ArchiveRefused, DebSources, open_archive
from dock2nix.locking.debs.contents import read_deb
from dock2nix.locking.debs.lockfile import read_lock
from dock2nix.locking.debs.packages import Packages, PackagesFile
from dock2nix.locking.fetching import HttpFetcher
from dock2nix.locking.machine_code import Unreadable
from dock2nix.network import Limits
from file_server import Answers, serving
from wheels import elf_file

if TYPE_CHECKING:
    from collections.abc import Iterator

SIGNED = Path(__file__).parents[1] / "data" / "signed-release"
LIMITS = Limits(largest=10**7, longest=5.0, timeouts=(1.0, 1.0), pauses=(), private=True)

PROGRAM = MadeDeb(
    name="made-packer",
    version="1:2.0-3",
    files={"usr/games/made-packer": elf_file("libmadepack.so.4", "libz.so.1", "libc.so.6")},
    folders=("var", "var/lib", "var/lib/made-packer"),
    fields={"Depends": "libmadepack4 (>= 1.0), libc6, zlib1g, made-tool | other", "Recommends": "made-extra"},
)
LIBRARY = MadeDeb(
    name="libmadepack4",
    files={"usr/lib/x86_64-linux-gnu/libmadepack.so.4": elf_file("libc.so.6", soname="libmadepack.so.4")},
    fields={"Section": "libs"},
)
ZLIB = MadeDeb(name="zlib1g", fields={"Section": "libs"})
TOOL = MadeDeb(
    name="made-tool",
    architecture="all",
    files={"usr/bin/made-tool": b"#!/usr/bin/perl -w\nprint 1;\n", "opt/made/share.txt": b"x"},
    fields={"Depends": "perl:any, curl"},
    scripts={
        "postinst": "#!/bin/sh\nset -e\nadduser --system --home /var/lib/made --group made >/dev/null || true\n"
        "update-alternatives --install /usr/bin/tool tool /usr/bin/made-tool 10\ntouch /etc/made\n"
    },
    modes={"usr/bin/made-tool": 0o4755},
)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(archives, "machine_keyrings", dict)
    monkeypatch.setattr(archives, "machine_mirrors", tuple)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def answers() -> Answers:
    return Answers(files=archive(PROGRAM, LIBRARY, TOOL, ZLIB))


@pytest.fixture
def server(answers: Answers) -> Iterator[str]:
    with serving(answers) as address:
        yield address


def convert(
    folder: Path, *options: str, packages: str = "made-packer", base: str = "debian:12"
) -> dict[str, Any]:
    """The report of a conversion."""
    folder.mkdir(exist_ok=True)
    (folder / "Dockerfile").write_text(f"FROM {base}\nRUN apt-get install -y {packages}\n")
    main([str(folder), "--quiet", *options])
    found: dict[str, Any] = json.loads((folder / "nix/report.json").read_text())
    return found


def codes(report: dict[str, Any]) -> set[str]:
    return {finding["code"] for finding in report["findings"]}


def said(report: dict[str, Any], code: str) -> str:
    return "\n".join(finding["message"] for finding in report["findings"] if finding["code"] == code)


# --- what comes as a file --------------------------------------------------------------------------------------------------


def test_it_is_off_by_default_and_the_hint_names_it(tmp_path: Path, server: str, answers: Answers) -> None:
    report = convert(tmp_path / "app", "--debian-mirror", server)
    assert "--fallback deb" in report["findings"][0]["hint"]
    assert not answers.requests
    assert not (tmp_path / "app/nix/debs.nix").exists()


def test_it_and_what_nixpkgs_cannot_stand_in_for_is_locked(tmp_path: Path, server: str) -> None:
    report = convert(tmp_path / "app", "--fallback", "deb", "--debian-mirror", server)
    lock = json.loads((tmp_path / "app/nix/debs.json").read_text())
    assert [(one["name"], one.get("needed_by", "")) for one in lock["packages"]] == [
        ("libmadepack4", "made-packer"),
        ("made-packer", ""),
        ("made-tool", "made-packer"),
    ]
    assert all(one["url"].startswith(f"{server}/pool/") for one in lock["packages"])
    assert {one["hash"][:7] for one in lock["packages"]} == {"sha256-"}
    assert [path for path, _ in lock["libraries"]] == ["perl", "zlib"]
    assert [one["attribute_path"] for one in lock["further"]] == ["curl", "perl"]
    row = report["requirements"][0]
    assert (row["outcome"], row["version"], row["hash"]) == ("locked", "1:2.0-3", lock["packages"][1]["hash"])
    assert "D2N201" not in codes(report)


def test_image_has_the_folders_of_its_files(tmp_path: Path, server: str) -> None:
    convert(tmp_path / "app", "--fallback", "deb", "--debian-mirror", server)
    image = (tmp_path / "app/nix/image.nix").read_text()
    assert '"/games"' in image
    assert '"/opt"' in image
    assert "../share ../games" in image
    assert "var/lib/made-packer" in image
    packages = (tmp_path / "app/nix/packages.nix").read_text()
    assert "(import ./debs.nix { inherit pkgs; })" in packages
    assert "pkgs.curl # made-tool depends on it" in packages
    assert "aarch64" not in (tmp_path / "app/flake.nix").read_text()


def test_what_its_own_scripts_would_do_is_told_and_not_done(tmp_path: Path, server: str) -> None:
    report = convert(tmp_path / "app", "--fallback", "deb", "--debian-mirror", server)
    told = said(report, "D2N263")
    assert "made-tool, which made-packer needs," in told
    assert "make the user made, link /usr/bin/tool to /usr/bin/made-tool, do more of their own" in told
    assert "/usr/bin/made-tool" in said(report, "D2N304")
    assert "recommends made-extra" in said(report, "D2N261")
    assert "D2N264" in codes(report)  # nothing here to check the signature with


def test_modules_of_a_language_bring_its_interpreter_along(tmp_path: Path) -> None:
    module = MadeDeb(
        name="libmade-perl",
        architecture="all",
        files={"usr/share/perl5/Made.pm": b"1;"},
        fields={"Depends": "perl:any"},
    )
    perl = MadeDeb(
        name="perl", files={"usr/bin/perl": elf_file("libc.so.6")}, fields={"Depends": "perl-base"}
    )
    base = MadeDeb(
        name="perl-base", files={"usr/bin/perl5": elf_file("libc.so.6")}, fields={"Essential": "yes"}
    )
    with serving(Answers(files=archive(module, perl, base))) as server:
        convert(tmp_path / "app", "--fallback", "deb", "--debian-mirror", server, packages="libmade-perl")
    lock = json.loads((tmp_path / "app/nix/debs.json").read_text())
    assert [one["name"] for one in lock["packages"]] == ["libmade-perl", "perl", "perl-base"]


def test_a_library_that_nixpkgs_has_in_another_version_only_comes_along(tmp_path: Path) -> None:
    program = MadeDeb(
        name="made-old",
        files={"usr/bin/made-old": elf_file("libcurlmade.so.77")},
        fields={"Depends": "curl"},
    )
    curl = MadeDeb(name="curl", fields={"Depends": "libcurlmade77"})
    library = MadeDeb(
        name="libcurlmade77", files={"usr/lib/libcurlmade.so.77": elf_file(soname="libcurlmade.so.77")}
    )
    with serving(Answers(files=archive(program, curl, library))) as server:
        report = convert(
            tmp_path / "app", "--fallback", "deb", "--debian-mirror", server, packages="made-old"
        )
    lock = json.loads((tmp_path / "app/nix/debs.json").read_text())
    assert [one["name"] for one in lock["packages"]] == ["libcurlmade77", "made-old"]
    assert "D2N232" not in codes(report)


def test_a_module_that_nixpkgs_has_is_no_use_to_a_script_of_the_distribution(tmp_path: Path) -> None:
    script = MadeDeb(
        name="made-script",
        architecture="all",
        files={"usr/bin/made-script": b"#!/usr/bin/perl\n"},
        fields={"Depends": "perl, libwww-perl"},
    )
    module = MadeDeb(
        name="libwww-perl",
        architecture="all",
        files={"usr/share/perl5/LWP.pm": b"1;"},
        fields={"Depends": "perl"},
    )
    perl = MadeDeb(name="perl", files={"usr/bin/perl": elf_file("libc.so.6")})
    with serving(Answers(files=archive(script, module, perl))) as server:
        convert(tmp_path / "app", "--fallback", "deb", "--debian-mirror", server, packages="made-script")
    lock = json.loads((tmp_path / "app/nix/debs.json").read_text())
    assert [one["name"] for one in lock["packages"]] == ["libwww-perl", "made-script", "perl"]
    assert "further" not in lock


@pytest.mark.parametrize(
    ("soname", "names"),
    [
        ("libfoo.so.3", {"libfoo3", "libfoo3t64", "libfoo-3"}),
        ("libbar-1.2.so.0", {"libbar-1.2-0"}),
        ("libtinyxml.so.2.6.2", {"libtinyxml2.6.2v5"}),
        ("libcapnp-0.9.2.so", {"libcapnp-0.9.2"}),
        ("libFoo_x.so.1", {"libfoo-x1"}),
    ],
)
def test_names_of_packages_of_libraries(soname: str, names: set[str]) -> None:
    others = {"libfoo31", "libfoo", "libfoo3-dev", "libbar-1.2", "libtinyxml2", "x", "libcapnp-0.9.2-dev"}
    assert {name for name in names | others if closure._owners(soname).fullmatch(name)} == names


def test_a_library_that_nothing_has_is_told(tmp_path: Path) -> None:
    program = MadeDeb(name="made-old", files={"usr/bin/made-old": elf_file("libnobody.so.9")})
    with serving(Answers(files=archive(program))) as server:
        report = convert(
            tmp_path / "app", "--fallback", "deb", "--debian-mirror", server, packages="made-old"
        )
    assert "libnobody.so.9" in said(report, "D2N232")
    assert '"libnobody.so.9"' in (tmp_path / "app/nix/debs.nix").read_text()


# --- which version, which release -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "version"),
    [
        pytest.param("made", "1.10-1", id="the-newest-of-all-suites"),
        pytest.param("made=1.9-1", "1.9-1", id="one-version"),
        pytest.param("made=1.9*", "1.9-1", id="a-pattern"),
    ],
)
def test_version(tmp_path: Path, asked: str, version: str) -> None:
    old, new = (
        MadeDeb(name="made", version=one, files={"usr/bin/made": b"#!/bin/sh\n"})
        for one in ("1.9-1", "1.10-1")
    )
    files = archive(old) | archive(new, suite="bookworm-security", by_hash=False)
    with serving(Answers(files=files)) as server:
        report = convert(tmp_path / "app", "--fallback", "deb", "--debian-mirror", server, packages=asked)
    assert report["requirements"][0]["version"] == version


def test_a_version_that_the_release_lacks_is_left_to_a_human(tmp_path: Path, server: str) -> None:
    report = convert(
        tmp_path / "app", "--fallback", "deb", "--debian-mirror", server, packages="made-packer=9.9"
    )
    assert {"D2N201", "D2N262"} <= codes(report)
    assert "it has 1:2.0-3" in said(report, "D2N262")


@pytest.mark.parametrize(
    ("base", "release", "origin"),
    [
        pytest.param("debian:12", "bookworm", "Debian", id="debian"),
        pytest.param("ubuntu:22.04", "jammy", "Ubuntu", id="ubuntu"),
        pytest.param("python:3.13-slim-bookworm", "bookworm", "Debian", id="an-image-on-debian"),
    ],
)
def test_release_is_that_of_the_base_image(tmp_path: Path, base: str, release: str, origin: str) -> None:
    made = MadeDeb(name="made", files={"usr/bin/made": b"#!/bin/sh\n"})
    with serving(Answers(files=archive(made, release=release, origin=origin))) as server:
        report = convert(
            tmp_path / "app", "--fallback", "deb", "--debian-mirror", server, packages="made", base=base
        )
    assert report["requirements"][0]["outcome"] == "locked"


# --- again, and without network ----------------------------------------------------------------------------------------------


def test_second_conversion_keeps_the_lock_and_asks_nobody(
    tmp_path: Path, server: str, answers: Answers
) -> None:
    convert(tmp_path / "app", "--fallback", "deb", "--debian-mirror", server)
    first = {path: path.read_bytes() for path in (tmp_path / "app").rglob("*") if path.is_file()}
    answers.requests.clear()
    convert(tmp_path / "app", "--fallback", "deb", "--debian-mirror", server)
    assert first == {path: path.read_bytes() for path in (tmp_path / "app").rglob("*") if path.is_file()}
    assert not answers.requests
    assert main(["check", str(tmp_path / "app")]) == 0


def test_bill_of_materials_has_them(tmp_path: Path, server: str, capsys: pytest.CaptureFixture[str]) -> None:
    convert(tmp_path / "app", "--fallback", "deb", "--debian-mirror", server)
    main(["sbom", str(tmp_path / "app")])
    assert "pkg:deb/debian/made-packer@1:2.0-3?arch=amd64&distro=bookworm" in capsys.readouterr().out


def test_passwords_of_archives_are_in_no_file(tmp_path: Path, server: str) -> None:
    convert(tmp_path / "app", "--fallback", "deb", "--debian-mirror", server.replace("//", "//who:secret@"))
    written = [path.read_text() for path in (tmp_path / "app/nix").iterdir() if path.is_file()]
    assert len(written) > 4
    assert not any("secret" in text for text in written)


def test_offline_takes_what_was_downloaded_before(tmp_path: Path, server: str, answers: Answers) -> None:
    options = ("--fallback", "deb", "--debian-mirror", server)
    first = convert(tmp_path / "app", *options)
    answers.requests.clear()
    second = convert(tmp_path / "again", *options, "--offline")
    assert first["requirements"] == second["requirements"]
    assert not answers.requests


def test_offline_without_it_says_so_and_converts_the_rest(
    tmp_path: Path, server: str, answers: Answers
) -> None:
    report = convert(tmp_path / "app", "--fallback", "deb", "--debian-mirror", server, "--offline")
    assert {"D2N201", "D2N262"} <= codes(report)
    assert not answers.requests


def test_without_an_archive_the_hint_asks_for_one(tmp_path: Path) -> None:
    report = convert(tmp_path / "app", "--fallback", "deb")
    hints = [finding["hint"] for finding in report["findings"] if finding["code"] == "D2N262"]
    assert "--debian-mirror" in hints[0]


def test_without_the_extra_it_says_what_to_install(
    tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(archives, "find_spec", lambda name: None if name == "arpy" else name)
    (tmp_path / "Dockerfile").write_text("FROM debian:12\nRUN apt-get install -y made-packer\n")
    assert main([str(tmp_path), "--fallback", "deb", "--debian-mirror", server]) == 2
    assert "the extra `deb`" in capsys.readouterr().err


# --- what is refused ---------------------------------------------------------------------------------------------------------


def broken(path: str, **change: Any) -> Any:
    """A change to what the server answers for the first address that ends so."""

    def apply(answers: Answers) -> None:
        full = next(one for one in answers.files if path in one)
        for name, value in change.items():
            if name == "content":
                answers.files[full] = value(answers.files[full])
            else:
                getattr(answers, name)[full] = value

    return apply


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(broken("by-hash", content=lambda _: b"x"), "its Release file says", id="another-index"),
        pytest.param(
            broken("made-packer_", content=lambda _: b"x"), "Packages file says", id="another-package"
        ),
        pytest.param(broken("made-packer_", status=404), "status 404", id="package-gone"),
        pytest.param(broken("InRelease", status=500), "status 500", id="server-fails"),
        pytest.param(broken("by-hash", cut=10), "cut off", id="index-cut-off"),
        pytest.param(
            broken(
                "InRelease",
                content=lambda text: text.replace(b"Codename: bookworm", b"Codename: sid").replace(
                    b"stable", b"sid"
                ),
            ),
            "says that it is sid",
            id="another-release",
        ),
        pytest.param(
            broken("InRelease", content=lambda text: text.replace(b"Debian", b"Somebody")),
            "no archive has debian's release",
            id="another-distribution",
        ),
    ],
)
def test_nothing_is_taken_that_is_not_what_the_archive_says(
    tmp_path: Path, server: str, answers: Answers, change: Any, message: str
) -> None:
    change(answers)
    report = convert(tmp_path / "app", "--fallback", "deb", "--debian-mirror", server)
    assert message in said(report, "D2N262")
    assert "D2N201" in codes(report)
    assert not (tmp_path / "app/nix/debs.nix").exists()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"!<arch>\n", id="no-members"),
        pytest.param(PROGRAM.content()[:200], id="cut-off"),
        pytest.param(PROGRAM.content().replace(b"\xfd7zXZ", b"\xfd7zXX"), id="damaged"),
    ],
)
def test_damaged_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "made.deb"
    path.write_bytes(content)
    with pytest.raises(Unreadable, match="cannot be unpacked"):
        read_deb(path)


@pytest.mark.parametrize("pack", ["xz", "zst"])
def test_files_of_both_distributions_are_read(tmp_path: Path, pack: str) -> None:
    path = tmp_path / "made.deb"
    path.write_bytes(PROGRAM.content(pack))
    assert read_deb(path).programs.needed == {"libmadepack.so.4", "libz.so.1", "libc.so.6"}


@pytest.mark.parametrize(
    "field",
    [
        pytest.param(("pool/", "../../etc/"), id="out-of-the-archive"),
        pytest.param(("pool/", "/etc/"), id="absolute"),
        pytest.param(("pool/main", "pool/${x}"), id="a-letter-of-nix"),
        pytest.param(("Package: made", "Package: ma`de"), id="no-name"),
    ],
)
def test_paragraphs_that_lead_astray_are_not_taken(field: tuple[str, str]) -> None:
    text = MadeDeb(name="made").paragraph().replace(*field).encode()
    assert not Packages((PackagesFile(text, "http://mirror.example", "main"),)).versions("made")


def test_hostile_locks_are_not_taken() -> None:
    good = {"version": 1, "request": "x", "distribution": "debian", "release": "bookworm", "packages": []}
    assert read_lock(json.dumps(good)) is not None
    bad: list[dict[str, Any]] = [
        {"release": "x; }"},
        {"libraries": [["zlib", "lib; abort"]]},
        {"libraries": [["zlib; abort", ""]]},
        {"further": [{"attribute_path": "curl", "source": "a b", "needed_by": "x"}]},
        {"packages": [{"name": "x", "hash": "sha256-x"}]},
        {"version": 2},
    ]
    assert [read_lock(json.dumps(good | change)) for change in bad] == [None] * len(bad)
    assert read_lock("[") is None


# --- signatures ----------------------------------------------------------------------------------------------------------------


def opened(folder: Path, content: bytes) -> Any:
    files = {"/dists/bookworm/InRelease": content}
    with serving(Answers(files=files)) as server:
        fetcher = HttpFetcher(cache=DownloadCache(folder), limits=LIMITS)
        keyrings = {"debian": str(SIGNED / "keyring.gpg")}
        return open_archive(
            "debian", "bookworm", "amd64", DebSources(fetcher=fetcher, mirrors=(server,), keyrings=keyrings)
        )


def test_signature_is_checked_where_gpgv_is(tmp_path: Path) -> None:
    with pytest.raises(
        ArchiveRefused, match="Packages"
    ):  # signed by the test's key; the index itself is not there
        opened(tmp_path, (SIGNED / "InRelease").read_bytes())


@pytest.mark.parametrize(
    "content",
    [
        pytest.param((SIGNED / "InRelease").read_bytes().replace(b"0007", b"0008"), id="changed"),
        pytest.param(archive(PROGRAM)["/dists/bookworm/InRelease"], id="unsigned"),
    ],
)
def test_what_is_not_signed_by_the_distribution_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ArchiveRefused, match="the signature of its Release file is not right"):
        opened(tmp_path, content)


def test_text_around_the_signed_part_does_not_count(tmp_path: Path) -> None:
    evil = b"SHA256:\n " + hashlib.sha256(b"").hexdigest().encode() + b" 0 main/binary-amd64/Packages.gz\n"
    path = tmp_path / "InRelease"
    path.write_bytes(evil + (SIGNED / "InRelease").read_bytes())
    text = archives._signed_text(path, str(SIGNED / "keyring.gpg"))
    assert text is not None
    assert "Packages.gz" not in text
