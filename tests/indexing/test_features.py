"""What the files of a package tell."""

from __future__ import annotations

import pytest

from dock2nix.indexing.features import DEBIAN_FILE, STORE_FILE, feature_of, normalised_distribution


@pytest.mark.parametrize(
    ("path", "kind", "name"),
    [
        pytest.param("/bin/jq", "command", "jq", id="program"),
        pytest.param("/sbin/ip", "command", "ip", id="program of the administrator"),
        pytest.param("/lib/libpq.so.5.18", "soname", "libpq.so.5.18", id="library"),
        pytest.param(
            "/lib/mariadb/libmariadb.so.3", "soname", "libmariadb.so.3", id="library in mariadb's place"
        ),
        pytest.param("/lib/pkgconfig/libpq.pc", "pkgconfig", "libpq", id="pkg-config file"),
        pytest.param("/share/pkgconfig/zlib.pc", "pkgconfig", "zlib", id="pkg-config file in share"),
        pytest.param("/include/curl/curl.h", "header", "curl/curl.h", id="header"),
        pytest.param(
            "/lib/python3.13/site-packages/Flask_SQLAlchemy-3.1.1.dist-info",
            "python",
            "flask-sqlalchemy",
            id="distribution, normalized",
        ),
        pytest.param(
            "/lib/perl5/site_perl/5.42.0/LWP/UserAgent.pm", "perl", "LWP::UserAgent", id="Perl module"
        ),
        pytest.param(
            "/lib/perl5/site_perl/5.42.0/x86_64-linux-thread-multi/DBI.pm",
            "perl",
            "DBI",
            id="compiled Perl module",
        ),
        pytest.param(
            "/lib/ruby/gems/3.4.0/specifications/nokogiri-1.18.10.gemspec",
            "ruby",
            "nokogiri",
            id="gem without version",
        ),
        pytest.param(
            "/lib/node_modules/@angular/cli/package.json", "node", "@angular/cli", id="npm package with scope"
        ),
        pytest.param("/lib/php/extensions/redis.so", "php", "redis", id="PHP extension"),
        pytest.param("/share/fonts/truetype/DejaVuSans.ttf", "font", "DejaVuSans.ttf", id="font"),
        pytest.param("/share/zoneinfo/Europe/Berlin", "data", "zoneinfo/Europe", id="data"),
        pytest.param("/lib/httpd/mod_pgsql.so", "private", "mod_pgsql", id="plug-in"),
        pytest.param("/libexec/git-core/git-daemon", "private", "git-daemon", id="helper program"),
    ],
)
def test_a_file_in_a_store_path_is_understood(path: str, kind: str, name: str) -> None:
    assert feature_of(STORE_FILE, path.encode()) == (kind, name)


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/bin", id="the directory itself"),
        pytest.param("/bin/.jq-wrapped", id="program that a wrapper hides"),
        pytest.param("/lib/node_modules/a/node_modules/b/package.json", id="npm package inside another"),
        pytest.param("/share/doc/curl/README", id="documentation"),
    ],
)
def test_other_files_say_nothing(path: str) -> None:
    assert feature_of(STORE_FILE, path.encode()) is None


@pytest.mark.parametrize(
    ("path", "kind", "name"),
    [
        pytest.param("bin/ping", "command", "ping", id="program before the merge of /usr"),
        pytest.param("usr/sbin/nginx", "command", "nginx", id="program"),
        pytest.param("usr/games/sl", "command", "sl", id="game"),
        pytest.param("usr/lib/postgresql/15/bin/initdb", "command", "initdb", id="program of one version"),
        pytest.param("usr/lib/x86_64-linux-gnu/libpq.so.5", "soname", "libpq.so.5", id="multi-arch library"),
        pytest.param(
            "lib/x86_64-linux-gnu/libc.so.6", "soname", "libc.so.6", id="library before the merge of /usr"
        ),
        pytest.param(
            "usr/include/x86_64-linux-gnu/curl/curl.h", "header", "curl/curl.h", id="multi-arch header"
        ),
        pytest.param(
            "usr/lib/python3/dist-packages/PyYAML-6.0.dist-info/METADATA",
            "python",
            "pyyaml",
            id="distribution",
        ),
        pytest.param("usr/share/perl5/LWP/UserAgent.pm", "perl", "LWP::UserAgent", id="Perl module"),
        pytest.param("usr/lib/php/20230831/redis.so", "php", "redis", id="PHP extension"),
        pytest.param("usr/share/nodejs/semver/package.json", "node", "semver", id="npm package"),
        pytest.param(
            "usr/lib/x86_64-linux-gnu/qt5/qml/org/kde/x/libx.so", "private", "libx", id="plug-in deep inside"
        ),
        pytest.param(
            "usr/lib/openssh/gnome-ssh-askpass", "private", "gnome-ssh-askpass", id="helper program"
        ),
    ],
)
def test_a_file_of_a_debian_package_is_understood(path: str, kind: str, name: str) -> None:
    assert feature_of(DEBIAN_FILE, path.encode()) == (kind, name)


def test_distributions_are_normalized_as_pep_503_says() -> None:
    assert normalised_distribution("Foo__Bar.-baz") == "foo-bar-baz"
