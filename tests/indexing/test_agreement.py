"""Versions in the names of Debian packages and in sonames must be those of the attribute."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dock2nix.indexing.agreement import disagreement, named_version
from dock2nix.indexing.debian import DebianPackage
from dock2nix.indexing.features import Feature
from dock2nix.indexing.packages import Package


@pytest.mark.parametrize(
    ("name", "version", "number"),
    [
        pytest.param("php7.4", "7.4.33", "7.4", id="two-numbers"),
        pytest.param("gcc-10", "10.2.1", "10", id="one-number"),
        pytest.param("postgresql-client-13", "13.16", "13", id="behind-the-role"),
        pytest.param("openjdk-8-jdk", "8u412-ga", "8", id="followed-by-a-letter"),
        pytest.param("libllvm11", "11.0.1", "11", id="library-that-is-called-by-its-version"),
        pytest.param("libboost1.74-dev", "1.74.0", "1.74", id="headers"),
        pytest.param("iproute2", "6.15.0", "", id="number-of-the-name"),
        pytest.param("gcc-1", "10.2.1", "", id="only-the-first-digit"),
        pytest.param("python3-lxml", "3.4", "", id="number-of-a-language"),
        pytest.param("libdbd-sqlite3-perl", "3.0", "", id="module-of-perl"),
        pytest.param("curl", "8.14", "", id="no-number"),
    ],
)
def test_the_version_in_a_name(name: str, version: str, number: str) -> None:
    assert named_version(name, version) == number


def disagree(name: str, version: str, debian: tuple[str, ...], package: Package, asked: str = "") -> str:
    described = DebianPackage(name=name, version=version, source=name, section="", depends=())
    features = [Feature(*text.split(":", 1)) if ":" in text else Feature("soname", text) for text in debian]
    return disagreement(described, replace(described, name=asked or name), features, package)


def attribute(path: str, version: str, *sonames: str, pname: str = "") -> Package:
    held = {Feature("soname", soname): ("out", False) for soname in sonames}
    return Package(path, pname or path.rpartition(".")[2], version, {"out"}, held)


@pytest.mark.parametrize(
    ("name", "version", "package", "expected"),
    [
        pytest.param("gcc-10", "10.2", attribute("gcc", "15.2"), "gcc is version 15.2, not 10", id="other"),
        pytest.param("gcc-13", "13.3", attribute("gcc13", "13.4"), "", id="same"),
        pytest.param("gtk2-engines", "2.20", attribute("gtk2", "", pname="gtk+"), "", id="in-the-attribute"),
        pytest.param(
            "lua5.1", "5.1.5", attribute("lua5_1", "unknown"), "", id="in-the-attribute-with-a-line"
        ),
        pytest.param(
            "clang-11",
            "11.0",
            attribute("rocm.clang", ""),
            "rocm.clang is version unknown, not 11",
            id="unknown",
        ),
        pytest.param("gnupg2", "2.2.40", attribute("gnupg", "2.4.9"), "", id="first-number-only"),
        pytest.param(
            "postgresql-13-cron",
            "1.4",
            attribute("postgresql17Packages.cron", "1.6"),
            "postgresql17Packages.cron is of another version's set",
            id="set-of-another-version",
        ),
        pytest.param("php8.2-redis", "5.3", attribute("php82Extensions.redis", "6.3"), "", id="its-own-set"),
    ],
)
def test_versions_in_names(name: str, version: str, package: Package, expected: str) -> None:
    assert disagree(name, version, (), package) == expected


def test_only_a_version_that_was_asked_for_counts() -> None:
    """`gcc` leads to the files of gcc-12: any version will do."""
    assert disagree("gcc-12", "12.2", (), attribute("gcc", "15.2"), asked="gcc") == ""


@pytest.mark.parametrize(
    ("name", "debian", "package", "expected"),
    [
        pytest.param(
            "libffi7",
            ("libffi.so.7", "libffi.so.7.1.0"),
            attribute("libffi", "3.5", "libffi.so.8", "libffi.so"),
            "libffi has libffi.so.8, not libffi.so.7, libffi.so.7.1.0",
            id="another-number",
        ),
        pytest.param(
            "libssl1.1",
            ("libssl.so.1.1",),
            attribute("openssl", "3.6", "libssl.so.3"),
            "openssl has libssl.so.3, not libssl.so.1.1",
            id="two-numbers",
        ),
        pytest.param("libcurl4", ("libcurl.so.4",), attribute("curl", "8", "libcurl.so.4"), "", id="same"),
        pytest.param(
            "libtwolame0",
            ("libtwolame.so.0",),
            attribute("twolame", "2017", "libtwolame.so.0"),
            "",
            id="zero",
        ),
        pytest.param(
            "libicu72",
            ("libicuuc.so.72", "libicudata.so.72"),
            attribute("icu72", "72.1", "libicuuc.so.72"),
            "",
            id="one-of-several",
        ),
        pytest.param(
            "liblua5.3-0",
            ("liblua5.3.so.0",),
            attribute("lua5_3", "5.3.6", "liblua.so.5.3"),
            "lua5_3 has liblua.so.5.3, not liblua5.3.so.0",
            id="renamed-in-debian",
        ),
        pytest.param(
            "libucl1",
            ("libucl.so.1",),
            attribute("ucl", "0.0.1", "libucl.so"),
            "",
            id="unversioned-in-nixpkgs",
        ),
    ],
)
def test_sonames_of_runtime_libraries(
    name: str, debian: tuple[str, ...], package: Package, expected: str
) -> None:
    assert disagree(name, package.version, debian, package) == expected


def test_a_library_without_a_soname_version_must_be_of_the_same_version() -> None:
    package = attribute("ucl", "1.04", "libucl.so")
    assert disagree("libucl1", "1.03", ("libucl.so.1",), package) == "ucl does not have libucl.so.1"
    assert disagree("libucl1", "1.04+dfsg", ("libucl.so.1",), package) == ""


def test_headers_must_have_the_same_pkgconfig_file() -> None:
    held = {Feature("pkgconfig", "libsoup-3.0"): ("dev", False)}
    package = Package("libsoup_3", "libsoup", "3.6", {"dev"}, held)
    expected = "libsoup_3 has libsoup-3.0.pc, not libsoup-2.4.pc"
    assert disagree("libsoup2.4-dev", "2.74", ("pkgconfig:libsoup-2.4",), package) == expected
    assert disagree("libsoup-3.0-dev", "3.2", ("pkgconfig:libsoup-3.0",), package) == ""
    assert disagree("libsoup2.4-dev", "2.74", ("pkgconfig:libsoup-2.4",), package, asked="libsoup-dev") == ""


def test_headers_are_not_judged_by_sonames() -> None:
    package = attribute("libffi", "3.5", "libffi.so.8")
    assert disagree("libffi-dev", "3.3", ("libffi.so.7",), package) == ""
