"""Which of several packages that have the same thing is meant."""

from __future__ import annotations

import pytest

from dock2nix.indexing.debian import DebianPackage, DebianRelease
from dock2nix.indexing.features import Feature
from dock2nix.indexing.packages import Package
from dock2nix.indexing.ranking import conventions, distance


def _package(path: str, feature: Feature, *, foreign: bool = False, default: bool = False) -> Package:
    return Package(path, path.rpartition(".")[2], "1", {"out"}, {feature: ("out", foreign)}, default=default)


@pytest.mark.parametrize(
    ("feature", "better", "worse"),
    [
        pytest.param("command:git", "git", "gitMinimal", id="the plain one, not a variant"),
        pytest.param("command:psql", "postgresql", "postgresql_14", id="without version"),
        pytest.param("command:ls", "coreutils", "busybox", id="not an imitation"),
        pytest.param("command:foo", "foo", "bar", id="the same name"),
        pytest.param("command:foo", "foo", "someSet.foo", id="at top level"),
        pytest.param("soname:libpng16.so.16", "libpng", "libretro.png", id="library of that name"),
        pytest.param("python:flask", "python313Packages.flask", "flask", id="in the language's set"),
        pytest.param("perl:DBI", "perlPackages.DBI", "dbi", id="in Perl's set"),
    ],
)
def test_the_package_meant_is_nearer(feature: str, better: str, worse: str) -> None:
    wanted = Feature(*feature.split(":", 1))
    assert distance(wanted, _package(better, wanted)) < distance(wanted, _package(worse, wanted))


def test_a_link_into_another_package_counts_less() -> None:
    wanted = Feature("command", "tool")
    own, link = _package("aaa", wanted), _package("aaa", wanted, foreign=True)
    assert distance(wanted, own) < distance(wanted, link)


def test_the_default_version_comes_before_others() -> None:
    wanted = Feature("command", "java")
    assert distance(wanted, _package("jdk21", wanted, default=True)) < distance(
        wanted, _package("jdk17", wanted)
    )


def test_what_debian_takes_it_from_comes_first() -> None:
    ping = Feature("command", "ping")
    release = DebianRelease(
        codename="x",
        packages={
            "iputils-ping": DebianPackage(
                name="iputils-ping", version="1", source="iputils", section="", depends=()
            )
        },
        features={"iputils-ping": {ping}},
    )
    usual = conventions([release])[ping]
    assert "iputils" in usual
    iputils, inetutils = _package("iputils", ping), _package("ping", ping)
    assert distance(ping, inetutils) < distance(ping, iputils)
    assert distance(ping, iputils, usual) < distance(ping, _package("inetutils", ping), usual)
