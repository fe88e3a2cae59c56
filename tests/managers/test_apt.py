"""apt-get, apt, aptitude and their helpers."""

from __future__ import annotations

from typing import Any

import pytest

from dock2nix.catalogue.base import Attribute, EvidenceMatch
from dock2nix.indexing.match import THRESHOLD
from dock2nix.managers import apt
from dock2nix.managers.base import Setting
from dock2nix.managers.resolution import SAME_VERSION, other_soname
from dock2nix.model.packages import (
    Action,
    AttributePath,
    InstallStep,
    NixpkgsPackage,
    NotNeeded,
    Origin,
    Requirement,
    Unresolved,
)
from fakes import FakeCatalogue, FakeFiles, attribute, invocation, place, row


def parse(command: str) -> InstallStep:
    step = apt.parse_install(invocation(command), place(), FakeFiles())
    assert step is not None
    return step


def names(step: InstallStep) -> list[Any]:
    return [requirement.name + requirement.specifier for requirement in step.requirements]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        pytest.param("apt-get install -y curl jq", ["curl", "jq"], id="plain"),
        pytest.param("apt install curl", ["curl"], id="apt"),
        pytest.param("aptitude install -y curl", ["curl"], id="aptitude"),
        pytest.param("apt-get -y --no-install-recommends install curl", ["curl"], id="options-first"),
        pytest.param(
            "apt-get install -y -t bookworm-backports curl", ["curl"], id="target-release-is-no-package"
        ),
        pytest.param("apt-get install -tbuster curl", ["curl"], id="attached-target-release"),
        pytest.param("apt-get install --target-release=buster curl", ["curl"], id="long-target-release"),
        pytest.param("apt-get install -o Dpkg::Options::=--force-confold curl", ["curl"], id="setting"),
        pytest.param(
            "apt-get install -oDebug::x=1 -qq=2 -yqq curl", ["curl"], id="attached-setting-and-levels"
        ),
        pytest.param("apt-get install -y=true curl", ["curl"], id="switch-with-value"),
        pytest.param(
            "apt-get install nginx=1.22.1-9 curl=7.*", ["nginx=1.22.1-9", "curl=7.*"], id="versions"
        ),
        pytest.param("apt-get install curl/bookworm-backports", ["curl/bookworm-backports"], id="suite"),
        pytest.param("apt-get install libc6:amd64 python3:any", ["libc6", "python3"], id="own-architecture"),
        pytest.param("apt-get install libc6:i386", ["libc6:i386"], id="foreign-architecture"),
        pytest.param(
            "apt-get install g++ libsigc++-2.0-dev", ["g++", "libsigc++-2.0-dev"], id="plus-in-the-name"
        ),
        pytest.param("apt-get install curl+", ["curl"], id="plus-asks-to-install"),
        pytest.param("apt-get install python3.11 7zip", ["python3.11", "7zip"], id="dots-and-digits"),
        pytest.param("apt-get reinstall curl", ["curl"], id="reinstall"),
        pytest.param("aptitude install -P curl", ["curl"], id="aptitude-prompts-where-apt-takes-a-profile"),
        pytest.param("apt-get install -- curl", ["curl"], id="two-dashes"),
    ],
)
def test_install(command: str, expected: object) -> None:
    step = parse(command)
    assert step.action is Action.INSTALL
    assert names(step) == expected
    assert step.unknown == ()


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        pytest.param("apt-get remove -y curl", ["curl"], id="remove"),
        pytest.param("apt-get purge -y --auto-remove gcc make", ["gcc", "make"], id="purge"),
        pytest.param("apt-get autoremove -y gcc", ["gcc"], id="autoremove-with-names"),
        pytest.param("aptitude purge gcc", ["gcc"], id="aptitude"),
    ],
)
def test_removal(command: str, expected: object) -> None:
    step = parse(command)
    assert step.action is Action.REMOVE
    assert names(step) == expected


@pytest.mark.parametrize(
    ("command", "action"),
    [
        pytest.param("apt-get update", Action.NOTHING, id="update"),
        pytest.param("apt-get -y upgrade", Action.NOTHING, id="upgrade"),
        pytest.param("apt-get clean", Action.NOTHING, id="clean"),
        pytest.param("apt-get autoremove -y", Action.NOTHING, id="autoremove-without-names"),
        pytest.param("apt-get purge -y --auto-remove", Action.NOTHING, id="purge-without-names"),
        pytest.param("apt-get install -y -f", Action.NOTHING, id="repair"),
        pytest.param("apt-get install -s curl", Action.NOTHING, id="simulation"),
        pytest.param("apt-get install --only-upgrade curl", Action.NOTHING, id="only-upgrade"),
        pytest.param("apt-get --version", Action.NOTHING, id="version"),
        pytest.param("apt list --installed", Action.NOTHING, id="list"),
        pytest.param("apt-cache policy curl", Action.NOTHING, id="cache"),
        pytest.param("apt-mark hold curl", Action.NOTHING, id="hold"),
        pytest.param("apt-mark showmanual", Action.NOTHING, id="marks"),
        pytest.param("apt-get install -y", Action.OTHER, id="no-names-at-all"),
        pytest.param("apt-get install -d curl", Action.OTHER, id="download-only"),
        pytest.param("apt-get build-dep -y nginx", Action.OTHER, id="build-dependencies"),
        pytest.param("apt-get source nginx", Action.OTHER, id="source"),
        pytest.param("apt-get frobnicate", Action.OTHER, id="unknown-verb"),
        pytest.param("add-apt-repository -y ppa:a/b", Action.REPOSITORY, id="repository"),
        pytest.param("apt-key add -", Action.REPOSITORY, id="key"),
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
        pytest.param("'php7.*'", "a pattern", id="glob"),
        pytest.param("'^lib.*'", "a pattern", id="regular-expression"),
        pytest.param("'?installed'", "a pattern", id="apt-pattern"),
        pytest.param("ubuntu-desktop^", "a task", id="task"),
        pytest.param("lib{a,b}-dev", "is not a Debian package name", id="braces"),
        pytest.param('""', "is empty", id="empty"),
    ],
)
def test_words_that_are_no_package(word: str, reason: str) -> None:
    step = parse(f"apt-get install curl {word}")
    assert names(step) == ["curl"]
    assert [reason in unknown.reason for unknown in step.unknown] == [True]


def test_a_minus_leaves_a_package_out() -> None:
    step = parse("apt-get install postgresql-common exim4- postgresql-")
    assert names(step) == ["postgresql-common"]
    assert step.unknown == ()
    assert step.reason == "leaves out exim4- postgresql-"


def test_a_requirement_knows_its_word() -> None:
    assert parse("apt-get install -y curl").requirements[0].location == place(1, 20, 4)


def test_a_local_file_is_a_direct_reference() -> None:
    (found,) = parse("apt-get install -y ./tool_1.2-3_amd64.deb").requirements
    assert (found.name, found.specifier, found.url) == ("tool", "=1.2-3", "./tool_1.2-3_amd64.deb")


@pytest.mark.parametrize(
    ("command", "code"),
    [
        pytest.param("apt-get install --allow-unauthenticated x", "D2N504", id="allow-unauthenticated"),
        pytest.param("apt-get install --force-yes x", "D2N504", id="force-yes"),
        pytest.param("apt-get install -o APT::Get::AllowUnauthenticated=true x", "D2N504", id="setting"),
        pytest.param("add-apt-repository ppa:a/b", "D2N506", id="ppa"),
        pytest.param("add-apt-repository 'deb http://host/x y main'", "D2N506", id="deb-line"),
    ],
)
def test_risks_are_reported(command: str, code: str) -> None:
    assert [problem[0] for problem in parse(command).problems] == [code]


@pytest.mark.parametrize(
    "command",
    [
        pytest.param("apt-get install -y x", id="plain"),
        pytest.param("apt-get install --allow-unauthenticated=false x", id="switched-off"),
        pytest.param("apt-get install -o APT::Get::AllowUnauthenticated=false x", id="setting-switched-off"),
        pytest.param("add-apt-repository universe", id="component-of-the-distribution"),
        pytest.param("add-apt-repository --remove ppa:a/b", id="taken-away"),
    ],
)
def test_no_risk_no_report(command: str) -> None:
    assert parse(command).problems == ()


def test_marks_are_kept_for_whoever_follows_autoremove() -> None:
    assert parse("apt-mark auto '.*'").options == ("auto", ".*")


# --- resolution --------------------------------------------------------------------------------------------------------------


def resolve(name: str, catalogue: FakeCatalogue, specifier: str = "", channel: str = "") -> tuple[Any, ...]:
    requirement = Requirement(manager="apt", name=name, specifier=specifier, location=place())
    return apt.resolve(requirement, catalogue, Setting(channel=channel))


def paths(resolutions: tuple[Any, ...]) -> list[Any]:
    return [(found.attribute_path, found.outputs, found.origin) for found in resolutions]


def test_a_curated_row_comes_first() -> None:
    catalogue = FakeCatalogue(
        (attribute("gnumake", "4.4"), attribute("make")),
        curated={"apt": (row("make", "stdenv.cc", "gnumake", build_only=True, reason="Debian's compilers"),)},
    )
    first, second = resolve("make", catalogue)
    assert (first.attribute_path, second.attribute_path) == ("stdenv.cc", "gnumake")
    assert (first.version, second.version) == ("", "4.4")
    assert first.build_only
    assert first.origin is Origin.CURATED
    assert first.evidence == "mappings/apt.toml: Debian's compilers"


@pytest.mark.parametrize(
    ("reason", "origin"),
    [
        pytest.param("rule for openjdk-N", Origin.RULE, id="rule"),
        pytest.param("override in dock2nix.toml", Origin.OVERRIDE, id="override"),
        pytest.param("", Origin.CURATED, id="row"),
    ],
)
def test_a_row_says_where_it_comes_from(reason: str, origin: Origin) -> None:
    catalogue = FakeCatalogue(curated={"apt": (row("x", "hello", reason=reason),)})
    assert resolve("x", catalogue)[0].origin is origin


def test_a_name_that_means_nothing_is_not_needed() -> None:
    catalogue = FakeCatalogue(curated={"apt": (row("apt-utils", not_needed=True, reason="apt is not used"),)})
    (found,) = resolve("apt-utils", catalogue)
    assert isinstance(found, NotNeeded)
    assert found.reason == "apt is not used"


def test_environment_of_a_row_is_given_once() -> None:
    environment = (("SSL_CERT_FILE", "x"),)
    catalogue = FakeCatalogue(curated={"apt": (row("x", "cacert", "hello", environment=environment),)})
    assert [found.environment for found in resolve("x", catalogue)] == [environment, ()]


def test_outputs_that_do_not_exist_are_left_out() -> None:
    catalogue = FakeCatalogue(
        (attribute("libpq", outputs=("dev", "out")),),
        curated={"apt": (row("libpq-dev", ("libpq", ("dev", "static"))),)},
    )
    (found,) = resolve("libpq-dev", catalogue)
    assert found.outputs == ("dev",)
    assert found.build_only


def test_file_evidence_comes_before_the_same_name() -> None:
    match = EvidenceMatch(
        path=AttributePath("netcat-openbsd"), outputs=("out",), score=0.9, evidence="holds nc"
    )
    catalogue = FakeCatalogue(
        (attribute("netcat"), attribute("netcat-openbsd", "1.2")), evidence={("apt", "netcat"): match}
    )
    (found,) = resolve("netcat", catalogue)
    assert (found.attribute_path, found.origin, found.evidence) == (
        "netcat-openbsd",
        Origin.FILES,
        "holds nc",
    )


@pytest.mark.parametrize(
    ("known", "accepted"),
    [
        pytest.param(attribute("jq", programs=("jq",), pname="other"), True, id="has-the-command"),
        pytest.param(attribute("jq", pname="jq"), True, id="calls-itself-so"),
        pytest.param(attribute("jq", pname="jquery-tools", programs=("x",)), False, id="a-coincidence"),
    ],
)
def test_the_same_name_needs_more_than_the_name(known: Attribute, accepted: bool) -> None:
    (found,) = resolve("jq", FakeCatalogue((known,)))
    assert isinstance(found, NixpkgsPackage if accepted else Unresolved)


@pytest.mark.parametrize(
    ("name", "kind", "key", "attribute_path"),
    [
        pytest.param("libpq5", "soname", "libpq.so.5", "libpq", id="soname"),
        pytest.param("libssl1.1", "soname", "libssl.so.1.1", "openssl_1_1", id="soname-with-minor"),
        pytest.param("libglib2.0-0", "soname", "libglib-2.0.so.0", "glib", id="digit-before-the-dash"),
        pytest.param("libgl1", "soname", "libGL.so.1", "libGL", id="upper-case"),
        pytest.param("libssl3t64", "soname", "libssl.so.3", "openssl", id="time64-suffix"),
        pytest.param("libffi-dev", "pkgconfig", "libffi", "libffi", id="pkgconfig"),
        pytest.param("libgdbm-dev", "header", "gdbm.h", "gdbm", id="header"),
    ],
)
def test_what_a_package_provides_decides(name: str, kind: Any, key: str, attribute_path: str) -> None:
    catalogue = FakeCatalogue((attribute(attribute_path),), providers={(kind, key): (attribute_path,)})
    (found,) = resolve(name, catalogue)
    assert (found.attribute_path, found.origin) == (attribute_path, Origin.PROVIDER)
    assert found.build_only is name.endswith("-dev")


def test_a_command_is_looked_for_in_the_package_that_is_about_it() -> None:
    catalogue = FakeCatalogue(
        (attribute("busybox", programs=("tar",)), attribute("gnutar", main_program="tar")),
        providers={("command", "tar"): ("busybox", "gnutar")},
    )
    assert resolve("tar", catalogue)[0].attribute_path == "gnutar"


def test_a_command_of_several_other_packages_is_no_answer() -> None:
    catalogue = FakeCatalogue(
        (attribute("a"), attribute("b")),
        providers={("command", "tool"): ("a", "b")},
        similar={"tool": ("tools",)},
    )
    (found,) = resolve("tool", catalogue)
    assert isinstance(found, Unresolved)
    assert found.candidates == ("a", "b", "tools")
    assert "mappings/apt.toml" in found.reason


def test_a_foreign_architecture_is_not_taken_for_ones_own() -> None:
    catalogue = FakeCatalogue((attribute("wine", programs=("wine",)),))
    (found,) = resolve("wine:i386", catalogue)
    assert isinstance(found, Unresolved)
    assert "i386" in found.reason


def test_a_package_file_is_never_exchanged_for_a_package() -> None:
    catalogue = FakeCatalogue((attribute("jq", programs=("jq",)),))
    requirement = Requirement(manager="apt", name="jq", url="./jq_1_amd64.deb", location=place())
    (found,) = apt.resolve(requirement, catalogue, Setting())
    assert isinstance(found, Unresolved)
    assert found.candidates == ("jq",)


def test_only_the_interpreter_and_its_set_come_from_an_old_channel() -> None:
    catalogue = FakeCatalogue(
        (attribute("jq", "1.7", programs=("jq",)),),
        curated={"apt": (row("python3-x", "python38Packages.x"),)},
    )
    setting = Setting(interpreter=AttributePath("python38"), language="python", channel="nixos-23.11")
    versions = []
    for name in ("jq", "python3-x"):
        requirement = Requirement(manager="apt", name=name, location=place())
        (found,) = apt.resolve(requirement, catalogue, setting)
        assert isinstance(found, NixpkgsPackage)
        versions.append((found.version, found.source, "is not indexed" in found.evidence))
    assert versions == [("1.7", "", False), ("", "nixos-23_11", True)]


def near(path: str, difference: str) -> EvidenceMatch:
    text = f"files: lib/x.so (1 of 1); but {difference}"
    return EvidenceMatch(path=AttributePath(path), outputs=(), score=0.44, evidence=text)


def test_files_of_another_version_are_no_answer_but_worth_a_look() -> None:
    difference = "openssl has libssl.so.3, not libssl.so.1.1"
    catalogue = FakeCatalogue(
        (attribute("openssl", "3.6"),),
        evidence={("apt", "libssl1.1"): near("openssl", difference)},
        similar={"libssl1.1": ("libssl",)},
    )
    (found,) = resolve("libssl1.1", catalogue)
    assert isinstance(found, Unresolved)
    assert found.reason == f"nixpkgs does not have this version: {difference}"
    assert found.candidates == ("openssl", "libssl")


def test_another_source_may_know_the_version_that_the_files_are_not_of() -> None:
    catalogue = FakeCatalogue(
        (attribute("hdf5", "2.0"), attribute("hdf5_1_10", "1.10", pname="hdf5")),
        evidence={("apt", "libhdf5-103"): near("hdf5", "hdf5 has libhdf5.so.310, not libhdf5.so.103")},
        providers={("soname", "libhdf5.so"): ("hdf5",), ("soname", "libhdf5.so.103"): ("hdf5_1_10",)},
    )
    (found,) = resolve("libhdf5-103", catalogue)
    assert found.attribute_path == "hdf5_1_10"


def test_a_package_that_brings_a_copy_of_a_library_does_not_stand_for_it() -> None:
    catalogue = FakeCatalogue(
        (attribute("ffmpeg"), attribute("jellyfin-ffmpeg")),
        providers={
            ("soname", "libavcodec.so"): ("ffmpeg", "jellyfin-ffmpeg"),
            ("soname", "libavcodec.so.59"): ("jellyfin-ffmpeg",),
        },
    )
    (found,) = resolve("libavcodec59", catalogue)
    assert isinstance(found, Unresolved)


@pytest.mark.parametrize(
    ("name", "path", "soname"),
    [
        pytest.param("libtiff5", "libtiff", "libtiff.so.5", id="another-number"),
        pytest.param("libtiff6", "libtiff", "", id="the-same-number"),
        pytest.param("libxml2", "libxml2", "", id="number-of-the-name"),
        pytest.param("libtiff5", "unknown", "", id="unknown-attribute"),
        pytest.param("libdb5.3", "db53", "", id="number-of-the-version"),
        pytest.param("jq", "jq", "", id="no-library"),
    ],
)
def test_sonames_that_an_attribute_does_not_have(name: str, path: str, soname: str) -> None:
    catalogue = FakeCatalogue(
        (
            attribute("libtiff", "4.7"),
            attribute("libxml2", "2.15"),
            attribute("db53", "5.3.28"),
            attribute("jq"),
        ),
        providers={
            ("soname", "libtiff.so"): ("libtiff",),
            ("soname", "libtiff.so.6"): ("libtiff",),
            ("soname", "libxml2.so"): ("libxml2",),
            ("soname", "libdb.so"): ("db53",),
        },
    )
    assert other_soname(catalogue, name, path) == soname


def test_the_score_that_counts_is_the_index_builders() -> None:
    assert SAME_VERSION == THRESHOLD


def test_equal_names_stay_equal() -> None:
    catalogue = FakeCatalogue((attribute("jq", "1.7", programs=("jq",)),))
    assert paths(resolve("jq", catalogue)) == [("jq", (), Origin.SAME_NAME)]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        pytest.param("python", Unresolved, id="interpreter"),
        pytest.param("python-dev", Unresolved, id="headers"),
        pytest.param("libpython2.7-dev", Unresolved, id="library"),
        pytest.param("python2.7", Unresolved, id="version"),
        pytest.param("python-requests", Unresolved, id="module"),
        pytest.param("python3", NixpkgsPackage, id="python-3"),
    ],
)
def test_python_2_is_not_taken_for_python_3(name: str, kind: Any) -> None:
    catalogue = FakeCatalogue(
        (attribute("python3", programs=("python", "python3")), attribute("python", programs=("python",))),
        providers={("pkgconfig", "python"): ("python3",), ("command", "python"): ("python3",)},
    )
    (found,) = resolve(name, catalogue)
    assert isinstance(found, kind)


def test_an_application_is_not_taken_from_a_python_set() -> None:
    catalogue = FakeCatalogue(
        (attribute("python313Packages.tool", main_program="tool"),),
        providers={("command", "tool"): ("python313Packages.tool",)},
    )
    (found,) = resolve("tool", catalogue)
    assert isinstance(found, Unresolved)
    assert found.candidates == ("python313Packages.tool",)


def test_another_version_of_a_library_is_no_answer() -> None:
    catalogue = FakeCatalogue((attribute("openssl"),), providers={("pkgconfig", "libssl"): ("openssl",)})
    assert isinstance(resolve("libssl1.0-dev", catalogue)[0], Unresolved)
    assert isinstance(resolve("libssl-dev", catalogue)[0], NixpkgsPackage)


def test_a_header_of_another_package_is_no_answer() -> None:
    catalogue = FakeCatalogue((attribute("gnulib"),), providers={("header", "gettext.h"): ("gnulib",)})
    assert isinstance(resolve("gettext-dev", catalogue)[0], Unresolved)


@pytest.mark.parametrize(
    ("known", "accepted"),
    [
        pytest.param(attribute("kubernetes", programs=("kubeadm", "kubelet")), True, id="called-somewhat-so"),
        pytest.param(attribute("talkfilters", programs=("chef", "kubelet")), False, id="called-otherwise"),
        pytest.param(attribute("kubelet-wrapper", programs=("kubelet",)), False, id="a-wrapper"),
        pytest.param(attribute("kubelet-client", programs=("kubelet",)), False, id="a-part"),
    ],
)
def test_the_only_holder_of_a_command(known: Attribute, accepted: bool) -> None:
    catalogue = FakeCatalogue((known,), providers={("command", "kubelet"): (known.path,)})
    assert isinstance(resolve("kubelet", catalogue)[0], NixpkgsPackage if accepted else Unresolved)
