"""Matching Debian packages to attributes by their files."""

from __future__ import annotations

import pytest

from dock2nix.indexing.debian import DebianPackage, DebianRelease
from dock2nix.indexing.debian_names import name_forms
from dock2nix.indexing.features import Feature
from dock2nix.indexing.match import Attributes, Matcher, evidence_text
from dock2nix.indexing.packages import Package


def _features(*texts: str) -> set[Feature]:
    return {Feature(*text.split(":", 1)) for text in texts}


def _package(path: str, version: str, **outputs: tuple[str, ...]) -> Package:
    held = {
        feature: (output, False) for output, texts in outputs.items() for feature in sorted(_features(*texts))
    }
    return Package(path, path.rpartition(".")[2], version, set(outputs), held)


PACKAGES = {
    package.path: package
    for package in (
        _package(
            "curl",
            "8.18",
            bin=("command:curl",),
            out=("soname:libcurl.so.4",),
            dev=("header:curl/curl.h", "pkgconfig:libcurl"),
        ),
        _package("jq", "1.8", bin=("command:jq",), out=("soname:libjq.so.1",)),
        _package("zlib", "1.3", out=("soname:libz.so.1",), dev=("header:zlib.h", "pkgconfig:zlib")),
        _package("gnumake", "4.4", out=("command:make",)),
        _package("postgresql", "17.9", out=("command:psql", "command:pg_dump"), lib=("soname:libpq.so.5",)),
        _package(
            "postgresql_15", "15.17", out=("command:psql", "command:pg_dump"), lib=("soname:libpq.so.5",)
        ),
        _package("blackbox-terminal", "0.14", out=("command:blackbox", "desktop:blackbox")),
        _package("python313Packages.requests", "2.32", out=("python:requests", "module:requests")),
        _package("rubyPackages.dotenv", "3.1", out=("command:dotenv", "ruby:dotenv")),
        _package("libx11", "1.8", out=("soname:libX11.so.6",)),
        _package("xprop", "1.2", out=("command:xprop",)),
        _package("netcat-openbsd", "1.2", out=("command:nc",)),
        _package("libffi", "3.5", out=("soname:libffi.so.8",)),
        _package("php", "8.4", out=("command:php", "command:phar", "command:php-cgi")),
        _package(
            "toolkit",
            "1.1.47",
            out=(*tuple(f"soname:lib{name}.so.1" for name in "abcdefghi"), "soname:libcrypto.so.1.1"),
        ),
        _package("init", "1", out=("command:init", "command:halt", "command:poweroff", "command:bootlogd")),
        _package("python313Packages.segyio", "1.9", out=("soname:libsegyio.so.1", "python:segyio")),
        _package(
            "httpd",
            "1.4.82",
            out=("command:httpd", "private:mod_cgi", "data:httpd/errors"),
            bin=("command:htcheck",),
        ),
        _package("talloc", "2.4", out=("soname:libtalloc.so.2",), py=("module:talloc",)),
        _package("lasso", "2.9", out=("soname:liblasso.so.3",)),
        _package("tcl2048", "0.4", out=("command:2048",)),
        _package("spice-tools", "45", out=("command:spice", "data:spice/scripts")),
        _package("tbb", "2022", out=("soname:libtbb.so.12", "soname:libtbbmalloc.so.2")),
        _package("mpcdec", "1.2", out=("soname:libmpcdec.so.5", "header:mpcdec/mpcdec.h")),
        _package("mariadb", "11.4", out=("command:mariadbd", "command:aria_chk")),
        _package("python313Packages.fdt", "1.7", out=("soname:libfdt.so.1", "header:fdt.h")),
        _package("kdePackages.qtbase", "6.10", out=("soname:libQt6Core.so.6", "soname:libQt6Gui.so.6")),
    )
}
DEBIAN = {
    "curl": ("curl", "8.14", (), ("command:curl", "manual:curl")),
    "libcurl4": ("curl", "8.14", (), ("soname:libcurl.so.4.8.0", "soname:libcurl.so.4")),
    "libcurl4-openssl-dev": (
        "curl",
        "8.14",
        (),
        ("header:curl/curl.h", "pkgconfig:libcurl", "soname:libcurl.so"),
    ),
    "jq": ("jq", "1.7", (), ("command:jq",)),
    "zlib1g": ("zlib", "1.3", (), ("soname:libz.so.1", "soname:libz.so.1.3.1")),
    "zlib1g-dev": ("zlib", "1.3", (), ("header:zlib.h", "pkgconfig:zlib", "archive:libz")),
    "make": ("make-dfsg", "4.4", (), ("command:make", "command:gmake", "manual:gmake")),
    "postgresql-client": ("postgresql-common", "15+248", ("postgresql-client-15",), ()),
    "postgresql-client-15": ("postgresql-15", "15.8", (), ("command:psql", "command:pg_dump")),
    "blackbox": ("blackbox", "0.70", (), ("command:blackbox", "command:bsetroot", "command:bstyleconvert")),
    "python3-requests": ("requests", "2.28", (), ("python:requests", "module:requests")),
    "python3-dotenv-cli": ("dotenv-cli", "3.1", (), ("command:dotenv",)),
    "x11-utils": ("x11-utils", "7.7", ("libx11-6",), ("command:xprop", "command:xwininfo")),
    "libx11-6": ("libx11", "1.8", (), ("soname:libX11.so.6",)),
    "netcat-openbsd": ("netcat-openbsd", "1.2", (), ("command:nc.openbsd",)),
    "gcc-arm-linux-gnueabi": ("gcc", "12", ("curl",), ()),
    "empty": ("empty", "1", ("missing",), ()),
    "libffi7": ("libffi", "3.3", (), ("soname:libffi.so.7", "soname:libffi.so.7.1.0")),
    "php7.4-cli": ("php7.4", "7.4.33", (), ("command:php7.4", "command:phar7.4", "manual:php7.4")),
    "php7.4": ("php7.4", "7.4.33", ("php7.4-cli",), ()),
    "libcrypto1.1": ("openssl", "1.1.1", (), ("soname:libcrypto.so.1.1",)),
    "systemd-sysv": ("systemd", "257", (), ("command:init", "command:halt", "command:poweroff")),
    "libsegyio1": ("segyio", "1.8", (), ("soname:libsegyio.so.1",)),
    "httpd": ("httpd", "1.4.79", (), ("command:httpd",)),
    "httpd-mod-cgi": ("httpd", "1.4.79", ("httpd",), ("private:mod_cgi",)),
    "httpd-mod-pgsql": ("httpd", "1.4.79", ("httpd",), ("private:mod_pgsql",)),
    "httpd-mod-lua": ("httpd", "1.4.79", ("httpd",), ()),
    "httpd-tools": ("httpd", "1.4.79", ("httpd",), ("private:htcheck",)),
    "webserver": ("httpd", "1.4.79", ("httpd",), ()),
    "libtalloc2": ("talloc", "2.4", (), ("soname:libtalloc.so.2",)),
    "python3-talloc": ("talloc", "2.4", ("libtalloc2",), ("module:talloc",)),
    "liblasso3": ("lasso", "2.9", (), ("soname:liblasso.so.3",)),
    "python3-lasso": ("lasso", "2.9", ("liblasso3",), ("module:lasso",)),
    "2048": ("2048", "1.0", (), ("command:2048",)),
    "tclspice": ("spice-tools", "45", (), ("data:spice/scripts", "private:libspice")),
    "libtbb2": ("tbb", "2020.3", (), ("soname:libtbb.so.2", "soname:libtbbmalloc.so.2")),
    "libmpcdec-dev": ("mpcdec", "1.2", (), ("soname:libmpcdec.so", "header:mpc/mpc.h")),
    "mariadb-server": ("mariadb", "11.8", (), ("command:mariadbd", "command:aria_chk")),
    "mariadb-server-10.5": ("mariadb", "11.8", ("mariadb-server",), ()),
    "libfdt1": ("dtc", "1.7", (), ("soname:libfdt.so.1", "header:fdt.h")),
    "libqt6gui6": ("qt6-base", "6.8", (), ("soname:libQt6Gui.so.6", "soname:libQt6Gui.so.6.8.2")),
}


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    packages = {
        name: DebianPackage(name=name, version=version, source=source, section="", depends=depends)
        for name, (source, version, depends, _) in DEBIAN.items()
    }
    features = {name: _features(*texts) for name, (*_, texts) in DEBIAN.items() if texts}
    release = DebianRelease(
        codename="x", packages=packages, features=features, filled=frozenset({*features, "httpd-mod-lua"})
    )
    return Matcher(Attributes(PACKAGES), release)


@pytest.mark.parametrize(
    ("name", "path", "outputs"),
    [
        pytest.param("curl", "curl", ("bin",), id="program in its own output"),
        pytest.param("libcurl4", "curl", ("out",), id="library beside programs"),
        pytest.param("libcurl4-openssl-dev", "curl", ("dev",), id="headers"),
        pytest.param("jq", "jq", ("bin",), id="same name"),
        pytest.param("zlib1g", "zlib", (), id="library in the default output"),
        pytest.param("zlib1g-dev", "zlib", ("dev",), id="headers and pkg-config file"),
        pytest.param("make", "gnumake", (), id="GNU's name"),
        pytest.param("postgresql-client-15", "postgresql_15", (), id="version in the name"),
        pytest.param("postgresql-client", "postgresql", (), id="front of a version, no version asked"),
        pytest.param("python3-requests", "python313Packages.requests", (), id="module of a language"),
        pytest.param("netcat-openbsd", "netcat-openbsd", (), id="program under an alternative's name"),
        pytest.param("httpd-mod-cgi", "httpd", ("out",), id="plug-in that the program's package has"),
        pytest.param("httpd-tools", "httpd", ("bin",), id="helper that is a program in nixpkgs"),
        pytest.param("webserver", "httpd", ("out",), id="another name for the one it depends on"),
        pytest.param("python3-talloc", "talloc", ("py",), id="binding in an output of the library"),
        pytest.param("libqt6gui6", "kdePackages.qtbase", (), id="part of a toolkit under quite another name"),
    ],
)
def test_a_package_is_matched_by_its_files(
    matcher: Matcher, name: str, path: str, outputs: tuple[str, ...]
) -> None:
    match = matcher.match(name)
    assert match is not None
    assert (match.path, match.outputs) == (path, outputs)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("blackbox", id="another program of the same name"),
        pytest.param("python3-dotenv-cli", id="program of another language"),
        pytest.param("x11-utils", id="programs that its dependency does not have"),
        pytest.param("gcc-arm-linux-gnueabi", id="compiler for another machine"),
        pytest.param("empty", id="no files and no known dependency"),
        pytest.param("libcrypto1.1", id="library that a package of another name brings along"),
        pytest.param("systemd-sysv", id="programs of a package of another name that has further ones"),
        pytest.param("libsegyio1", id="library in a module of Python"),
        pytest.param("libfdt1", id="library and headers in a module of Python"),
        pytest.param("httpd-mod-pgsql", id="plug-in that the program's package does not have"),
        pytest.param("httpd-mod-lua", id="files that tell nothing, and a dependency of another name"),
        pytest.param("python3-lasso", id="binding that the library's package does not have"),
        pytest.param("2048", id="program alone, of a package of another name"),
        pytest.param("tclspice", id="data that came along with what is missing"),
    ],
)
def test_what_does_not_agree_is_not_matched(matcher: Matcher, name: str) -> None:
    assert matcher.match(name) is None


@pytest.mark.parametrize(
    ("name", "path", "differs"),
    [
        pytest.param(
            "libffi7", "libffi", "libffi has libffi.so.8, not libffi.so.7, libffi.so.7.1.0", id="soname"
        ),
        pytest.param("php7.4-cli", "php", "php is version 8.4, not 7.4", id="version in the name"),
        pytest.param(
            "libtbb2",
            "tbb",
            "tbb has libtbb.so.12, not libtbb.so.2",
            id="soname of the library that it is called after",
        ),
        pytest.param("libmpcdec-dev", "mpcdec", "mpcdec has mpcdec.h, not mpc.h", id="headers"),
        pytest.param(
            "mariadb-server-10.5",
            "mariadb",
            "mariadb is version 11.4, not 10.5",
            id="version in a name that is kept",
        ),
        pytest.param("php7.4", "php", "php is version 8.4, not 7.4", id="version in the name of a front"),
    ],
)
def test_an_attribute_of_another_version_is_said_to_differ(
    matcher: Matcher, name: str, path: str, differs: str
) -> None:
    match = matcher.match(name)
    assert match is not None
    assert (match.path, match.differs) == (path, differs)
    assert evidence_text(match).endswith(f"; but {differs}")


def test_no_difference_is_seen_where_no_version_is_asked_for(matcher: Matcher) -> None:
    match = matcher.match("postgresql-client")
    assert match is not None
    assert match.differs == ""


def test_the_evidence_names_files_and_the_package_they_are_of(matcher: Matcher) -> None:
    match = matcher.match("postgresql-client")
    assert match is not None
    assert evidence_text(match) == "files of postgresql-client-15: bin/pg_dump, bin/psql (2 of 2)"


@pytest.mark.parametrize(
    ("name", "form"),
    [
        pytest.param("libssl3t64", "ssl", id="library with ABI mark"),
        pytest.param("libssh2-1", "ssh2", id="number of the name kept"),
        pytest.param("python3-yaml", "yaml", id="Python module"),
        pytest.param("libdbi-perl", "dbi", id="Perl module"),
        pytest.param("postgresql-client", "postgresql", id="role taken off"),
        pytest.param("fonts-dejavu-core", "dejavu", id="font"),
    ],
)
def test_names_are_compared_without_what_debian_adds(name: str, form: str) -> None:
    assert form in name_forms(name)
