"""PHP's extensions: docker-php-ext-*, pecl, install-php-extensions."""

from __future__ import annotations

import pytest

from dock2nix.catalogue.local import LocalCatalogue
from dock2nix.managers import php
from dock2nix.managers.base import Setting
from dock2nix.managers.versions import version_satisfies
from dock2nix.model.packages import Action, AttributePath, InstallStep, NixpkgsPackage, NotNeeded, Unresolved
from fakes import FakeFiles, invocation, place


def parse(command: str) -> InstallStep:
    step = php.parse_install(invocation(command), place(), FakeFiles())
    assert step is not None
    return step


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        pytest.param("docker-php-ext-install gd pdo_mysql", ["gd", "pdo_mysql"], id="of PHP's source"),
        pytest.param("docker-php-ext-install -j 4 gd", ["gd"], id="count of jobs"),
        pytest.param("docker-php-ext-install -j4 gd", ["gd"], id="count of jobs in one word"),
        pytest.param("docker-php-ext-enable --ini-name 0-apc.ini apcu", ["apcu"], id="name of the settings"),
        pytest.param("docker-php-ext-enable /usr/lib/php/redis.so", ["redis"], id="file"),
        pytest.param("pecl install -f redis-5.3.7 APCu", ["redis-5.3.7", "apcu"], id="pecl"),
        pytest.param("pecl install xdebug-stable", ["xdebug"], id="stable is any"),
        pytest.param(
            "pecl install --configureoptions 'enable-redis-zstd=\"yes\"' redis",
            ["redis"],
            id="options of the build",
        ),
        pytest.param(
            "install-php-extensions gd redis-^5 @composer-2",
            ["gd", "redis-^5", "@composer-2"],
            id="installer",
        ),
    ],
)
def test_install(command: str, expected: list[str]) -> None:
    step = parse(command)
    assert step.action is Action.INSTALL
    assert [f"{one.name}{one.specifier}" for one in step.requirements] == expected
    assert {one.manager for one in step.requirements} == {"php"}
    assert step.unknown == ()


@pytest.mark.parametrize(
    ("command", "action"),
    [
        pytest.param("docker-php-ext-configure gd --with-jpeg", Action.NOTHING, id="configured"),
        pytest.param("docker-php-source extract", Action.NOTHING, id="source"),
        pytest.param("pecl channel-update pecl.php.net", Action.NOTHING, id="channel"),
        pytest.param("pecl list", Action.NOTHING, id="asked"),
        pytest.param("pecl uninstall redis", Action.REMOVE, id="removed"),
        pytest.param("pecl download redis", Action.OTHER, id="downloaded"),
        pytest.param("pear install Mail", Action.OTHER, id="pear"),
    ],
)
def test_is_no_install(command: str, action: Action) -> None:
    step = parse(command)
    assert step.action is action
    assert step.reason or action is Action.REMOVE


@pytest.mark.parametrize(
    "command",
    [
        pytest.param("docker-php-ext-install gd;x", id="word of a strange form"),
        pytest.param("pecl install 'a b'/c", id="pecl"),
    ],
)
def test_words_that_are_no_names_are_told(command: str) -> None:
    assert len(parse(command).unknown) == 1


def resolved(command: str, interpreter: str = "php83", channel: str = "") -> list[str]:
    setting = Setting(
        interpreter=AttributePath(interpreter) if interpreter else None,
        language="php",
        own=True,
        channel=channel,
    )
    found = []
    for requirement in parse(command).requirements:
        for one in php.resolve(requirement, LocalCatalogue(), setting):
            match one:
                case NixpkgsPackage():
                    found.append(
                        f"{one.source}:{one.attribute_path}" if one.source else str(one.attribute_path)
                    )
                case NotNeeded():
                    found.append("not needed")
                case Unresolved():
                    found.append(one.reason)
    return found


@pytest.mark.parametrize(
    ("command", "setting", "expected"),
    [
        pytest.param("docker-php-ext-install gd opcache", {}, ["not needed", "not needed"], id="on already"),
        pytest.param("pecl install redis", {}, ["php83Extensions.redis"], id="of the image's PHP"),
        pytest.param(
            "pecl install redis", {"interpreter": ""}, ["phpExtensions.redis"], id="of nixpkgs' PHP"
        ),
        pytest.param(
            "pecl install mcrypt", {}, ["php83Extensions of nixpkgs has no mcrypt"], id="not in nixpkgs"
        ),
        pytest.param(
            "pecl install redis",
            {"interpreter": "php74", "channel": "nixos-22.05"},
            ["nixos-22_05:php74Extensions.redis"],
            id="of an old release",
        ),
        pytest.param(
            "pecl install redis",
            {"interpreter": "php72", "channel": "nixos-20.03"},
            ["nixos-20.03 has no php72.withExtensions: the extensions of its PHP cannot be chosen"],
            id="of a release without sets",
        ),
        pytest.param("install-php-extensions @composer", {}, ["php83Packages.composer"], id="tool"),
    ],
)
def test_what_stands_for_an_extension(command: str, setting: dict[str, str], expected: list[str]) -> None:
    assert resolved(command, **setting) == expected


def test_a_source_somewhere_is_left_to_a_human() -> None:
    assert "php.buildPecl" in resolved("pecl install https://example.org/x-1.0.tgz")[0]
    assert "php.buildPecl" in resolved("install-php-extensions php/x@1.0")[0]


@pytest.mark.parametrize(
    ("specifier", "version", "expected"),
    [
        pytest.param("-5.3.7", "6.3.0", False, id="other"),
        pytest.param("-6.3", "6.3.0", True, id="beginning"),
        pytest.param("-^6", "6.3.0", True, id="range"),
        pytest.param("-beta", "6.3.0", None, id="state"),
    ],
)
def test_versions_of_pecl(specifier: str, version: str, expected: bool | None) -> None:
    assert version_satisfies("php", specifier, version) is expected
