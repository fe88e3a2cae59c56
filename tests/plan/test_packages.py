"""The package lists: what stands in them, once, and from which flake input."""

from __future__ import annotations

import pytest

from dock2nix.model.image import BaseImage
from dock2nix.model.packages import AttributePath, NixpkgsPackage, Origin, Requirement, Unresolved
from dock2nix.model.plan import LanguageEnvironment, PackageEntry, PackageSection, Remark
from dock2nix.model.steps import RequirementOutcome, ResolvedRequirement
from dock2nix.parse.references import image_reference
from dock2nix.plan.origins import Origins
from dock2nix.plan.packages import build_sections, package_sections
from fakes import place

NIXPKGS, BUILD_ONLY = RequirementOutcome.NIXPKGS, RequirementOutcome.BUILD_ONLY


def package(name: str, path: str, outputs: tuple[str, ...] = (), **fields: object) -> NixpkgsPackage:
    return NixpkgsPackage(
        requirement=Requirement(manager="apt", name=name, location=place()),
        attribute_path=AttributePath(path),
        outputs=outputs,
        origin=Origin.CURATED,
        evidence="",
        **fields,  # type: ignore[arg-type]
    )


def resolved(
    *packages: NixpkgsPackage, outcome: RequirementOutcome = NIXPKGS, manager: str = "apt", line: int = 2
) -> ResolvedRequirement:
    name = packages[0].requirement.name
    return ResolvedRequirement(
        stage=0,
        requirement=Requirement(manager=manager, name=name, location=place(line)),
        resolutions=packages,
        outcome=outcome,
    )


def base(interpreter: str, language: str = "python", packages: str = "") -> BaseImage:
    reference = image_reference("base")
    assert reference is not None
    return BaseImage(
        reference=reference,
        packages=tuple(AttributePath(path) for path in (packages or interpreter).split()),
        interpreter=AttributePath(interpreter),
        language=language,
    )


def shown(sections: tuple[PackageSection, ...]) -> list[str]:
    """Every entry in short: `nixos-23_11:curl.out # curl`, `php.withExtensions [redis]`, `# remark`."""
    return [_shown(entry) for section in sections for entry in section.entries]


def _shown(entry: object) -> str:
    match entry:
        case PackageEntry():
            path = f"{entry.source}:{entry.attribute_path}" if entry.source else entry.attribute_path
            arguments = f" {dict(entry.arguments)}" if entry.arguments else ""
            return f"{path}{'.' + entry.output if entry.output else ''}{arguments} # {entry.names}"
        case LanguageEnvironment():
            names = " ".join(name for name, _ in entry.packages)
            prefix = f"{entry.source}:" if entry.source else ""
            return f"{prefix}{entry.interpreter}.{entry.function} [{names}]"
        case Remark():
            return f"# {entry.text}"
        case _:
            return ""


def lists(*found: ResolvedRequirement, image: BaseImage | None = None, source: str = "") -> list[str]:
    return shown(package_sections(image, "1: FROM", (), found, Origins(source=source)))


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param([resolved(package("curl", "curl"))], ["curl # curl"], id="one"),
        pytest.param(
            [resolved(package("a", "x")), resolved(package("b", "x"))], ["x # a, b"], id="asked-for-twice"
        ),
        pytest.param(
            [resolved(package("a", "x")), resolved(package("b", "x"), line=3)],
            ["x # a"],
            id="asked-for-again-by-another-command",
        ),
        pytest.param(
            [resolved(package("libssl3", "openssl", ("out",)), package("openssl", "openssl"))],
            ["openssl # libssl3", "openssl.out # libssl3"],
            id="outputs",
        ),
        pytest.param(
            [resolved(package("gcc", "gcc", build_only=True), outcome=BUILD_ONLY)], [], id="for-building-only"
        ),
        pytest.param(
            [
                resolved(
                    package("libpq-dev", "libpq", ("dev",), build_only=True),
                    package("libpq-dev", "libpq"),
                    outcome=BUILD_ONLY,
                )
            ],
            ["libpq # libpq-dev (the library)"],
            id="library-of-headers",
        ),
        pytest.param(
            [resolved(package("x", "x", source="nixos-23_11"))],
            ["nixos-23_11:x # x"],
            id="from-an-old-release",
        ),
    ],
)
def test_entries(found: list[ResolvedRequirement], expected: list[str]) -> None:
    assert lists(*found) == expected


def test_what_is_unresolved_stays_visible() -> None:
    requirement = Requirement(manager="apt", name="x", specifier="=1", location=place())
    one = ResolvedRequirement(
        stage=0,
        requirement=requirement,
        resolutions=(Unresolved(requirement=requirement, reason="why", candidates=("y",)),),
        outcome=RequirementOutcome.UNRESOLVED,
        reason="why",
    )
    assert lists(one) == ["# UNRESOLVED x=1: why; similar: pkgs.y"]


def test_members_are_joined_with_what_they_belong_to_and_that_is_listed_once() -> None:
    found = (
        resolved(package("php-cli", "php")),
        resolved(package("php-redis", "phpExtensions.redis")),
        resolved(package("postgresql-15", "postgresql_15")),
        resolved(package("postgresql-15-postgis-3", "postgresql15Packages.postgis")),
        resolved(package("libdbi-perl", "perlPackages.DBI")),
        resolved(package("python3-yaml", "python3Packages.pyyaml")),
    )
    assert lists(*found) == [
        "php.withExtensions [redis]",
        "postgresql_15.withPackages [postgis]",
        "perl.withPackages [DBI]",
        "python3.withPackages [pyyaml]",
    ]


def test_an_interpreter_with_packages_takes_the_base_image_s_place() -> None:
    image = base("php83", "php", "bashInteractive php83")
    assert lists(resolved(package("php83-pecl-redis", "php83Extensions.redis")), image=image) == [
        "bashInteractive # ",
        "php83.withExtensions [redis]",
    ]


def test_packages_of_the_default_python_join_the_base_image_s_own() -> None:
    found = resolved(package("x", "python3Packages.x")), resolved(package("y", "python38Packages.y"))
    assert lists(*found, image=base("python38"), source="nixos-23_11") == [
        "nixos-23_11:python38.withPackages [x y]"
    ]


@pytest.mark.parametrize(
    ("name", "manager", "image", "source", "arguments"),
    [
        pytest.param("uwsgi", "apt", None, "", "", id="alone"),
        pytest.param("uwsgi", "pip", None, "", " {'plugins': ('python3',)}", id="by-pip"),
        pytest.param(
            "uwsgi-plugin-python3", "apt", None, "", " {'plugins': ('python3',)}", id="with-the-plugin"
        ),
        pytest.param(
            "uwsgi",
            "pip",
            base("python311", packages="bash"),
            "",
            " {'plugins': ('python3',), 'python3': 'python311'}",
            id="for-the-image-s-python",
        ),
        pytest.param(
            "uwsgi",
            "pip",
            base("python38", packages="bash"),
            "nixos-23_11",
            " {'plugins': ('python3',)}",
            id="an-old-release-has-another-uwsgi",
        ),
    ],
)
def test_uwsgi_gets_its_plugin_for_python(
    name: str, manager: str, image: BaseImage | None, source: str, arguments: str
) -> None:
    found = resolved(package(name, "uwsgi"), manager=manager)
    assert lists(found, image=image, source=source)[-1] == f"uwsgi{arguments} # {name}"


def test_what_builds_is_listed_apart_from_the_input_it_comes_from() -> None:
    found = (
        resolved(
            package("libpq-dev", "libpq", ("dev",), build_only=True),
            package("libpq-dev", "libpq"),
            outcome=BUILD_ONLY,
        ),
        resolved(
            package("python3-dev", "python39", build_only=True, source="nixos-25_05"), outcome=BUILD_ONLY
        ),
        resolved(package("jq", "jq")),
    )
    assert shown(build_sections((), found)) == ["libpq.dev # libpq-dev", "nixos-25_05:python39 # python3-dev"]
