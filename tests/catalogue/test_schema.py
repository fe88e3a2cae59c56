"""The JSON Schema of dock2nix.toml, for editors: what it takes and refuses is what dock2nix takes and refuses."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from dock2nix.catalogue.overrides import IMAGES, TABLES, read_overrides
from dock2nix.catalogue.rows import ROW_KEYS
from dock2nix.cli import main
from dock2nix.errors import ConfigurationError
from dock2nix.folders import data_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
SCHEMA: dict[str, Any] = json.loads((data_folder("mappings") / "dock2nix.schema.json").read_text())
GOOD = (
    'curl = "curl"',
    'x = ["zlib^dev,out", "curl"]',
    'x = { attribute = "openssl", outputs = ["dev"], build_only = true }',
    'x = { not_needed = "no systemd here" }',
    'x = { attributes = ["a", "b"], environment = { A = "@tzdata@/b" }, caveat = "c" }',
    'x = { attribute = "a", keep_with = ["b"], reason = "c" }',
    'x = { attribute = "a", unfree = true, unindexed = "b" }',
)
BAD = (
    "x = 1",
    "x = {}",
    'x = { attribute = "a", not_needed = "b" }',
    'x = { attribute = "a", attributes = ["b"] }',
    'x = { attributes = ["b"], outputs = ["dev"] }',
    'x = { attribute = "a", build_only = "yes" }',
    'x = { attribute = "a", keep_with = ["b"] }',
    'x = { attribute = "a", reasn = "b" }',
    'x = { not_needed = "" }',
    'x = "a b"',
    'x = "a; builtins.abort"',
    'x = { attribute = "a", environment = { A = 1 } }',
)


def complaints(text: str) -> list[str]:
    return [error.message for error in Draft202012Validator(SCHEMA).iter_errors(tomllib.loads(text))]


def is_taken(text: str, folder: Path) -> bool:
    path = folder / "dock2nix.toml"
    path.write_text(text)
    try:
        read_overrides(path)
    except ConfigurationError:
        return False
    return True


@pytest.mark.parametrize("row", GOOD)
def test_it_takes_what_dock2nix_takes(row: str, tmp_path: Path) -> None:
    assert complaints(f"[apt]\n{row}\n") == []
    assert is_taken(f"[apt]\n{row}\n", tmp_path)


@pytest.mark.parametrize("row", BAD)
def test_it_refuses_what_dock2nix_refuses(row: str, tmp_path: Path) -> None:
    assert complaints(f"[apt]\n{row}\n")
    assert not is_taken(f"[apt]\n{row}\n", tmp_path)


@pytest.mark.parametrize(
    "text", ['[yum]\nx = "a"', '[base-images]\n"a:1" = "debian"', "[base-images]\na = 1"]
)
def test_so_it_is_with_tables_and_images(text: str, tmp_path: Path) -> None:
    assert complaints(text)
    assert not is_taken(text, tmp_path)


def test_it_names_every_table_and_every_key() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert set(SCHEMA["properties"]) == {*TABLES, IMAGES}
    assert set(SCHEMA["$defs"]["rowTable"]["properties"]) == ROW_KEYS


def own_tables() -> Iterator[tuple[str, dict[str, Any]]]:
    for name in TABLES:
        rows = tomllib.loads((data_folder("mappings") / f"{name}.toml").read_text(encoding="utf-8"))
        yield name, rows["packages"] if "packages" in rows else rows["commands"]
    images: dict[str, Any] = {}
    for path in sorted((data_folder("mappings") / "base-images").glob("[!_]*.toml")):
        images |= tomllib.loads(path.read_text(encoding="utf-8")).get("image", {})
    yield IMAGES, images


@pytest.mark.parametrize(("name", "rows"), list(own_tables()))
def test_the_rows_that_dock2nix_brings_are_in_order(name: str, rows: dict[str, Any]) -> None:
    assert len(rows) > 1
    found = list(Draft202012Validator(SCHEMA).iter_errors({name: rows}))
    assert [(list(error.path), error.message) for error in found[:3]] == []


def test_the_rows_of_the_readme_and_of_the_samples_are_in_order() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"```toml\n(\[apt\].*?)```", readme, re.DOTALL)
    files = [path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("samples/*/dock2nix.toml"))]
    assert shown
    assert [complaints(text) for text in (*shown, *files)] == [[]] * (len(shown) + len(files))


def test_it_is_printed_for_editors(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mappings", "schema"]) == 0
    assert json.loads(capsys.readouterr().out) == SCHEMA
