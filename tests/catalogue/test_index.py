"""The package index that ships with dock2nix, and its reader."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING

import pytest

from dock2nix.catalogue.index import PackageIndex, Table
from dock2nix.catalogue.local import LocalCatalogue
from dock2nix.errors import Dock2nixError, UsageError
from dock2nix.folders import data_folder

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def index() -> PackageIndex:
    return PackageIndex.open()


@pytest.mark.parametrize(
    ("path", "canonical"),
    [
        pytest.param("curl", "curl", id="hidden behind another package's name"),
        pytest.param("openssl", "openssl", id="openssl"),
        pytest.param("shadow", "shadow", id="shadow, not su"),
        pytest.param("jdk17", "jdk17", id="jdk17"),
        pytest.param("openjdk17", "jdk17", id="alias of a java"),
        pytest.param("python3", "python3", id="python3"),
        pytest.param("python313", "python3", id="the version that python3 is"),
        pytest.param("python312", "python312", id="another python"),
        pytest.param("nodejs_24", "nodejs", id="the version that nodejs is"),
        pytest.param("nodejs_20", "nodejs_20", id="another nodejs"),
        pytest.param("python3Packages.flask", "python313Packages.flask", id="package set by its plain name"),
        pytest.param(
            "python313Packages.black", "python313Packages.black", id="application that is in the set too"
        ),
        pytest.param("perl5Packages.DBI", "perlPackages.DBI", id="perl set"),
        pytest.param("qt5.qtbase", "libsForQt5.qtbase", id="qt5"),
        pytest.param("libsForQt5.qt5.qtbase", "libsForQt5.qtbase", id="qt5 inside another set"),
        pytest.param("qt6.qtbase", "kdePackages.qtbase", id="qt6"),
        pytest.param("xorg.libX11", "libx11", id="xorg name in its old case"),
        pytest.param("xorg.xorgserver", "xorg-server", id="xorg name that changed"),
        pytest.param("postgresql_17", "postgresql", id="default postgresql"),
        pytest.param("stdenv.cc.cc", "gcc-unwrapped", id="compiler of the standard environment"),
        pytest.param('nerd-fonts."m+"', 'nerd-fonts."m+"', id="name that needs quotes"),
        pytest.param("azure-sdk-for-cpp.curl", "curl", id="the name that the database has"),
    ],
)
def test_an_attribute_is_found_under_its_canonical_path(
    index: PackageIndex, path: str, canonical: str
) -> None:
    found = index.attribute(path)
    assert found is not None
    assert found.path == canonical
    assert found.version


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("", id="nothing"),
        pytest.param("no-such-package", id="unknown name"),
        pytest.param("python3Packages.no-such", id="unknown name in a known set"),
        pytest.param("xorg.", id="set without a name"),
        pytest.param("python3Packages.*", id="a record that is no attribute"),
        pytest.param("curl\t8", id="tab"),
        pytest.param("curl\n", id="line end"),
        pytest.param("\ud800", id="lone surrogate"),
        pytest.param("xorg." * 5000, id="very long"),
        pytest.param("terraform", id="unfree, so not built"),
    ],
)
def test_what_is_no_attribute_is_not_found(index: PackageIndex, path: str) -> None:
    assert index.attribute(path) is None


def test_an_attribute_tells_its_outputs_and_programs(index: PackageIndex) -> None:
    curl = index.attribute("curl")
    assert curl is not None
    assert {"bin", "dev", "out"} <= set(curl.outputs)
    assert list(curl.outputs) == sorted(curl.outputs)
    assert curl.main_program == "curl"
    assert "curl-config" in curl.programs
    assert curl.pname == "curl"


def test_dnsutils_is_the_output_of_bind_that_has_dig(index: PackageIndex) -> None:
    found = index.attribute("dnsutils")
    assert found is not None
    assert "dig" in found.programs
    assert index.providers("command", "dig")[0].path == "dnsutils"


@pytest.mark.parametrize(
    ("kind", "name", "path", "output"),
    [
        pytest.param("command", "git", "git", "out", id="git"),
        pytest.param("command", "python", "python3", "out", id="python"),
        pytest.param("command", "node", "nodejs", "out", id="node"),
        pytest.param("command", "java", "jdk21", "out", id="java from a linked bin directory"),
        pytest.param("command", "psql", "postgresql", "out", id="psql, unversioned first"),
        pytest.param("command", "ls", "coreutils", "out", id="ls, not from busybox"),
        pytest.param("command", "ps", "procps", "out", id="ps, as Debian does"),
        pytest.param("command", "mysql", "mariadb", "out", id="mysql, as Debian does"),
        pytest.param("command", "jq", "jq", "bin", id="program in its own output"),
        pytest.param("command", "convert", "imagemagick", "out", id="hand-chosen"),
        pytest.param("soname", "libpq.so.5", "libpq", "out", id="library with version"),
        pytest.param("soname", "libpq.so", "libpq", "out", id="library without version"),
        pytest.param("soname", "libstdc++.so.6", "gcc-unwrapped", "lib", id="library of the compiler"),
        pytest.param("pkgconfig", "openssl", "openssl", "dev", id="pkg-config file"),
        pytest.param("header", "curl/curl.h", "curl", "dev", id="header"),
        pytest.param("header", "libpq-fe.h", "libpq", "dev", id="header among very many"),
        pytest.param(
            "python", "beautifulsoup4", "python313Packages.beautifulsoup4", "out", id="distribution"
        ),
        pytest.param(
            "python", "pygobject", "python313Packages.pygobject3", "out", id="distribution called otherwise"
        ),
        pytest.param("python", "black", "python313Packages.black", "out", id="application in the set"),
        pytest.param("perl", "LWP::UserAgent", "perlPackages.LWP", "out", id="Perl module"),
        pytest.param("ruby", "nokogiri", "rubyPackages.nokogiri", "out", id="gem"),
        pytest.param("node", "typescript", "typescript", "out", id="npm package"),
        pytest.param("php", "redis", "php84Extensions.redis", "out", id="PHP extension"),
        pytest.param("font", "DejaVuSans.ttf", "dejavu_fonts", "out", id="font"),
    ],
)
def test_the_sensible_provider_comes_first(
    index: PackageIndex, kind: str, name: str, path: str, output: str
) -> None:
    first = index.providers(kind, name)[0]
    assert (first.path, first.output) == (path, output)


def test_nothing_provides_what_nobody_has(index: PackageIndex) -> None:
    assert index.providers("command", "no-such-command") == ()
    assert index.providers("no-such-kind", "git") == ()


@pytest.mark.parametrize(
    ("name", "path", "outputs"),
    [
        pytest.param("libssl-dev", "openssl", ("dev",), id="headers"),
        pytest.param("libssl3", "openssl", ("out",), id="library beside programs"),
        pytest.param("zlib1g", "zlib", (), id="library in the default output"),
        pytest.param("openssh-client", "openssh", (), id="part of a source"),
        pytest.param("postgresql-client", "postgresql", (), id="front of a versioned package"),
        pytest.param("openjdk-17-jre-headless", "jdk17", (), id="version in the name"),
        pytest.param("libxml2", "libxml2_13", ("out",), id="version with the same soname"),
        pytest.param("libssh2-1", "libssh2", (), id="number that belongs to the name"),
        pytest.param("make", "gnumake", (), id="GNU's name"),
        pytest.param("python3-yaml", "python313Packages.pyyaml", (), id="Python module"),
        pytest.param("libdbi-perl", "perlPackages.DBI", (), id="Perl module"),
        pytest.param("iputils-ping", "iputils", (), id="program that several have"),
    ],
)
def test_debian_packages_are_matched_by_their_files(
    index: PackageIndex, name: str, path: str, outputs: tuple[str, ...]
) -> None:
    match = index.evidence("apt", name)
    assert match is not None
    assert match.path == path
    assert match.outputs == outputs
    assert 0 < match.score <= 1
    assert match.evidence.startswith("files")


@pytest.mark.parametrize(
    ("table", "name"),
    [
        pytest.param("apt", "no-such-package", id="unknown name"),
        pytest.param("apt", "x11-utils", id="programs of many packages"),
        pytest.param("apt", "gcc-aarch64-linux-gnu", id="compiler for another machine"),
        pytest.param("apk", "curl", id="no such table"),
    ],
)
def test_without_agreeing_files_there_is_no_match(index: PackageIndex, table: str, name: str) -> None:
    assert index.evidence(table, name) is None


def test_every_match_leads_to_an_attribute_and_its_outputs(index: PackageIndex) -> None:
    table = Table(data_folder("mappings") / "index" / "evidence-apt.table")
    for name in table.keys()[::50]:
        match = index.evidence("apt", name)
        assert match is not None
        attribute = index.attribute(match.path)
        assert attribute is not None, name
        assert attribute.path == match.path
        assert set(match.outputs) <= set(attribute.outputs), name


def test_every_row_of_the_alias_table_leads_to_an_attribute(index: PackageIndex) -> None:
    with (data_folder("mappings") / "aliases.toml").open("rb") as file:
        tables = tomllib.load(file)
    for other, path in tables["aliases"].items():
        found = index.attribute(other)
        assert found is not None, other
        if found.path != other:
            assert found.path == path
    for canonical, indexed in tables["names"].items():
        found = index.attribute(indexed)
        assert found is not None, indexed
        assert found.path == canonical


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("postgressql", "postgresql", id="doubled letter"),
        pytest.param("ngnix", "nginx", id="swapped letters"),
        pytest.param("imagemagik", "imagemagick", id="missing letter"),
        pytest.param("kubectll", "kubectl", id="letter too many"),
        pytest.param("python313Packages.reqests", "python313Packages.requests", id="in a package set"),
    ],
)
def test_near_names_are_found(index: PackageIndex, name: str, expected: str) -> None:
    assert expected in index.similar(name)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("", id="nothing"),
        pytest.param("zzqqxxjjkk", id="like nothing else"),
        pytest.param("no.such.set.name", id="unknown package set"),
        pytest.param("a" * 100_000, id="very long"),
    ],
)
def test_nothing_is_near_to_it(index: PackageIndex, name: str) -> None:
    assert index.similar(name) == ()


def test_no_more_near_names_than_wanted(index: PackageIndex) -> None:
    assert len(index.similar("postgres", 2)) == 2


def test_the_pin_of_the_index_is_called_nixpkgs(index: PackageIndex) -> None:
    pin = index.pin()
    assert (pin.name, pin.channel) == ("nixpkgs", "nixpkgs-unstable")
    assert len(pin.rev) == 40
    assert index.pin("nixpkgs-unstable") == pin


def test_the_pin_of_a_release_has_a_name_that_nix_accepts(index: PackageIndex) -> None:
    assert index.pin("nixos-23.11").name == "nixos-23_11"
    assert len({index.pin(channel).name for channel in index.channels()}) == len(index.channels())


def test_an_unknown_channel_is_refused_with_the_known_ones(index: PackageIndex) -> None:
    with pytest.raises(UsageError, match=r"nixos-99\.99.*nixos-23\.11"):
        index.pin("nixos-99.99")


def test_the_index_tells_what_it_is_made_of(index: PackageIndex) -> None:
    about = index.info()
    folder = data_folder("mappings") / "index"
    assert len(about["sources"]["nix-index"]["file-sha256"]) == 64
    assert {"bookworm", "trixie"} <= set(about["sources"]["debian"])
    assert {path.stem for path in folder.glob("*.table")} == set(about["records"])
    assert json.dumps(about) == json.dumps(index.info())


def test_the_index_is_small_enough_for_git() -> None:
    folder = data_folder("mappings") / "index"
    assert sum(path.stat().st_size for path in folder.iterdir()) < 8_000_000


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"something else entirely", id="another format"),
        pytest.param(b"D2NTAB1\n\x10\x00\x00\x00garbage-garbage-", id="damaged directory"),
    ],
)
def test_a_damaged_table_is_reported(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "attributes.table"
    path.write_bytes(content)
    with pytest.raises(Dock2nixError, match=r"attributes\.table"):
        Table(path).get("curl")


def test_a_missing_table_is_reported(tmp_path: Path) -> None:
    with pytest.raises(Dock2nixError, match="attributes"):
        PackageIndex.open(tmp_path).attribute("curl")


def test_a_slip_in_the_name_of_a_distribution_finds_the_one_of_the_python_set() -> None:
    found = LocalCatalogue().similar("pip", "reqeusts")
    assert found[0] == "python3Packages.requests"
