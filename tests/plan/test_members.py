"""Packages that do nothing without their interpreter are told from those that work by themselves."""

from __future__ import annotations

import pytest

from dock2nix.model.packages import AttributePath, NixpkgsPackage, Origin, Requirement
from dock2nix.model.plan import JoinFunction
from dock2nix.plan.members import member_of
from fakes import place


def package(path: str, asked: str = "x", manager: str = "apt") -> NixpkgsPackage:
    return NixpkgsPackage(
        requirement=Requirement(manager=manager, name=asked, location=place()),
        attribute_path=AttributePath(path),
        origin=Origin.CURATED,
        evidence="",
    )


@pytest.mark.parametrize(
    ("path", "asked", "interpreter", "name"),
    [
        pytest.param("python3Packages.flask", "x", "python3", "flask", id="python"),
        pytest.param("python27Packages.flask", "x", "python27", "flask", id="python-2"),
        pytest.param("pypy310Packages.flask", "x", "pypy310", "flask", id="pypy"),
        pytest.param("php84Extensions.redis", "php-redis", "php84", "redis", id="php-of-a-version"),
        pytest.param("phpExtensions.redis", "php-redis", "php", "redis", id="php"),
        pytest.param(
            "postgresql15Packages.postgis", "x", "postgresql_15", "postgis", id="postgresql-of-a-version"
        ),
        pytest.param("postgresqlPackages.postgis", "x", "postgresql", "postgis", id="postgresql"),
        pytest.param("perlPackages.DBI", "libdbi-perl", "perl", "DBI", id="perl-on-debian"),
        pytest.param("perlPackages.DBI", "perl-DBI", "perl", "DBI", id="perl-on-fedora"),
        pytest.param("perlPackages.JSONXS", "perl(JSON::XS)", "perl", "JSONXS", id="perl-capability"),
        pytest.param("rubyPackages.nokogiri", "ruby-nokogiri", "ruby", "nokogiri", id="ruby"),
        pytest.param("rubyPackages_3_4.json", "ruby-json", "ruby_3_4", "json", id="ruby-of-a-version"),
    ],
)
def test_members_of_a_set(path: str, asked: str, interpreter: str, name: str) -> None:
    member = member_of(package(path, asked))
    assert member is not None
    assert (member.interpreter, member.name) == (interpreter, name)


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        pytest.param("curl", "curl", id="top-level"),
        pytest.param("php84Packages.composer", "composer", id="a-program-in-php"),
        pytest.param("perlPackages.Appcpanminus", "cpanminus", id="a-program-in-perl"),
        pytest.param("rubyPackages.asciidoctor", "asciidoctor", id="a-program-in-ruby"),
        pytest.param("llvmPackages_18.clang-tools", "clang-format-18", id="another-set"),
    ],
)
def test_what_works_by_itself(path: str, asked: str) -> None:
    assert member_of(package(path, asked)) is None


def test_extensions_of_php_keep_what_is_switched_on() -> None:
    functions = [member_of(package(path)) for path in ("phpExtensions.redis", "python3Packages.flask")]
    assert [one and one.function for one in functions] == [JoinFunction.EXTENSIONS, JoinFunction.PACKAGES]
