"""Packages with the same programs are found before buildEnv stumbles over them."""

from __future__ import annotations

import pytest

from dock2nix.model.packages import AttributePath
from dock2nix.model.plan import Collision, LanguageEnvironment, PackageEntry, PackageSection, Remark
from dock2nix.plan.collisions import collisions, programs_of, shown
from fakes import FakeCatalogue, attribute, place

CATALOGUE = FakeCatalogue(
    (
        attribute("jdk11", "11", pname="openjdk", programs=("java", "javac")),
        attribute("jdk17", "17", pname="openjdk", programs=("java", "javac", "jwebserver")),
        attribute("busybox", programs=("ls", "sh", "vi")),
        attribute("vim", programs=("vi", "vim")),
        attribute("gcc", pname="gcc", programs=("cc", "ld")),
        attribute("clang", pname="clang", programs=("cc", "clang")),
        attribute("binutils", pname="binutils", programs=("ld",)),
        attribute("python3", "3.13", pname="python3", programs=("python3",)),
        attribute("openssl", "3", pname="openssl", outputs=("bin", "dev", "out")),
        attribute("openssl_1_1", "1.1", pname="openssl", outputs=("bin", "dev", "out")),
        attribute("nodejs", programs=("node", "npm")),
    )
)


def entry(path: str, output: str = "", source: str = "") -> PackageEntry:
    return PackageEntry(attribute_path=AttributePath(path), output=output, source=source)


def environment(path: str) -> LanguageEnvironment:
    return LanguageEnvironment(interpreter=AttributePath(path))


def found(*entries: PackageEntry | LanguageEnvironment | Remark) -> tuple[Collision, ...]:
    sections = tuple(PackageSection(title="t", entries=(one,)) for one in entries)
    return collisions(sections, CATALOGUE, place(1)).value


@pytest.mark.parametrize(
    ("one", "other", "programs"),
    [
        pytest.param(entry("jdk11"), entry("jdk17"), "java javac", id="two versions"),
        pytest.param(entry("gcc"), entry("clang"), "cc", id="two packages that both give way to others"),
        pytest.param(entry("busybox"), entry("vim"), None, id="one gives way"),
        pytest.param(entry("gcc"), entry("binutils"), None, id="a wrapper links to the other's"),
        pytest.param(entry("jdk11"), entry("jdk11"), None, id="the same twice"),
        pytest.param(entry("jdk11"), entry("jdk17", "dev"), None, id="only headers of one"),
        pytest.param(
            entry("openssl", "out"), entry("openssl_1_1", "out"), "", id="two versions of a library"
        ),
        pytest.param(entry("openssl", "out"), entry("openssl_1_1", "dev"), None, id="different outputs"),
        pytest.param(entry("openssl.out"), entry("openssl_1_1", "out"), "", id="output in the path"),
        pytest.param(entry("nodejs"), entry("nodejs_18", source="nixos-24_05"), "node npm", id="old release"),
        pytest.param(environment("python311"), entry("python3"), "python3", id="interpreters"),
        pytest.param(environment("python3"), entry("python3"), "python3", id="interpreter and environment"),
        pytest.param(Remark(text="x"), entry("unknown"), None, id="nothing is known"),
    ],
)
def test_pairs(
    one: PackageEntry | LanguageEnvironment | Remark, other: PackageEntry, programs: str | None
) -> None:
    assert [" ".join(pair.programs) for pair in found(one, other)] == ([] if programs is None else [programs])


def test_packages_are_called_as_they_are_printed() -> None:
    pairs = found(
        environment("python3"), entry("nodejs_18", source="nixos-24_05"), entry("nodejs"), entry("python3")
    )
    assert [pair.packages for pair in pairs] == [
        ("pkgs.python3.withPackages", "pkgs.python3"),
        ("nixos-24_05.nodejs_18", "pkgs.nodejs"),
    ]


def test_shared_programs_are_a_finding_that_asks_for_nothing() -> None:
    sections = (PackageSection(title="t", entries=(entry("jdk11"), entry("jdk17"))),)
    (finding,) = collisions(sections, CATALOGUE, place(4)).findings
    assert (finding.code, finding.severity, finding.location) == ("D2N222", "info", place(4))
    assert (
        finding.message == "pkgs.jdk11 and pkgs.jdk17 both have java and javac: those of pkgs.jdk11 are taken"
    )


def test_programs_of_an_image() -> None:
    sections = (
        PackageSection(title="t", entries=(entry("vim"), environment("python3"), entry("jdk11", "dev"))),
    )
    assert programs_of(sections, CATALOGUE) == {"vi", "vim", "python3"}


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ("a", "a"),
        ("a b", "a and b"),
        ("a b c", "a, b and c"),
        ("a b c d", "a, b, c and d"),
        ("a b c d e", "a, b, c and 2 more"),
    ],
)
def test_names_in_words(names: str, text: str) -> None:
    assert shown(tuple(names.split())) == text
