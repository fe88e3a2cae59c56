"""An old runtime comes from an old release, the tools around it do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dock2nix.model.image import BaseImage, ImageConfig
from dock2nix.model.packages import AttributePath, NixpkgsPackage, Origin, Requirement
from dock2nix.model.plan import PackageEntry
from dock2nix.model.steps import RequirementOutcome, ResolvedRequirement
from dock2nix.parse.references import image_reference
from dock2nix.plan.environment import image_environment
from dock2nix.plan.origins import Origins, current_packages
from dock2nix.plan.packages import package_sections
from fakes import FakeCatalogue, place

if TYPE_CHECKING:
    from dock2nix.model.dockerfile import ImageReference


def reference(text: str) -> ImageReference:
    found = image_reference(text)
    assert found is not None
    return found


def image(name: str, packages: str, channel: str = "", **env: str) -> BaseImage:
    return BaseImage(
        reference=reference(name),
        packages=tuple(AttributePath(path) for path in packages.split()),
        config=ImageConfig(env=tuple(env.items())),
        channel=channel,
    )


CATALOGUE = FakeCatalogue(
    images={
        "debian": image("debian", "bash tzdata.out"),
        "buildpack-deps": image("buildpack-deps", "bash git"),
    }
)
OLD = image("python:3.8", "bash git gosu python38 tzdata.out", "nixos-23.11", JAVA="@gosu@/x", TOOL="@git@")


def test_what_any_distribution_has_is_current() -> None:
    assert current_packages(OLD, CATALOGUE) == {"bash", "git", "tzdata.out"}


@pytest.mark.parametrize("base", [None, image("python:3.13", "bash python313")], ids=["unknown", "current"])
def test_without_an_old_release_nothing_is_told_apart(base: BaseImage | None) -> None:
    assert current_packages(base, CATALOGUE) == frozenset()


ORIGINS = Origins(source="nixos-23_11", current=current_packages(OLD, CATALOGUE))


def test_the_base_s_packages_come_from_where_they_are() -> None:
    (section,) = package_sections(OLD, "1: FROM", (), (), ORIGINS)
    found = {
        str(entry.attribute_path): entry.source
        for entry in section.entries
        if isinstance(entry, PackageEntry)
    }
    assert found == {
        "bash": "",
        "git": "",
        "gosu": "nixos-23_11",
        "python38": "nixos-23_11",
        "tzdata.out": "",
    }


def test_variables_name_packages_where_they_come_from() -> None:
    wanted = Requirement(manager="apt", name="locales", location=place(2))
    locales = NixpkgsPackage(
        requirement=wanted,
        attribute_path=AttributePath("glibcLocales"),
        origin=Origin.CURATED,
        evidence="",
        environment=(("LOCALE_ARCHIVE", "@glibcLocales@/lib"),),
    )
    installed = ResolvedRequirement(
        stage=0, requirement=wanted, resolutions=(locales,), outcome=RequirementOutcome.NIXPKGS
    )
    variables = image_environment(OLD, 1, (installed,), (), ORIGINS.of)
    assert {variable.name: variable.source for variable in variables} == {
        "PATH": "",
        "JAVA": "nixos-23_11",
        "TOOL": "",
        "LOCALE_ARCHIVE": "",
    }
