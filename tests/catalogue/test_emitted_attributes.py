"""Whatever dock2nix can answer with exists in the indexed nixpkgs, or is marked as something that the index cannot show.

tests/test_mappings.py holds the rows and rules to it, test_base_images.py the images; here are the index's own answers, what the
code names, and what comes of all names in names/.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import dock2nix
from dock2nix.catalogue.index import Table
from dock2nix.catalogue.local import LocalCatalogue
from dock2nix.folders import data_folder
from dock2nix.managers import manager_named
from dock2nix.managers.base import Setting
from dock2nix.model.packages import NixpkgsPackage, Requirement
from dock2nix.model.source import Location

if TYPE_CHECKING:
    from collections.abc import Iterator

INDEX = data_folder("mappings") / "index"
NAMES = Path(__file__).with_name("names")
NOWHERE = Location(path="Dockerfile", first_line=1, last_line=1)
# The compiler of the standard environment is no package of its own, and in no index.
OF_STDENV = frozenset({"stdenv.cc", "stdenv.cc.cc"})


@cache
def attributes() -> frozenset[str]:
    return frozenset(Table(INDEX / "attributes.table").keys())


@pytest.mark.parametrize(("table", "field"), [("evidence-apt", 0), ("providers", 0)])
def test_the_answers_of_the_index_are_attributes_of_the_index(table: str, field: int) -> None:
    answers = Table(INDEX / f"{table}.table")
    names = answers.keys()
    missing = {
        path
        for key in names
        for word in (answers.get(key) or [""])[field].split()
        if (path := word.partition("^")[0]) not in attributes()
    }
    assert missing == set()


def test_attributes_that_the_code_names_exist() -> None:
    catalogue = LocalCatalogue()
    missing = {
        path
        for file in Path(dock2nix.__file__).parent.rglob("*.py")
        for path in named_in(ast.parse(file.read_text(encoding="utf-8")))
        if path not in OF_STDENV and catalogue.attribute(path) is None
    }
    assert missing == set()


def named_in(tree: ast.AST) -> Iterator[str]:
    """The literals that are made attribute paths; what is put together at run time is looked up there."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="AttributePath"), args=[ast.Constant(value=str(path))]):
                yield path


@pytest.mark.parametrize("table", ["apk", "apt", "dnf"])
def test_what_common_names_resolve_to_exists_or_is_marked(table: str) -> None:
    catalogue = LocalCatalogue()
    names = [line.partition("\t")[0] for line in (NAMES / f"{table}.tsv").read_text("utf-8").splitlines()]
    missing = {
        (name, str(answer.attribute_path))
        for name in names
        for answer in manager_named(table).resolve(
            Requirement(manager=table, name=name, location=NOWHERE), catalogue, Setting()
        )
        if isinstance(answer, NixpkgsPackage) and not is_there(answer, catalogue, table, name)
    }
    assert missing == set()


def is_there(answer: NixpkgsPackage, catalogue: LocalCatalogue, table: str, name: str) -> bool:
    known = catalogue.attribute(answer.attribute_path)
    if known is not None:
        return set(answer.outputs) <= set(known.outputs)
    row = catalogue.curated(table, name)
    return answer.attribute_path in OF_STDENV or (row is not None and (row.unfree or row.unindexed))
