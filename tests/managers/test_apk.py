"""apk."""

from __future__ import annotations

from typing import Any

import pytest

from dock2nix.managers import apk
from dock2nix.managers.base import Setting
from dock2nix.model.packages import Action, InstallStep, NixpkgsPackage, Requirement, Unresolved
from fakes import FakeCatalogue, FakeFiles, attribute, invocation, place, row


def parse(command: str) -> InstallStep:
    step = apk.parse_install(invocation(command), place(), FakeFiles())
    assert step is not None
    return step


def names(step: InstallStep) -> list[Any]:
    return [requirement.name + requirement.specifier for requirement in step.requirements]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        pytest.param("apk add curl jq", ["curl", "jq"], id="plain"),
        pytest.param("apk --no-cache add curl", ["curl"], id="options-first"),
        pytest.param("apk add -U --no-cache curl", ["curl"], id="options-behind"),
        pytest.param("apk add --virtual .deps gcc", ["gcc"], id="group-is-no-package"),
        pytest.param("apk add -t .deps gcc", ["gcc"], id="short-group"),
        pytest.param("apk add --virtual=.deps gcc", ["gcc"], id="attached-group"),
        pytest.param("apk add -X http://host/edge/main curl", ["curl"], id="repository-is-no-package"),
        pytest.param("apk add --repository=http://host/x curl", ["curl"], id="attached-repository"),
        pytest.param("apk -p /rootfs --arch x86_64 add curl", ["curl"], id="root-and-architecture"),
        pytest.param(
            "apk add python3=3.12.8-r1 'nodejs~=20' 'go>1.20'",
            ["python3=3.12.8-r1", "nodejs~=20", "go>1.20"],
            id="versions",
        ),
        pytest.param("apk add 'nodejs<21' nginx~1.26", ["nodejs<21", "nginx~1.26"], id="more-versions"),
        pytest.param("apk add chromium@edge", ["chromium"], id="tagged-repository"),
        pytest.param("apk add chromium=1@edge", ["chromium=1"], id="version-and-tag"),
        pytest.param(
            "apk add so:libssl.so.3 cmd:bash pc:zlib",
            ["so:libssl.so.3", "cmd:bash", "pc:zlib"],
            id="provided",
        ),
        pytest.param(
            "apk add py3-pip gtk+3.0 c++utilities", ["py3-pip", "gtk+3.0", "c++utilities"], id="plus"
        ),
    ],
)
def test_install(command: str, expected: object) -> None:
    step = parse(command)
    assert step.action is Action.INSTALL
    assert names(step) == expected
    assert step.unknown == ()


@pytest.mark.parametrize(
    ("command", "group"),
    [
        pytest.param("apk add --no-cache --virtual .deps gcc", ".deps", id="virtual"),
        pytest.param("apk add -t.deps gcc", ".deps", id="attached"),
        pytest.param("apk add gcc", "", id="none"),
    ],
)
def test_group(command: str, group: str) -> None:
    assert parse(command).group == group


def test_removal_names_groups_like_packages() -> None:
    step = parse("apk del --no-network .deps gcc")
    assert step.action is Action.REMOVE
    assert names(step) == [".deps", "gcc"]


@pytest.mark.parametrize(
    ("command", "action"),
    [
        pytest.param("apk update", Action.NOTHING, id="update"),
        pytest.param("apk upgrade --no-cache", Action.NOTHING, id="upgrade"),
        pytest.param("apk cache clean", Action.NOTHING, id="cache"),
        pytest.param("apk info -vv", Action.NOTHING, id="info"),
        pytest.param("apk --print-arch", Action.NOTHING, id="architecture"),
        pytest.param("apk add --initdb --root /rootfs", Action.NOTHING, id="empty-database"),
        pytest.param("apk add -s curl", Action.NOTHING, id="simulation"),
        pytest.param("apk add --virtual .empty", Action.NOTHING, id="empty-group"),
        pytest.param("apk fetch curl", Action.OTHER, id="fetch"),
        pytest.param("apk add", Action.OTHER, id="no-names"),
        pytest.param("apk frobnicate", Action.OTHER, id="unknown-verb"),
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
        pytest.param("$DEPS", "is not set", id="unknown-value"),
        pytest.param("'php8*'", "a pattern", id="glob"),
        pytest.param("a,b", "is not an Alpine package name", id="comma"),
    ],
)
def test_words_that_are_no_package(word: str, reason: str) -> None:
    step = parse(f"apk add curl {word}")
    assert names(step) == ["curl"]
    assert [reason in unknown.reason for unknown in step.unknown] == [True]


def test_a_conflict_is_kept_apart() -> None:
    step = parse("apk add curl '!wget'")
    assert names(step) == ["curl"]
    assert step.options == ("!wget",)


def test_a_local_file_is_a_direct_reference() -> None:
    (found,) = parse("apk add --allow-untrusted /tmp/glibc-2.35-r1.apk").requirements
    assert (found.name, found.specifier, found.url) == ("glibc", "=2.35-r1", "/tmp/glibc-2.35-r1.apk")


@pytest.mark.parametrize(
    ("command", "codes"),
    [
        pytest.param("apk add --allow-untrusted x.apk", ["D2N504"], id="untrusted"),
        pytest.param("apk add -X http://host/x y", ["D2N506"], id="repository"),
        pytest.param("apk add --repository http://host/x y", ["D2N506"], id="long-repository"),
        pytest.param("apk add --root /rootfs y", ["D2N307"], id="another-root"),
        pytest.param("apk add --root / y", [], id="the-root-itself"),
        pytest.param("apk add y", [], id="plain"),
    ],
)
def test_risks_are_reported(command: str, codes: list[str]) -> None:
    assert [problem[0] for problem in parse(command).problems] == codes


# --- resolution --------------------------------------------------------------------------------------------------------------


def resolve(name: str, catalogue: FakeCatalogue) -> tuple[Any, ...]:
    return apk.resolve(Requirement(manager="apk", name=name, location=place()), catalogue, Setting())


def test_a_curated_row_comes_first() -> None:
    catalogue = FakeCatalogue(
        (attribute("gcc"),), curated={"apk": (row("build-base", "stdenv.cc", "gnumake"),)}
    )
    assert [found.attribute_path for found in resolve("build-base", catalogue)] == ["stdenv.cc", "gnumake"]


def test_development_files_are_found_by_pkgconfig() -> None:
    catalogue = FakeCatalogue(
        (attribute("libxml2", outputs=("dev", "out")),),
        providers={("pkgconfig", "libxml2"): ("libxml2 dev",)},
    )
    (found,) = resolve("libxml2-dev", catalogue)
    assert isinstance(found, NixpkgsPackage)
    assert (found.attribute_path, found.outputs, found.build_only) == ("libxml2", ("dev",), True)


def test_a_name_without_evidence_stays_unresolved() -> None:
    (found,) = resolve("openldap-clients", FakeCatalogue((attribute("openldap"),)))
    assert isinstance(found, Unresolved)
