"""The loader of the mapping tables: rows, rules, the user's rows on top, and what it says of malformed rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pytest

from dock2nix.catalogue.base import Attribute, CuratedPackage, Provider
from dock2nix.catalogue.mappings import Mappings
from dock2nix.errors import UsageError
from dock2nix.model.packages import AttributePath

if TYPE_CHECKING:
    from pathlib import Path

TABLE = """# a table

[packages]
apt-transport-https = { not_needed = "apt speaks https" }
"aspnetcore-runtime-8.0" = "dotnet-aspnetcore"
build-essential = { attributes = ["stdenv.cc", "gnumake"], build_only = true }
curl = "curl"
"g++" = ["gcc", "binutils"]
gpg = { attribute = "gnupg", keep_with = ["gpg"], reason = "for keys" }
libpq-dev = { attribute = "libpq", outputs = ["dev"], build_only = true }
musl-tools = ["musl^bin,dev"]
terraform = { attribute = "terraform", unfree = true }
tzdata = { attribute = "tzdata", environment = { TZDIR = "@tzdata@/share/zoneinfo" } }

[[rules]]
pattern = 'openjdk-(?P<v>11|17)-jre'
examples = ["openjdk-17-jre"]
attribute = "jdk{v}"
reason = "no JRE alone"

[[rules]]
pattern = 'php8\\.(?P<v>[23])-(?P<x>[a-z]+)'
examples = ["php8.2-redis"]
attribute = "php8{v}Extensions.{x}"
if_indexed = true

[[rules]]
pattern = 'python3-(?P<x>[A-Za-z0-9_.-]{2,80})'
examples = ["python3-requests"]
provider = "python:{x}"

[[rules]]
pattern = 'perl-(?P<x>[A-Z][A-Za-z-]{1,80})'
examples = ["perl-Try-Tiny"]
provider = "perl:{x}"

[[rules]]
pattern = 'linux-image-[a-z0-9-]{1,40}'
examples = ["linux-image-amd64"]
not_needed = "the host's kernel"

[[rules]]
pattern = '(?P<x>[a-z0-9-]{2,80})-dev'
examples = ["curl-dev"]
of = "{x}"
outputs = ["dev"]
build_only = true

[[rules]]
pattern = 'so:(?P<x>[a-z.0-9]{3,40})'
examples = ["so:libcurl.so.4"]
provider = "soname:{x}"
"""


class SmallIndex:
    """An index with a handful of attributes."""

    ATTRIBUTES: ClassVar = {
        "curl": ("bin", "dev", "out"),
        "jdk17": ("out",),
        "zlib": ("dev", "out"),
        "giflib": ("out",),
        "gnumake": ("out",),
        "atlas": ("out",),
        "php82Extensions.redis": ("out",),
    }
    PROVIDERS: ClassVar = {
        ("python", "typing-extensions"): ("python313Packages.typing-extensions", "out"),
        ("perl", "Try::Tiny"): ("perlPackages.TryTiny", "out"),
        ("soname", "libcurl.so.4"): ("curl", "out"),
        ("soname", "libgiflib.so"): ("giflib", "out"),
    }

    def attribute(self, path: str) -> Attribute | None:
        outputs = self.ATTRIBUTES.get(path)
        if outputs is None:
            return None
        return Attribute(
            path=AttributePath(path), pname=path.rsplit(".", 1)[-1], version="1", outputs=outputs
        )

    def providers(self, kind: str, name: str) -> tuple[Provider, ...]:
        found = self.PROVIDERS.get((kind, name))
        return (Provider(path=AttributePath(found[0]), output=found[1]),) if found else ()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "apt.toml").write_text(TABLE, encoding="utf-8")
    (tmp_path / "zypper.toml").write_text(
        '# a table\ninherit = "apt"\n\n[packages]\nzypper = { not_needed = "no zypper" }\n', encoding="utf-8"
    )
    return tmp_path


def attributes_of(package: CuratedPackage | None) -> list[tuple[str, tuple[str, ...]]]:
    assert package is not None
    return [(str(path), outputs) for path, outputs in package.attributes]


# --- rows --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        pytest.param("curl", [("curl", ())], id="a-text-is-an-attribute"),
        pytest.param("g++", [("gcc", ()), ("binutils", ())], id="a-list-is-several-attributes"),
        pytest.param("musl-tools", [("musl", ("bin", "dev"))], id="a-caret-names-outputs"),
        pytest.param("libpq-dev", [("libpq", ("dev",))], id="outputs-of-an-attribute"),
        pytest.param("aspnetcore-runtime-8.0", [("dotnet-aspnetcore", ())], id="a-quoted-key"),
        pytest.param("apt-transport-https", [], id="not-needed-has-no-attributes"),
    ],
)
def test_row_gives_attributes_with_outputs(
    folder: Path, name: str, attributes: list[tuple[str, tuple[str, ...]]]
) -> None:
    assert attributes_of(Mappings.load(folder).curated("apt", name)) == attributes


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        pytest.param("apt-transport-https", "not_needed", True, id="not-needed"),
        pytest.param("apt-transport-https", "reason", "apt speaks https", id="why-it-is-not-needed"),
        pytest.param("curl", "not_needed", False, id="a-package-is-needed"),
        pytest.param("build-essential", "build_only", True, id="build-only"),
        pytest.param("gpg", "keep_with", ("gpg",), id="commands-that-keep-it"),
        pytest.param("gpg", "reason", "for keys", id="reason"),
        pytest.param("terraform", "unfree", True, id="unfree"),
        pytest.param("curl", "unfree", False, id="free"),
        pytest.param("tzdata", "environment", (("TZDIR", "@tzdata@/share/zoneinfo"),), id="environment"),
    ],
)
def test_row_gives_its_other_keys(folder: Path, name: str, field: str, value: object) -> None:
    assert getattr(Mappings.load(folder).curated("apt", name), field) == value


@pytest.mark.parametrize(
    ("table", "name"),
    [
        pytest.param("apt", "wget", id="unknown-name"),
        pytest.param("apt", "url", id="part-of-a-name"),
        pytest.param("apt", "pattern", id="key-of-a-rule"),
        pytest.param("apt", "[packages]", id="header-of-the-table"),
        pytest.param("apt", "", id="empty-name"),
        pytest.param("apt", 'curl"', id="quote-in-the-name"),
        pytest.param("apt", "curl\n[packages]\ngit", id="newline-in-the-name"),
        pytest.param("apt", "c" * 100_000, id="very-long-name"),
        pytest.param("pacman", "curl", id="unknown-table"),
        pytest.param("../apt", "curl", id="table-outside-the-folder"),
    ],
)
def test_no_row_is_no_answer(folder: Path, table: str, name: str) -> None:
    assert Mappings.load(folder).curated(table, name) is None


def test_names_are_the_sorted_names_with_rows(folder: Path) -> None:
    names = Mappings.load(folder).names("apt")
    assert names[:2] == ("apt-transport-https", "aspnetcore-runtime-8.0")
    assert "g++" in names
    assert len(names) == 10
    assert list(names) == sorted(names)


def test_names_of_an_unknown_table_are_none(folder: Path) -> None:
    assert Mappings.load(folder).names("pacman") == ()


def test_inherited_table_answers_for_names_without_own_row(folder: Path) -> None:
    mappings = Mappings.load(folder)
    assert attributes_of(mappings.curated("zypper", "curl")) == [("curl", ())]
    assert attributes_of(mappings.rule("zypper", "openjdk-17-jre")) == [("jdk17", ())]
    assert mappings.names("zypper") == ("zypper",)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        pytest.param("{ atribute = 'curl' }", "unknown key 'atribute'", id="misspelled-key"),
        pytest.param("5", "an attribute, a list of attributes or a table", id="number"),
        pytest.param("'cu rl'", "not an attribute path: 'cu rl'", id="space-in-attribute"),
        pytest.param("'${builtins.abort 1}'", "not an attribute path", id="code-as-attribute"),
        pytest.param("{ reason = 'x' }", "either attributes or not_needed", id="neither-attribute-nor-reason"),
        pytest.param("{ attribute = 'curl', not_needed = 'x' }", "either attributes or not_needed", id="both"),
        pytest.param("{ attribute = 'a', attributes = ['b'] }", "exclude each other", id="both-attribute-keys"),
        pytest.param("{ attributes = ['a'], outputs = ['dev'] }", "outputs needs attribute", id="outputs-of-many"),
        pytest.param("{ attribute = 'a', outputs = 'dev' }", "outputs must be a list of texts", id="text-for-list"),
        pytest.param("{ attribute = 'a', build_only = 'yes' }", "build_only must be true or false", id="text-for-flag"),
        pytest.param("{ attribute = 'a', keep_with = ['a'] }", "keep_with needs a reason", id="keep-without-reason"),
        pytest.param("{ not_needed = '' }", "not_needed must be a text", id="empty-reason"),
        pytest.param("{ attribute = 'a', environment = { A = 1 } }", "environment must be", id="number-in-environment"),
        pytest.param("{ attribute = 'a', environment = { A = '@x y@' } }", "not an attribute path", id="bad-reference"),
    ],
)  # fmt: skip
def test_malformed_row_is_refused_with_file_and_name(tmp_path: Path, row: str, message: str) -> None:
    (tmp_path / "apt.toml").write_text(f"# a table\n\n[packages]\nthing = {row}\n", encoding="utf-8")
    with pytest.raises(UsageError) as refused:
        Mappings.load(tmp_path).curated("apt", "thing")
    assert str(refused.value).startswith(f"{tmp_path / 'apt.toml'}: [packages] thing: ")
    assert message in str(refused.value)


# --- the user's rows ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def overrides(tmp_path: Path) -> Path:
    path = tmp_path / "dock2nix.toml"
    path.write_text(
        '[apt]\ncurl = "curlMinimal"\nours = { attribute = "hello", reason = "in house" }\n'
        '[pip]\nFlask = "python3Packages.flask"\n',
        encoding="utf-8",
    )
    return path


def test_users_row_wins_over_ours(folder: Path, overrides: Path) -> None:
    mappings = Mappings.load(folder, overrides)
    assert attributes_of(mappings.curated("apt", "curl")) == [("curlMinimal", ())]
    assert attributes_of(mappings.curated("apt", "g++"))[0] == ("gcc", ())


def test_users_row_may_name_packages_that_we_do_not_know_in_any_spelling(
    folder: Path, overrides: Path
) -> None:
    mappings = Mappings.load(folder, overrides)
    assert attributes_of(mappings.curated("apt", "ours")) == [("hello", ())]
    assert attributes_of(mappings.curated("pip", "flask")) == [("python3Packages.flask", ())]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        pytest.param("curl", "override: dock2nix.toml", id="without-own-reason"),
        pytest.param("ours", "override: dock2nix.toml: in house", id="with-own-reason"),
    ],
)
def test_reason_of_a_users_row_begins_with_override(
    folder: Path, overrides: Path, name: str, reason: str
) -> None:
    package = Mappings.load(folder, overrides).curated("apt", name)
    assert package is not None
    assert package.reason == reason


def test_users_malformed_row_is_refused_with_his_file(folder: Path, overrides: Path) -> None:
    overrides.write_text('[apt]\ncurl = "curl"\nbroken = 1\n', encoding="utf-8")
    with pytest.raises(UsageError, match=r"dock2nix\.toml:3:1: error: \[apt\] broken: an attribute"):
        Mappings.load(folder, overrides)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("[apt\n", id="no-toml"),
        pytest.param("[apt]\na = 'b'\na = 'c'\n", id="a-name-twice"),
        pytest.param(None, id="missing"),
    ],
)
def test_unreadable_overrides_are_refused(folder: Path, content: str | None) -> None:
    path = folder / "dock2nix.toml"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match=r"dock2nix\.toml"):
        Mappings.load(folder, path)


def test_overrides_that_are_no_table_are_refused(folder: Path) -> None:
    (folder / "dock2nix.toml").write_text('apt = "curl"\n', encoding="utf-8")
    with pytest.raises(UsageError, match="apt: a table of rows was expected"):
        Mappings.load(folder, folder / "dock2nix.toml").curated("apt", "curl")


# --- rules -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        pytest.param("openjdk-17-jre", [("jdk17", ())], id="group-in-attribute"),
        pytest.param("php8.2-redis", [("php82Extensions.redis", ())], id="two-groups"),
        pytest.param("python3-typing_Extensions", [("python3Packages.typing-extensions", ())], id="python-normalized"),
        pytest.param("perl-Try-Tiny", [("perlPackages.TryTiny", ())], id="perl-module"),
        pytest.param("so:libcurl.so.4", [("curl", ("out",))], id="library-output-beside-bin"),
        pytest.param("curl-dev", [("curl", ("dev",))], id="part-of-a-row"),
        pytest.param("zlib-dev", [("zlib", ("dev",))], id="part-of-an-attribute"),
        pytest.param("giflib-dev", [("giflib", ())], id="output-that-is-not-there-is-dropped"),
        pytest.param("linux-image-amd64", [], id="not-needed"),
    ],
)  # fmt: skip
def test_rule_gives_attributes(
    folder: Path, name: str, attributes: list[tuple[str, tuple[str, ...]]]
) -> None:
    assert attributes_of(Mappings.load(folder).rule("apt", name, SmallIndex())) == attributes


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("openjdk-18-jre", id="version-out-of-range"),
        pytest.param("xopenjdk-17-jre", id="something-in-front"),
        pytest.param("openjdk-17-jre-headless", id="something-behind"),
        pytest.param("openjdk-11-jre", id="attribute-that-is-not-indexed"),
        pytest.param("php8.2-nothing", id="extension-that-is-not-indexed"),
        pytest.param("python3-nothing", id="nobody-provides-it"),
        pytest.param("nothing-dev", id="part-of-nothing"),
        pytest.param("gpg-dev", id="part-of-what-may-be-left-out"),
        pytest.param("", id="empty-name"),
        pytest.param("python3-" + "a" * 1000, id="very-long-name"),
        pytest.param("openjdk-17-jre\n", id="newline-behind"),
        pytest.param("atlas-dev", id="headers-of-a-program-that-is-called-so"),
    ],
)
def test_rule_does_not_apply(folder: Path, name: str) -> None:
    assert Mappings.load(folder).rule("apt", name, SmallIndex()) is None


@pytest.mark.parametrize(
    ("name", "applies"),
    [
        pytest.param("openjdk-11-jre", True, id="attributes-that-surely-exist"),
        pytest.param("linux-image-amd64", True, id="not-needed"),
        pytest.param("php8.2-redis", False, id="only-if-indexed"),
        pytest.param("curl-dev", False, id="part-of"),
        pytest.param("so:libcurl.so.4", False, id="provider"),
    ],
)
def test_without_an_index_only_sure_rules_apply(folder: Path, name: str, applies: bool) -> None:
    assert (Mappings.load(folder).rule("apt", name) is not None) == applies


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        pytest.param("openjdk-17-jre", "rule for names like openjdk-17-jre: no JRE alone", id="with-own-reason"),
        pytest.param("php8.2-redis", "rule for names like php8.2-redis", id="without-own-reason"),
        pytest.param("linux-image-rt", "rule for names like linux-image-amd64: the host's kernel", id="not-needed"),
        pytest.param("so:libcurl.so.4", "rule for names like so:libcurl.so.4: curl provides libcurl.so.4", id="provider"),
    ],
)  # fmt: skip
def test_reason_of_a_rule_names_it_and_what_it_says(folder: Path, name: str, reason: str) -> None:
    package = Mappings.load(folder).rule("apt", name, SmallIndex())
    assert package is not None
    assert package.reason == reason


@pytest.mark.parametrize(
    ("name", "build_only"),
    [
        pytest.param("curl-dev", True, id="headers"),
        pytest.param("openjdk-17-jre", False, id="a-runtime"),
    ],
)
def test_rule_says_whether_it_is_for_building_only(folder: Path, name: str, build_only: bool) -> None:
    package = Mappings.load(folder).rule("apt", name, SmallIndex())
    assert package is not None
    assert package.build_only == build_only


def test_a_rule_may_say_what_a_package_does_not_do(tmp_path: Path) -> None:
    (tmp_path / "apt.toml").write_text(
        "# a table\n\n[packages]\nx = { attribute = 'x', caveat = 'not all' }\n\n"
        "[[rules]]\npattern = 'a'\nexamples = ['a']\nattribute = 'y'\ncaveat = 'nor this'\n",
        encoding="utf-8",
    )
    row, rule = Mappings.load(tmp_path).curated("apt", "x"), Mappings.load(tmp_path).rule("apt", "a")
    assert row is not None
    assert rule is not None
    assert (row.caveat, rule.caveat) == ("not all", "nor this")


def test_what_a_group_matched_is_not_filled_in_again(tmp_path: Path) -> None:
    (tmp_path / "apt.toml").write_text(
        "# a table\n\n[packages]\n\n[[rules]]\npattern = '(?P<a>.+)=(?P<b>.+)'\nexamples = ['a=b']\n"
        "provider = 'soname:{a}'\n",
        encoding="utf-8",
    )
    asked: list[str] = []

    class Listening(SmallIndex):
        def providers(self, kind: str, name: str) -> tuple[Provider, ...]:
            asked.append(f"{kind}:{name}")
            return ()

    mappings = Mappings.load(tmp_path)
    assert mappings.rule("apt", "a=b", Listening()) is None
    assert asked == []  # a name with such a character is no package name


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        pytest.param(
            "pattern = 'a'\nattribute = 'b'\n", "a rule needs pattern and examples", id="no-examples"
        ),
        pytest.param(
            "pattern = 'a'\nexamples = ['a']\npatern = 'b'\n", "unknown key 'patern'", id="misspelled-key"
        ),
        pytest.param(
            "pattern = 'a'\nexamples = ['a']\nattribute = 'b c'\n", "not an attribute path", id="bad-path"
        ),
    ],
)
def test_malformed_rule_is_refused_with_file_and_number(tmp_path: Path, rule: str, message: str) -> None:
    (tmp_path / "apt.toml").write_text(f"# a table\n\n[packages]\n\n[[rules]]\n{rule}", encoding="utf-8")
    with pytest.raises(UsageError, match=r"apt\.toml: \[\[rules\]\] 1") as refused:
        Mappings.load(tmp_path).rule("apt", "a")
    assert message in str(refused.value)


def test_tables_are_read_only_when_asked_for(tmp_path: Path) -> None:
    (tmp_path / "apt.toml").write_text("[packages\n", encoding="utf-8")
    (tmp_path / "apk.toml").write_text('# a table\n\n[packages]\ncurl = "curl"\n', encoding="utf-8")
    assert attributes_of(Mappings.load(tmp_path).curated("apk", "curl")) == [("curl", ())]
