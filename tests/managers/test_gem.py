"""gem install: names of gems and of programs, and what has no part in a Nix build."""

from __future__ import annotations

import pytest

from dock2nix.catalogue.local import LocalCatalogue
from dock2nix.managers import gem
from dock2nix.managers.base import Setting
from dock2nix.managers.versions import version_satisfies
from dock2nix.model.packages import Action, AttributePath, InstallStep, NixpkgsPackage, NotNeeded, Unresolved
from fakes import FakeFiles, invocation, place


def parse(command: str) -> InstallStep:
    step = gem.parse_install(invocation(command), place(), FakeFiles())
    assert step is not None
    return step


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        pytest.param("gem install rack sinatra", ["rack", "sinatra"], id="names"),
        pytest.param("gem i rack", ["rack"], id="short"),
        pytest.param("gem install rack -v 3.1.8 --no-document", ["rack 3.1.8"], id="version"),
        pytest.param("gem install -N rack --version '~> 3.1'", ["rack ~> 3.1"], id="range"),
        pytest.param("gem install gollum:5.0.1 rack", ["gollum 5.0.1", "rack"], id="version in the name"),
        pytest.param("gem install --source https://gems.example rack", ["rack"], id="server"),
    ],
)
def test_install(command: str, expected: list[str]) -> None:
    step = parse(command)
    assert step.action is Action.INSTALL
    assert [f"{one.name}{one.specifier}" for one in step.requirements] == expected
    assert step.unknown == ()


@pytest.mark.parametrize(
    ("command", "action"),
    [
        pytest.param("gem update --system 3.4.22", Action.NOTHING, id="RubyGems itself"),
        pytest.param("gem sources --add https://gems.example", Action.NOTHING, id="servers"),
        pytest.param("gem list", Action.NOTHING, id="asked"),
        pytest.param("gem uninstall rack", Action.REMOVE, id="removed"),
        pytest.param("gem build x.gemspec", Action.OTHER, id="built"),
        pytest.param("gem push x.gem", Action.OTHER, id="published"),
    ],
)
def test_is_no_install(command: str, action: Action) -> None:
    assert parse(command).action is action


def test_words_that_are_no_names_are_told() -> None:
    assert len(parse("gem install 'a;b'").unknown) == 1


def resolved(command: str, interpreter: str = "ruby_3_4") -> list[str]:
    setting = Setting(
        interpreter=AttributePath(interpreter) if interpreter else None, language="ruby", own=True
    )
    found: list[str] = []
    for requirement in parse(command).requirements:
        for one in gem.resolve(requirement, LocalCatalogue(), setting):
            match one:
                case NixpkgsPackage():
                    found.append(one.attribute_path)
                case NotNeeded():
                    found.append("not needed")
                case Unresolved():
                    found.append(one.reason)
    return found


@pytest.mark.parametrize(
    ("command", "interpreter", "expected"),
    [
        pytest.param("gem install bundler:2.1.1", "ruby_3_4", "not needed", id="part of Ruby"),
        pytest.param("gem install sinatra", "ruby_3_4", "rubyPackages_3_4.sinatra", id="of the image's Ruby"),
        pytest.param("gem install sinatra", "", "rubyPackages.sinatra", id="of any Ruby"),
        pytest.param("gem install fastlane", "ruby_3_4", "fastlane", id="row"),
        pytest.param("gem install puppet-lint", "ruby_3_4", "puppet-lint", id="program"),
    ],
)
def test_resolves(command: str, interpreter: str, expected: str) -> None:
    assert resolved(command, interpreter) == [expected]


@pytest.mark.parametrize(
    ("command", "why"),
    [
        pytest.param("gem install earthquake", "has no earthquake: write it into a Gemfile", id="unknown"),
        pytest.param("gem install ./x-1.0.gem", "a gem by its file", id="file"),
    ],
)
def test_left_alone(command: str, why: str) -> None:
    (found,) = resolved(command)
    assert why in found


@pytest.mark.parametrize(
    ("specifier", "version", "expected"),
    [
        pytest.param(" 3.1.8", "3.1.8", True, id="the same"),
        pytest.param(" 3.1", "3.1.8", False, id="a version is a whole one"),
        pytest.param(" 3.1", "3.1.0", True, id="but for zeros"),
        pytest.param(" ~> 2.4", "2.7.2", True, id="below the next major"),
        pytest.param(" ~> 2.4.22", "2.7.2", False, id="below the next minor"),
        pytest.param(" ~> 2.4.22", "2.4.30", True, id="patch"),
        pytest.param(" >= 1, < 3", "2.7", True, id="between"),
        pytest.param(" >= 3", "2.7", False, id="too old"),
        pytest.param(" ~> x", "2.7", None, id="no version"),
    ],
)
def test_versions(specifier: str, version: str, *, expected: bool | None) -> None:
    assert version_satisfies("gem", specifier, version) is expected
