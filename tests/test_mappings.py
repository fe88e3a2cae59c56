"""The data in mappings/*.toml: its form, and that nixpkgs has what the rows promise."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from re import _parser  # type: ignore[attr-defined]
from time import perf_counter
from typing import TYPE_CHECKING, Any

import pytest

from dock2nix.catalogue.index import PackageIndex
from dock2nix.catalogue.mappings import Mappings
from dock2nix.catalogue.noops import ANY_PROGRAM, NoOps
from dock2nix.folders import data_folder

if TYPE_CHECKING:
    from dock2nix.catalogue.base import Attribute, CuratedPackage

TABLES = ("apk", "apt", "commands", "dnf", "gem", "go", "npm", "php", "pip", "zypper")
LEAST_NAMES = {
    "apk": 200,
    "apt": 400,
    "commands": 150,
    "dnf": 150,
    "gem": 4,
    "go": 4,
    "npm": 50,
    "php": 40,
    "pip": 50,
    "zypper": 50,
}
# The sets of the standard environment, which are no packages and in no index.
OF_STDENV = frozenset({"stdenv.cc", "stdenv.cc.cc"})
ROW = re.compile(r'(?:(?P<bare>[A-Za-z0-9_-]+)|"(?P<quoted>[^"\\]+)") = \S.*')
REFERENCE = re.compile(r"@([^@]*)@")


@cache
def mappings() -> Mappings:
    return Mappings.load()


@cache
def index() -> PackageIndex:
    return PackageIndex.open()


@cache
def attribute(path: str) -> Attribute | None:
    return index().attribute(path)


@cache
def raw(table: str) -> tuple[str, dict[str, Any]]:
    text = (data_folder("mappings") / f"{table}.toml").read_text(encoding="utf-8")
    return text, tomllib.loads(text)


@cache
def rows(table: str) -> tuple[CuratedPackage, ...]:
    found = (mappings().curated(table, name) for name in mappings().names(table))
    return tuple(row for row in found if row is not None)


def rows_as_written(table: str) -> list[str]:
    head = raw(table)[0].partition("\n[[rules]]")[0]
    return head.partition("\n[packages]\n")[2].splitlines()


# --- form --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", TABLES)
def test_each_package_has_one_line(table: str) -> None:
    found = [ROW.fullmatch(line) for line in rows_as_written(table) if line and not line.startswith("#")]
    assert None not in found
    keys = [match["bare"] or match["quoted"] for match in found if match]
    assert keys == list(raw(table)[1]["packages"])


@pytest.mark.parametrize("table", TABLES)
def test_names_are_sorted(table: str) -> None:
    names = list(raw(table)[1]["packages"])
    assert names == sorted(names)


@pytest.mark.parametrize("table", TABLES)
def test_table_holds_at_least_the_promised_number_of_names(table: str) -> None:
    assert len(mappings().names(table)) >= LEAST_NAMES[table]


@pytest.mark.parametrize("table", TABLES)
def test_every_row_is_found_and_well_formed(table: str) -> None:
    assert tuple(row.name for row in rows(table)) == mappings().names(table)


@pytest.mark.parametrize("table", TABLES)
def test_no_reason_ends_with_a_stop_or_begins_with_a_word_that_marks_its_origin(table: str) -> None:
    bad = [row.name for row in rows(table) if re.search(r"^(?:rule|override)\b|\.$|^\s|\s$", row.reason)]
    assert bad == []


@pytest.mark.parametrize("table", ["npm", "pip"])
def test_names_are_spelled_as_requirements_are(table: str) -> None:
    spelled = (
        r"[a-z0-9]+(?:-[a-z0-9]+)*(?:\[[a-z0-9]+\])?" if table == "pip" else r"(?:@[a-z0-9-]+/)?[a-z0-9.-]+"
    )
    assert [name for name in mappings().names(table) if not re.fullmatch(spelled, name)] == []


def test_every_package_of_the_commands_has_the_command() -> None:
    missing = [
        f"{row.name}: {path}"
        for row in rows("commands")
        for path, _ in row.attributes
        if (known := attribute(path)) is not None
        and known.path not in {found.path for found in index().providers("command", row.name)}
    ]
    assert missing == []


# --- against the index -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", TABLES)
def test_every_attribute_is_in_the_index_or_marked(table: str) -> None:
    missing = [
        f"{row.name}: {path}"
        for row in rows(table)
        if not (row.unfree or row.unindexed)
        for path, _ in row.attributes
        if path not in OF_STDENV and attribute(path) is None
    ]
    assert missing == []


@pytest.mark.parametrize("table", TABLES)
def test_no_attribute_is_marked_that_the_index_has(table: str) -> None:
    needless = [
        f"{row.name}: {path}"
        for row in rows(table)
        if row.unfree or row.unindexed
        for path, _ in row.attributes
        if attribute(path) is not None
    ]
    assert needless == []


@pytest.mark.parametrize("table", TABLES)
def test_every_output_exists(table: str) -> None:
    missing = [
        f"{row.name}: {path} has {', '.join(known.outputs)}, not {', '.join(outputs)}"
        for row in rows(table)
        for path, outputs in row.attributes
        if (known := attribute(path)) and not set(outputs) <= set(known.outputs)
    ]
    assert missing == []


@pytest.mark.parametrize("table", TABLES)
def test_headers_are_taken_from_the_dev_output_where_there_is_one(table: str) -> None:
    forgotten = [
        f"{row.name}: {path}"
        for row in rows(table)
        if row.name.endswith(("-dev", "-devel")) and not row.reason
        for path, outputs in row.attributes
        if (known := attribute(path)) and "dev" in known.outputs and outputs != ("dev",)
    ]
    assert forgotten == []


@pytest.mark.parametrize("table", TABLES)
def test_packages_named_in_variables_exist_in_the_index(table: str) -> None:
    values = {value for row in rows(table) for _, value in row.environment}
    paths = {path for value in values for path in REFERENCE.findall(value)}
    assert {path for path in paths if attribute(path) is None} == set()


# --- content -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "name", "attributes"),
    [
        pytest.param("apt", "curl", ["curl"], id="same-name"),
        pytest.param("apt", "build-essential", ["stdenv.cc", "gnumake"], id="one-to-many"),
        pytest.param("apt", "libssl3", ["openssl^out"], id="library-beside-bin"),
        pytest.param("apt", "libssl-dev", ["openssl^dev"], id="headers"),
        pytest.param("apt", "libstdc++6", ["stdenv.cc.cc^lib"], id="library-of-the-compiler"),
        pytest.param("apt", "libpq5", ["libpq"], id="library"),
        pytest.param("apt", "postgresql-client", ["postgresql"], id="client"),
        pytest.param("apt", "netcat-openbsd", ["netcat-openbsd"], id="one-of-several-programs"),
        pytest.param("apt", "python3-yaml", ["python3Packages.pyyaml"], id="python-package"),
        pytest.param("apk", "build-base", ["stdenv.cc", "gnumake"], id="alpine-one-to-many"),
        pytest.param("apk", "postgresql-dev", ["libpq^dev"], id="alpine-headers"),
        pytest.param("apk", "su-exec", ["su-exec"], id="alpine-same-name"),
        pytest.param("dnf", "httpd", ["apacheHttpd"], id="fedora-other-name"),
        pytest.param("dnf", "openssl-devel", ["openssl^dev"], id="fedora-headers"),
        pytest.param("dnf", "bind-utils", ["dnsutils"], id="fedora-tools"),
        pytest.param("zypper", "libopenssl-devel", ["openssl^dev"], id="suse-headers"),
        pytest.param("zypper", "gcc-c++", ["gcc"], id="suse-inherits-fedora"),
        pytest.param(
            "pip", "bs4", ["python3Packages.beautifulsoup4"], id="distribution-that-asks-for-another"
        ),
        pytest.param("npm", "less", ["lessc"], id="npm-package-of-another-name"),
    ],
)
def test_well_known_names(table: str, name: str, attributes: list[str]) -> None:
    row = mappings().curated(table, name)
    assert row is not None
    assert [f"{path}^{','.join(outputs)}".rstrip("^") for path, outputs in row.attributes] == attributes


@pytest.mark.parametrize(
    ("table", "name"),
    [
        pytest.param("apt", "apt-transport-https", id="apt"),
        pytest.param("apt", "software-properties-common", id="package-sources"),
        pytest.param("apt", "libc6", id="c-library"),
        pytest.param("apk", "libc6-compat", id="musl"),
        pytest.param("dnf", "epel-release", id="repository"),
        pytest.param("pip", "pip", id="installer"),
    ],
)
def test_names_that_mean_nothing_have_a_reason(table: str, name: str) -> None:
    row = mappings().curated(table, name)
    assert row is not None
    assert row.not_needed
    assert row.reason


@pytest.mark.parametrize("name", ["gnupg", "gnupg2", "gpg", "gpg-agent", "dirmngr"])
def test_gnupg_is_kept_only_where_gpg_is_used(name: str) -> None:
    row = mappings().curated("apt", name)
    assert row is not None
    assert "gpg" in row.keep_with
    assert [path for path, _ in row.attributes] == ["gnupg"]


# --- rules -------------------------------------------------------------------------------------------------------------------

RULES = [
    pytest.param(table, rule, id=f"{table}:{rule.examples[0]}")
    for table in TABLES
    for rule in Mappings.load().rules(table)
    if table != "zypper" or not rule.where.startswith(str(data_folder("mappings") / "dnf.toml"))
]


@pytest.mark.parametrize(("table", "rule"), RULES)
def test_examples_of_a_rule_resolve_by_it_to_attributes_of_the_index(table: str, rule: Any) -> None:
    for example in rule.examples:
        assert mappings().curated(table, example) is None, f"{example} has a row: the rule is never asked"
        found = mappings().rule(table, example, index())
        assert found is not None, example
        assert found.reason.startswith(f"rule for names like {rule.examples[0]}"), example
        marked = found.unfree or found.unindexed
        assert [path for path, _ in found.attributes if not marked and attribute(path) is None] == []


@pytest.mark.parametrize(("table", "rule"), RULES)
def test_pattern_takes_linear_time(table: str, rule: Any) -> None:
    del table
    assert nested_repeats(_parser.parse(rule.pattern)) == 0
    start = perf_counter()
    for letter in "a0-._A(":
        rule.match(rule.examples[0] + letter * 200 + "!")
        rule.match(letter * 200 + "!")
    assert perf_counter() - start < 0.2


def nested_repeats(pattern: Any, inside: bool = False) -> int:
    """How many repetitions stand inside a repetition, which is what makes matching exponential."""
    count = 0
    for operation, argument in pattern:
        repeated = "REPEAT" in str(operation) and argument[1] > 1
        count += repeated and inside
        count += sum(nested_repeats(part, inside or repeated) for part in parts_of(argument))
    return count


def parts_of(argument: Any) -> list[Any]:
    if isinstance(argument, _parser.SubPattern):
        return [argument]
    if isinstance(argument, list | tuple):
        return [part for item in argument for part in parts_of(item)]
    return []


@pytest.mark.parametrize(
    ("pattern", "count"),
    [
        pytest.param("a+b*", 0, id="one-behind-the-other"),
        pytest.param("(?:a+)?", 0, id="inside-an-option"),
        pytest.param("(?:a+)+", 1, id="nested"),
        pytest.param("(?:x|(?P<v>a{2,9})b){3}", 1, id="nested-in-a-branch"),
    ],
)
def test_nested_repetitions_are_seen(pattern: str, count: int) -> None:
    assert nested_repeats(_parser.parse(pattern)) == count


@pytest.mark.parametrize(
    ("table", "name", "expected"),
    [
        pytest.param("apt", "openjdk-17-jdk", "jdk17", id="jdk"),
        pytest.param("apt", "postgresql-client-15", "postgresql_15", id="postgresql"),
        pytest.param("apt", "php8.2-curl", "php82", id="php-extension-that-is-on"),
        pytest.param("apt", "php8.3-redis", "php83Extensions.redis", id="php-extension"),
        pytest.param("apt", "libboost-filesystem-dev", "boost^dev", id="boost"),
        pytest.param("apt", "llvm-18", "llvm_18", id="llvm"),
        pytest.param("apk", "py3-requests", "python3Packages.requests", id="alpine-python"),
        pytest.param("apk", "so:libz.so.1", "zlib", id="alpine-library"),
        pytest.param("apk", "php84-pecl-imagick", "php84Extensions.imagick", id="alpine-php"),
        pytest.param("apk", "xz-dev", None, id="a-name-with-a-row-is-not-asked"),
        pytest.param("dnf", "java-17-openjdk-devel", "jdk17", id="fedora-jdk"),
        pytest.param("dnf", "pkgconfig(libcurl)", "curl^dev", id="fedora-pkgconfig"),
        pytest.param("dnf", "perl(JSON::XS)", "perlPackages.JSONXS", id="fedora-perl"),
        pytest.param("dnf", "/usr/bin/envsubst", "gettext", id="fedora-command"),
        pytest.param("apt", "openjdk-9-jre", None, id="version-that-nixpkgs-has-not"),
        pytest.param("apt", "php8.2-doesnotexist", None, id="extension-that-nixpkgs-has-not"),
        pytest.param("apt", "python3-twitter", None, id="name-that-means-another-distribution"),
    ],
)
def test_well_known_forms(table: str, name: str, expected: str | None) -> None:
    found = None if mappings().curated(table, name) else mappings().rule(table, name, index())
    first = (
        [f"{path}^{','.join(outputs)}".rstrip("^") for path, outputs in found.attributes] if found else [None]
    )
    assert first[0] == expected


# --- commands without effect -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "apt-get update",
        "apt-get -qq -o Acquire::Retries=3 update",
        "apt-get clean",
        "apt-get dist-clean",
        "apt-get autoremove -y --purge",
        "apt-get upgrade -y",
        "apt-mark showmanual",
        "apt-key adv --keyserver hkp://example.org --recv-keys 0123",
        "add-apt-repository -y ppa:user/name",
        "apk update",
        "yum clean all",
        "yum -y update",
        "dnf clean all --enablerepo=*",
        "dpkg --print-architecture",
        "rm -rf /var/lib/apt/lists/*",
        "rm -rf /var/cache/apk/* /tmp/* /var/tmp/*",
        "rm -rf /root/.cache /usr/share/doc/* /var/log/*",
        "mkdir -p /etc/apt/keyrings",
        "chmod a+r /etc/apt/keyrings/docker.gpg",
        "install -m 0755 -d /etc/apt/keyrings",
        "gpg --dearmor -o /usr/share/keyrings/docker.gpg",
        "curl -fsSL https://example.org/key -o /etc/apt/keyrings/docker.asc",
        "sed -i s/http:/https:/ /etc/apt/sources.list",
        "tee /etc/apt/sources.list.d/docker.list",
        "npm cache clean --force",
        "pip cache purge",
        "yarn cache clean",
        "gpgconf --kill all",
        "ldconfig",
        "update-ca-certificates",
        "locale-gen en_US.UTF-8",
        "set -eux",
        "true",
        ":",
        "sync",
        "echo done",
        "ls -la /srv",
        "cat /etc/os-release",
        "grep -q x /etc/passwd",
        "which python3",
        "command -v gpg",
        "[ -d /srv ]",
        "java -version",
        "node -v",
        "python3 --version",
        "go version",
        "umask 022",
        "date +%s",
        "uname",
        "nproc",
    ],
)
def test_command_without_effect(line: str) -> None:
    program, *arguments = line.split()
    assert mappings().no_op(program, tuple(arguments))


@pytest.mark.parametrize(
    "line",
    [
        "apt-get install curl",
        "apt-get purge gcc",
        "apt-get build-dep curl",
        "apk add curl",
        "apk del .build-deps",
        "dpkg -i app.deb",
        "dnf install update",
        "rpm -i app.rpm",
        "rpm --import key -i app.rpm",
        "pip install flask",
        "npm install",
        "npm run build",
        "rm -rf /srv/app",
        "rm -rf /tmp/app",
        "rm -rf /var/cache/../lib/app",
        "rm -f /etc/nginx/conf.d/default.conf",
        "mkdir -p /var/cache/nginx",
        "mkdir -p /etc/nginx",
        "chmod 755 /usr/local/bin/app",
        "install -m 755 app /usr/local/bin",
        "tee /etc/app.conf",
        "sed -i s/a/b/ /etc/app.conf",
        "sed s/a/b/ app.conf",
        "curl -fsSLO https://example.org/app.tar.gz",
        "curl -fsSL https://example.org/app.tar.gz",
        "wget https://example.org/app.tar.gz",
        "gpg --import key",
        "git clone https://example.org/app",
        "umask 077",
        "ldconfig -r /mnt",
        "sort -o out in",
        "systemctl enable app",
        "update-alternatives --set editor /usr/bin/vim",
        "python3 setup.py --version install",
        "useradd app",
        "exit 1",
        "unknown-program",
    ],
)
def test_command_that_may_have_an_effect(line: str) -> None:
    program, *arguments = line.split()
    assert mappings().no_op(program, tuple(arguments)) is None


def test_own_certificates_make_gathering_them_an_effect() -> None:
    own = ("/usr/local/share/ca-certificates/own.crt",)
    assert mappings().no_op("update-ca-certificates", (), own) is None


@pytest.mark.parametrize(
    ("path", "known"),
    [
        pytest.param("/etc/apt/sources.list.d/docker.list", True, id="package-source"),
        pytest.param("/etc/yum.repos.d/docker.repo", True, id="package-source-of-dnf"),
        pytest.param("/etc/apk/repositories", True, id="package-source-of-apk"),
        pytest.param("/usr/share/keyrings/docker.gpg", True, id="key"),
        pytest.param("/etc/app.conf", False, id="a-path-that-matters"),
        pytest.param("/tmp/app.sh", False, id="a-temporary-file-may-be-used"),
        pytest.param("/root/.cache/model.bin", False, id="a-cache-may-be-wanted"),
    ],
)
def test_paths_that_may_be_written(path: str, known: bool) -> None:
    assert (mappings().no_op_path(path) is not None) == known


def test_rows_of_one_program_differ() -> None:
    commands = NoOps.from_tables(raw("no-ops")[1], "no-ops.toml").commands
    seen = [(name, *(getattr(row, field) for field in ("arguments", "any_option", "path_options", "last", "paths", "skip", "no_option", "more")))
            for row in commands for name in row.programs if name != ANY_PROGRAM]  # fmt: skip
    assert len(seen) == len(set(seen))
