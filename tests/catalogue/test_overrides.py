"""The user's dock2nix.toml: what it may hold, and where messages say that something is wrong."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from dock2nix.catalogue.local import LocalCatalogue
from dock2nix.catalogue.overrides import LARGEST, place_of, read_overrides
from dock2nix.errors import ConfigurationError, UsageError
from dock2nix.parse.references import image_reference

if TYPE_CHECKING:
    from pathlib import Path

    from dock2nix.model.image import BaseImage


def write(folder: Path, text: str) -> Path:
    path = folder / "dock2nix.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(folder: Path, text: str) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as refused:
        read_overrides(write(folder, text))
    return refused.value


def image(folder: Path, text: str, reference: str) -> BaseImage | None:
    asked = image_reference(reference)
    assert asked is not None
    return LocalCatalogue(write(folder, text)).base_image(asked)


# --- what is refused, and where ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        pytest.param("[apt\n", 1, 5, "Expected ']'", id="no TOML"),
        pytest.param('[apt]\na = "x"\nb = ', 3, 5, "Invalid value", id="value missing"),
        pytest.param('[apt]\na = ["x",', 2, 10, "", id="list not closed"),
        pytest.param('[apt]\na = "x"\na = "y"\n', 3, 8, "Cannot overwrite", id="a name twice"),
        pytest.param('[brew]\na = "x"\n', 1, 1, "unknown table [brew]: known are [apk], [apt]", id="table"),
        pytest.param(
            '\n[yum]\na = "x"\n',
            2,
            1,
            "what yum calls packages belongs into [dnf]",
            id="table of another name",
        ),
        pytest.param('apt = "curl"\n', 1, 1, "apt: a table of rows was expected", id="no table"),
        pytest.param("[apt]\na = 1\n", 2, 1, "[apt] a: an attribute, a list", id="row of no form"),
        pytest.param(
            '[apt]\n  a = { b = "x" }\n', 2, 3, "[apt] a: unknown key 'b'", id="unknown key, indented"
        ),
        pytest.param('[apt]\n"a=b" = "1x"\n', 2, 1, "[apt] a=b: not an attribute path", id="key in quotes"),
        pytest.param('apt.a = "not a path"\n', 1, 1, "[apt] a: not an attribute path", id="dotted key"),
        pytest.param('[apt.a]\nb = "x"\n', 1, 1, "[apt] a: unknown key 'b'", id="row as a table of its own"),
        pytest.param(
            '[pip]\n"Ruamel.Yaml" = "x"\nruamel_yaml = "y"\n',
            3,
            1,
            "ruamel-yaml has a row already",
            id="one name",
        ),
        pytest.param('[apt]\nphp8.2 = "x"\n', 2, 1, "a name with dots stands in quotes", id="dots"),
        pytest.param('base-images = "x"\n', 1, 1, "base-images: a table of rows", id="images are no table"),
        pytest.param(
            '[base-images]\n"a/b:1" = "python"\n',
            2,
            1,
            "without tag or digest was expected",
            id="image with tag",
        ),
        pytest.param('[base-images]\nx = "a b"\n', 2, 1, "must name another image", id="like nothing"),
        pytest.param('[base-images.x]\ncolour = "red"\n', 1, 1, "unknown key `colour`", id="key of an image"),
        pytest.param(
            '[base-images]\nx = { like = "python", versions = {} }\n',
            2,
            1,
            "unknown key `versions`",
            id="like and more",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    text: str, line: int, column: int, message: str, tmp_path: Path
) -> None:
    refused = refusal(tmp_path, text)
    assert (refused.line, refused.column) == (line, column)
    assert message in refused.message
    assert re.fullmatch(r".*/dock2nix\.toml:\d+:\d+: error: .* \[D2N001\]", str(refused), re.DOTALL)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\xff\xfe", id="not UTF-8"),
        pytest.param(b"#" * (LARGEST + 1), id="too large"),
    ],
)
def test_a_file_that_is_no_table_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "dock2nix.toml"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"dock2nix\.toml: "):
        read_overrides(path)


def test_a_byte_order_mark_and_line_ends_of_windows_are_no_problem(tmp_path: Path) -> None:
    path = tmp_path / "dock2nix.toml"
    path.write_bytes(b'\xef\xbb\xbf[apt]\r\nfoo = "hello"\r\n')
    assert read_overrides(path).tables == {"apt": {"foo": "hello"}}


def test_the_place_of_a_row_in_a_table_of_the_same_keys() -> None:
    text = '[apk]\nfoo = "a"\n[apt]\n# foo = 1\nfoo = "b"\n'
    assert place_of(text, ("apt", "foo")) == (5, 1)


# --- rows --------------------------------------------------------------------------------------------------------------------


def test_names_of_distributions_are_found_in_any_spelling(tmp_path: Path) -> None:
    catalogue = LocalCatalogue(write(tmp_path, '[pip]\n"Ruamel.Yaml" = "python3Packages.ruamel-yaml"\n'))
    row = catalogue.curated("pip", "ruamel-yaml")
    assert row is not None
    assert row.reason == "override: dock2nix.toml"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        pytest.param('"helo"', "nixpkgs has no attribute helo (near are ", id="attribute"),
        pytest.param('"python313Packages.flaskk"', "no attribute python313Packages.flaskk", id="of a set"),
        pytest.param(
            '{ attribute = "hello", outputs = ["dev"] }',
            "pkgs.hello has no output dev (it has out)",
            id="output",
        ),
    ],
)
def test_a_row_that_names_what_nixpkgs_has_not_is_refused_when_it_is_used(
    row: str, message: str, tmp_path: Path
) -> None:
    catalogue = LocalCatalogue(write(tmp_path, f'[apt]\nok = "hello"\nfoo = {row}\n'))
    assert catalogue.curated("apt", "ok") is not None
    with pytest.raises(ConfigurationError) as refused:
        catalogue.curated("apt", "foo")
    assert message in refused.value.message
    assert refused.value.line == 3


@pytest.mark.parametrize(
    "row",
    [
        pytest.param('{ attribute = "ourOverlay", unindexed = "from our overlay" }', id="unindexed"),
        pytest.param('{ attribute = "ourSecret", unfree = true }', id="unfree"),
        pytest.param('"python312Packages.flask"', id="a Python set that is not indexed"),
    ],
)
def test_a_row_may_name_what_the_index_cannot_know(row: str, tmp_path: Path) -> None:
    assert LocalCatalogue(write(tmp_path, f"[apt]\nfoo = {row}\n")).curated("apt", "foo") is not None


# --- base images -------------------------------------------------------------------------------------------------------------


def test_a_row_of_an_image_wins_and_needs_no_evidence(tmp_path: Path) -> None:
    found = image(tmp_path, '[base-images.python]\npackages = ["hello"]\n', "python")
    assert found is not None
    assert (found.packages, found.evidence) == (("hello",), "dock2nix.toml")


@pytest.mark.parametrize(
    ("value", "reference", "interpreter"),
    [
        pytest.param('"python"', "acme/base:3.12-slim", "python312", id="with the tag that is asked for"),
        pytest.param('"python:3.11-slim"', "acme/base:prod", "python311", id="with a tag of its own"),
        pytest.param('"docker.io/library/python:3.11"', "acme/base", "python311", id="in full"),
        pytest.param('"ghcr.io/acme/other"', "acme/base:3.12", None, id="like something unknown"),
    ],
)
def test_an_image_may_be_like_another(
    value: str, reference: str, interpreter: str | None, tmp_path: Path
) -> None:
    text = f'[base-images]\n"acme/base" = {value}\n'
    if interpreter is None:
        with pytest.raises(ConfigurationError, match=r":2:1: error: .*nothing is known of acme/other"):
            image(tmp_path, text, reference)
        return
    found = image(tmp_path, text, reference)
    assert found is not None
    assert found.interpreter == interpreter
    assert found.reference.text == reference


def test_an_image_may_add_to_the_one_it_is_like(tmp_path: Path) -> None:
    text = """
[base-images."registry.example.org:5000/acme/base"]
like = "python:3.12-slim"
packages = ["curl"]
sets = ["scm"]
users = ["app:x:1000:1000::/app:/bin/sh"]
config = { env = { APP = "1" }, user = "app", cmd = ["app"] }
"""
    found = image(tmp_path, text, "registry.example.org:5000/acme/base:7")
    plain = image(tmp_path, "", "python:3.12-slim")
    assert found is not None
    assert plain is not None
    assert {"curl", "git"} <= set(found.packages) - set(plain.packages)
    assert set(plain.packages) < set(found.packages)
    assert dict(found.config.env) == {**dict(plain.config.env), "APP": "1"}
    assert (found.config.user, found.config.cmd) == ("app", ("app",))
    assert found.users[-1].name == "app"


def test_images_that_are_like_each_other_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="like itself: a/x → a/y → a/x"):
        image(tmp_path, '[base-images]\n"a/x" = "a/y"\n"a/y" = "a/x"\n', "a/x")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        pytest.param('like = "python:1.5"', "nothing is known of python:1.5", id="version"),
        pytest.param('distribution = "plan9"', "no distribution `plan9`", id="distribution"),
        pytest.param('like = "debian"\nsets = ["x"]', "no package set `x`", id="package set"),
    ],
)
def test_an_image_that_leads_nowhere_is_refused_with_its_place(
    row: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        image(tmp_path, f'# ours\n[base-images."acme/base"]\n{row}\n', "debian")
    assert message in refused.value.message
    assert refused.value.line == 2
