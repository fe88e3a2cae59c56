"""Expressions that are compiled late are still checked early: here."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator, Mapping

import pytest

import dock2nix
from dock2nix.regex import LazyPattern, regex

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(dock2nix.__path__, "dock2nix.")
    if not module.name.endswith("__main__")
)


def _patterns(value: object) -> Iterator[LazyPattern]:
    if isinstance(value, LazyPattern):
        yield value
    elif isinstance(value, Mapping | tuple | list):
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from _patterns(one)


@pytest.mark.parametrize("name", MODULES)
def test_every_expression_of_a_module_compiles(name: str) -> None:
    for value in vars(importlib.import_module(name)).values():
        for pattern in _patterns(value):
            assert isinstance(getattr(pattern, "pattern"), str | bytes)  # noqa: B009 - compiles it


def test_a_wrong_expression_is_refused_at_its_first_use() -> None:
    wrong = regex("(")

    with pytest.raises(re.error):
        wrong.match("x")


def test_it_does_what_a_compiled_pattern_does() -> None:
    word = regex("[a-z]+", re.IGNORECASE)

    assert word.fullmatch("Nix")
    assert word.fullmatch("2") is None
    assert [found.group() for found in word.finditer("a1B")] == ["a", "B"]
    assert word.sub("-", "ab1") == "-1"
    assert word.pattern == "[a-z]+"
