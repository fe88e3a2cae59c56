"""Store paths gathered into attributes under the names that people use."""

from __future__ import annotations

import pytest

from dock2nix.indexing.features import Feature
from dock2nix.indexing.nixindex import StorePath
from dock2nix.indexing.packages import Package, Spelling, gather, spelled, split_name

SPELLING = Spelling(
    names={"azure.curl": "curl", "su": "shadow"},
    aliases={"jdk": "jdk21"},
    scopes={"perl5Packages": "perlPackages", "xorg": ""},
    outputs={"dnsutils": ("bind", "dnsutils")},
    preferred={},
)


def _store_path(
    attribute: str, name: str, *programs: str, output: str = "out", foreign: bool = False
) -> StorePath:
    return StorePath(
        name=name,
        attribute=attribute,
        output=output,
        toplevel=True,
        system="x86_64-linux",
        features={Feature("command", program): foreign for program in programs},
    )


BIND = (
    _store_path("bind", "bind-9", "named"),
    _store_path("bind", "bind-9-dnsutils", "dig", output="dnsutils"),
)


@pytest.mark.parametrize(
    ("name", "output", "expected"),
    [
        pytest.param("curl-8.18.0-bin", "bin", ("curl", "8.18.0"), id="output taken off"),
        pytest.param("python3.13-flask-3.1.2", "out", ("flask", "3.1.2"), id="language taken off"),
        pytest.param("perl5.42.0-DBI-1.644", "out", ("DBI", "1.644"), id="Perl's prefix"),
        pytest.param("python3-3.13.12", "out", ("python3", "3.13.12"), id="the language itself"),
        pytest.param("ghc-wrapper-9.10", "out", ("ghc-wrapper", "9.10"), id="dash in the name"),
        pytest.param("foo-0-unstable-2026-01-01", "out", ("foo", "0-unstable-2026-01-01"), id="no release"),
        pytest.param("stdenv-linux", "out", ("stdenv-linux", ""), id="no version"),
    ],
)
def test_names_are_split_as_nix_does(name: str, output: str, expected: tuple[str, str]) -> None:
    assert split_name(name, output) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("python313Packages.flask", "python313Packages.flask", id="plain"),
        pytest.param("nerd-fonts.m+", 'nerd-fonts."m+"', id="quoted"),
        pytest.param("a.${b}", None, id="not to be written"),
    ],
)
def test_attribute_paths_are_written_as_nix_code(path: str, expected: str | None) -> None:
    assert spelled(path) == expected


def test_packages_get_their_canonical_names() -> None:
    packages = gather(
        [
            *BIND,
            _store_path("azure.curl", "curl-8"),
            _store_path("perl5Packages.DBI", "perl5.42.0-DBI-1"),
            _store_path("tests.curl", "curl-test-1"),
        ],
        SPELLING,
    )
    assert sorted(packages) == ["bind", "curl", "dnsutils", "perlPackages.DBI"]
    assert (packages["perlPackages.DBI"].pname, packages["perlPackages.DBI"].version) == ("DBI", "1")


def test_an_output_with_a_name_of_its_own_has_its_programs_for_itself() -> None:
    packages = gather(BIND, SPELLING)
    assert packages["dnsutils"].programs() == ["dig"]
    assert packages["bind"].programs() == ["named"]
    assert packages["dnsutils"].outputs == {"out", "dnsutils"}


def test_of_several_outputs_with_one_program_the_one_for_programs_counts() -> None:
    packages = gather(
        [
            *BIND,
            _store_path("jq", "jq-1-dev", "jq", output="dev"),
            _store_path("jq", "jq-1-bin", "jq", output="bin"),
            _store_path("jq", "jq-1", "jq", foreign=True),
        ],
        SPELLING,
    )
    assert packages["jq"].features[Feature("command", "jq")] == ("bin", False)


def test_an_application_is_in_its_python_set_too() -> None:
    packages = gather(
        [
            *BIND,
            _store_path("black", "python3.13-black-25.1.0", "black"),
            _store_path("python314Packages.black", "python3.14-black-25.1.0", "black"),
            _store_path("python314Packages.other", "python3.14-other-1"),
        ],
        SPELLING,
    )
    assert packages["python313Packages.black"].programs() == ["black"]
    assert "black" in packages
    assert "python313Packages.other" not in packages


@pytest.mark.parametrize(
    ("programs", "expected"),
    [
        pytest.param((), "", id="none"),
        pytest.param(("rg",), "rg", id="the only one"),
        pytest.param(("curl", "wcurl"), "curl", id="the one of the package's name"),
        pytest.param(("a", "b"), "", id="not to be known"),
    ],
)
def test_the_main_program_is_only_told_when_it_is_clear(programs: tuple[str, ...], expected: str) -> None:
    features = {Feature("command", program): ("out", False) for program in programs}
    assert Package("curl", pname="curl", features=features).main_program() == expected
