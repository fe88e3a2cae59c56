"""dnf, yum, microdnf and tdnf."""

from __future__ import annotations

from typing import Any

import pytest

from dock2nix.managers import dnf
from dock2nix.managers.base import Setting
from dock2nix.model.packages import (
    Action,
    InstallStep,
    NixpkgsPackage,
    NotNeeded,
    Requirement,
    Unresolved,
)
from fakes import FakeCatalogue, FakeFiles, attribute, invocation, place, row


def parse(command: str) -> InstallStep:
    step = dnf.parse_install(invocation(command), place(), FakeFiles())
    assert step is not None
    return step


def names(step: InstallStep) -> list[Any]:
    return [(requirement.name, requirement.specifier) for requirement in step.requirements]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        pytest.param("dnf install -y curl jq", [("curl", ""), ("jq", "")], id="plain"),
        pytest.param("yum -y install curl", [("curl", "")], id="yum"),
        pytest.param("microdnf install -y --nodocs curl", [("curl", "")], id="microdnf"),
        pytest.param("tdnf install -y --releasever=3.0 curl", [("curl", "")], id="tdnf"),
        pytest.param(
            "dnf install --setopt=tsflags=nodocs --enablerepo epel curl",
            [("curl", "")],
            id="repository-is-no-package",
        ),
        pytest.param(
            "dnf --setopt install_weak_deps=False install curl", [("curl", "")], id="setting-in-the-next-word"
        ),
        pytest.param("yum install -d 1 -e 0 -x kernel* curl", [("curl", "")], id="levels-and-exclusions"),
        pytest.param("dnf reinstall curl", [("curl", "")], id="reinstall"),
        pytest.param("dnf swap -y curl-minimal curl", [("curl", "")], id="swap"),
        pytest.param(
            "dnf install curl.x86_64 tzdata.noarch", [("curl", ""), ("tzdata", "")], id="own-architecture"
        ),
        pytest.param("dnf install glibc.i686", [("glibc.i686", "")], id="foreign-architecture"),
        pytest.param(
            "dnf install nginx-1.20.1-14.el9.x86_64", [("nginx", "-1.20.1-14.el9")], id="version-and-release"
        ),
        pytest.param(
            "dnf install docker-ce-3:20.10.7-3.el8", [("docker-ce", "-3:20.10.7-3.el8")], id="epoch"
        ),
        pytest.param(
            "yum install nodejs-14.17.0 'nodejs-12*'",
            [("nodejs", "-14.17.0"), ("nodejs", "-12*")],
            id="versions",
        ),
        pytest.param("dnf install 'python3 >= 3.9'", [("python3", ">=3.9")], id="comparison"),
        pytest.param("dnf install @development-tools", [("@development-tools", "")], id="group"),
        pytest.param(
            "yum groupinstall -y 'Development Tools'", [("@Development Tools", "")], id="groupinstall"
        ),
        pytest.param(
            "dnf group install 'Development Tools'", [("@Development Tools", "")], id="group-install"
        ),
        pytest.param("dnf module install -y nodejs:18/common", [("nodejs", ":18/common")], id="module"),
        pytest.param("dnf install @nodejs:18", [("nodejs", ":18")], id="module-as-group"),
        pytest.param(
            "dnf install 'perl(JSON::PP)' 'pkgconfig(zlib)'",
            [("perl(JSON::PP)", ""), ("pkgconfig(zlib)", "")],
            id="capabilities",
        ),
        pytest.param("dnf install /usr/bin/file", [("/usr/bin/file", "")], id="path"),
        pytest.param("dnf install 'libGL.so.1()(64bit)'", [("libGL.so.1()(64bit)", "")], id="soname"),
    ],
)
def test_install(command: str, expected: object) -> None:
    step = parse(command)
    assert step.action is Action.INSTALL
    assert names(step) == expected
    assert step.unknown == ()


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("java-1.8.0-openjdk", id="version-inside"),
        pytest.param("java-17-openjdk-devel", id="number-inside"),
        pytest.param("gcc-toolset-9", id="number-at-the-end"),
        pytest.param("cuda-toolkit-11-0", id="two-numbers-at-the-end"),
        pytest.param("dotnet-sdk-6.0", id="dotted-number-at-the-end"),
        pytest.param("aspnetcore-runtime-8.0", id="another-dotted-number"),
        pytest.param("python3.11-pip", id="dot-inside"),
        pytest.param("libstdc++-static", id="plus"),
        pytest.param("mysql57-community-release-el7-11", id="distribution-tag"),
    ],
)
def test_numbers_that_belong_to_the_name_stay(name: str) -> None:
    assert names(parse(f"dnf install {name}")) == [(name, "")]


def test_removal() -> None:
    step = parse("yum remove -y gcc make-4.2")
    assert step.action is Action.REMOVE
    assert [name for name, _ in names(step)] == ["gcc", "make"]


@pytest.mark.parametrize(
    ("command", "action"),
    [
        pytest.param("dnf clean all", Action.NOTHING, id="clean"),
        pytest.param("dnf -y update", Action.NOTHING, id="update"),
        pytest.param("yum update -y glibc", Action.NOTHING, id="update-of-a-package"),
        pytest.param("dnf makecache", Action.NOTHING, id="makecache"),
        pytest.param("dnf module enable nodejs:18", Action.NOTHING, id="module-stream"),
        pytest.param("dnf autoremove -y", Action.NOTHING, id="autoremove"),
        pytest.param("yum list installed", Action.NOTHING, id="list"),
        pytest.param("dnf --version", Action.NOTHING, id="version"),
        pytest.param("dnf config-manager --set-enabled crb", Action.REPOSITORY, id="config-manager"),
        pytest.param("yum-config-manager --enable x", Action.REPOSITORY, id="yum-config-manager"),
        pytest.param("dnf copr enable a/b", Action.REPOSITORY, id="copr"),
        pytest.param("dnf builddep x", Action.OTHER, id="builddep"),
        pytest.param("yum-builddep x.spec", Action.OTHER, id="yum-builddep"),
        pytest.param("dnf install --downloadonly x", Action.OTHER, id="downloadonly"),
        pytest.param("dnf install -y", Action.OTHER, id="no-names"),
        pytest.param("dnf frobnicate", Action.OTHER, id="unknown-verb"),
    ],
)
def test_is_no_install(command: str, action: Action) -> None:
    step = parse(command)
    assert step.action is action
    assert step.requirements == ()
    assert step.reason


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        pytest.param("$PACKAGES", "is not set", id="unknown-value"),
        pytest.param("'php-*'", "a pattern", id="glob"),
        pytest.param("a,b", "is not an RPM package name", id="comma"),
        pytest.param("x" * 400, "is not a package name", id="endless"),
    ],
)
def test_words_that_are_no_package(word: str, reason: str) -> None:
    step = parse(f"dnf install curl {word}")
    assert names(step) == [("curl", "")]
    assert [reason in unknown.reason for unknown in step.unknown] == [True]


@pytest.mark.parametrize(
    ("command", "codes"),
    [
        pytest.param("dnf install --nogpgcheck x", ["D2N504"], id="nogpgcheck"),
        pytest.param("dnf install --setopt=gpgcheck=0 x", ["D2N504"], id="setting"),
        pytest.param("dnf install --setopt=epel.sslverify=false x", ["D2N504"], id="setting-of-a-repository"),
        pytest.param("dnf install --repofrompath a,http://host/ x", ["D2N506"], id="repofrompath"),
        pytest.param("dnf config-manager --add-repo http://host/x.repo", ["D2N506"], id="add-repo"),
        pytest.param("yum-config-manager --add-repo http://host/x.repo", ["D2N506"], id="yum-add-repo"),
        pytest.param("dnf copr enable -y a/b", ["D2N506"], id="copr"),
        pytest.param("dnf install --installroot /mnt x", ["D2N307"], id="another-root"),
        pytest.param("dnf install --setopt=gpgcheck=1 --setopt=tsflags=nodocs x", [], id="harmless-settings"),
        pytest.param("dnf install -R 5 x", [], id="minutes-are-no-root"),
    ],
)
def test_risks_are_reported(command: str, codes: list[str]) -> None:
    assert [problem[0] for problem in parse(command).problems] == codes


# --- resolution --------------------------------------------------------------------------------------------------------------


def resolve(name: str, catalogue: FakeCatalogue, specifier: str = "", url: str = "") -> tuple[Any, ...]:
    requirement = Requirement(manager="dnf", name=name, specifier=specifier, url=url, location=place())
    return dnf.resolve(requirement, catalogue, Setting())


def test_the_name_as_written_is_tried_first() -> None:
    catalogue = FakeCatalogue(curated={"dnf": (row("tool-1.2", "tool_1"), row("tool", "tool_2"))})
    assert resolve("tool", catalogue, "-1.2")[0].attribute_path == "tool_1"
    assert resolve("tool", catalogue, "-1.3")[0].attribute_path == "tool_2"


def test_a_group_is_known_by_its_identifier() -> None:
    catalogue = FakeCatalogue(curated={"dnf": (row("@development-tools", "stdenv.cc"),)})
    assert resolve("@Development Tools", catalogue)[0].attribute_path == "stdenv.cc"
    (found,) = resolve("@Web Server", catalogue)
    assert isinstance(found, Unresolved)
    assert "a group" in found.reason


def test_development_files_are_found_by_pkgconfig() -> None:
    catalogue = FakeCatalogue(
        (attribute("libxml2", outputs=("dev", "out")),),
        providers={("pkgconfig", "libxml2"): ("libxml2 dev",)},
    )
    (found,) = resolve("libxml2-devel", catalogue)
    assert isinstance(found, NixpkgsPackage)
    assert (found.attribute_path, found.outputs, found.build_only) == ("libxml2", ("dev",), True)


def test_a_repository_package_by_address_is_not_needed() -> None:
    url = "https://host/pub/epel/epel-release-latest-8.noarch.rpm"
    (found,) = resolve("epel-release", FakeCatalogue(), url=url)
    assert isinstance(found, NotNeeded)
    assert "epel-release-latest-8.noarch.rpm" in found.reason


def test_a_foreign_architecture_is_not_taken_for_ones_own() -> None:
    (found,) = resolve("glibc.i686", FakeCatalogue((attribute("glibc"),)))
    assert isinstance(found, Unresolved)
