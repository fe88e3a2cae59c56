"""nix/packages.nix as text."""

from __future__ import annotations

import pytest

from dock2nix.emit.render import render
from dock2nix.model.packages import AttributePath
from dock2nix.model.plan import JoinFunction, LanguageEnvironment, PackageEntry, PackageSection
from emit.plans import plan


def text(entry: PackageEntry | LanguageEnvironment) -> str:
    """The lines of the list that an entry is printed as."""
    section = PackageSection(title="2: apt-get install", entries=(entry,))
    lines = render(plan(sections=(section,)))["nix/packages.nix"].splitlines()
    start = lines.index("  # 2: apt-get install") + 1
    return "\n".join(line.removeprefix("  ") for line in lines[start : lines.index("]")])


def entry(path: str, **fields: object) -> PackageEntry:
    return PackageEntry(attribute_path=AttributePath(path), **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("package", "expected"),
    [
        pytest.param(entry("jq", names="jq"), "pkgs.jq # jq", id="plain"),
        pytest.param(entry("curl", output="dev", names="x"), "pkgs.curl.dev # x", id="output"),
        pytest.param(entry("jq", source="nixos-23_11"), "nixos-23_11.jq", id="old-release"),
        pytest.param(
            entry("uwsgi", names="uwsgi", arguments=(("plugins", ("python3", "php")),)),
            '(pkgs.uwsgi.override { plugins = [ "python3" "php" ]; }) # uwsgi',
            id="one-argument",
        ),
        pytest.param(
            entry(
                "uwsgi",
                names="uwsgi",
                source="old",
                arguments=(("plugins", ("a",)), ("python3", AttributePath("python311")), ("name", '"${x}')),
            ),
            "(old.uwsgi.override {\n"
            '  plugins = [ "a" ];\n'
            "  python3 = old.python311;\n"
            '  name = "\\"\\${x}";\n'
            "}) # uwsgi",
            id="several-arguments",
        ),
    ],
)
def test_a_package(package: PackageEntry, expected: str) -> None:
    assert text(package) == expected


def test_packages_are_joined_by_a_function_of_their_set() -> None:
    environment = LanguageEnvironment(
        interpreter=AttributePath("postgresql_15"),
        packages=(("postgis", "postgresql-15-postgis-3"), ("cron", "")),
    )
    assert text(environment) == (
        "(pkgs.postgresql_15.withPackages (ps: [\n  ps.postgis # postgresql-15-postgis-3\n  ps.cron\n]))"
    )


def test_extensions_are_added_to_those_that_are_switched_on() -> None:
    environment = LanguageEnvironment(
        interpreter=AttributePath("php81"),
        source="nixos-24_05",
        packages=(("imagick", "php-imagick"), ("redis", "php-redis\nevil")),
        function=JoinFunction.EXTENSIONS,
    )
    assert text(environment) == (
        "(nixos-24_05.php81.withExtensions (\n"
        "  { enabled, all }:\n"
        "  enabled\n"
        "  ++ [\n"
        "    all.imagick # php-imagick\n"
        "    all.redis # php-redis evil\n"
        "  ]\n"
        "))"
    )
