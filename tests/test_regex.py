"""Expressions that are compiled late are still checked early: here."""

from __future__ import annotations

import importlib
import pkgutil
import re
import signal
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

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


# --- no pattern takes forever -----------------------------------------------------------------------------------------

PUMPED = 3000
LIMIT = 1.0  # seconds for a few thousand characters: what grows exponentially never ends, what grows cubically takes far longer


def _example(parts: Iterable[Any]) -> str:
    """A short text that the parts of a parsed pattern match, by and large: looks and references are passed over."""
    return "".join(_example_of(kind, value) for kind, value in parts)


def _example_of(kind: Any, value: Any) -> str:
    name = str(kind)
    if name == "LITERAL":
        return chr(value)
    if name == "NOT_LITERAL":
        return "a" if value != ord("a") else "b"
    if name == "ANY":
        return "a"
    if name == "IN":
        return _member(value)
    if name == "BRANCH":
        return _example(value[1][-1])
    if name == "SUBPATTERN":
        return _example(value[-1])
    if name in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}:
        return _example(value[2]) * int(value[0])
    return _example(value) if name == "ATOMIC_GROUP" else ""


def _member(items: list[tuple[Any, Any]]) -> str:
    """A character of a class."""
    source = [(str(kind), value) for kind, value in items]
    negated = source[0][0] == "NEGATE"
    for kind, value in source:
        if not negated and kind == "LITERAL":
            return chr(value)
        if not negated and kind == "RANGE":
            return chr(value[0])
        if not negated and kind == "CATEGORY":
            return {"CATEGORY_DIGIT": "0", "CATEGORY_SPACE": " ", "CATEGORY_WORD": "a"}.get(str(value), "-")
    barred = {chr(value) for kind, value in source if kind == "LITERAL"}
    return next(char for char in "a0-_ ~" if char not in barred)


def _pumps(parts: Iterable[Any], before: str = "") -> Iterator[tuple[str, str]]:
    """What stands before each repetition of a pattern, and what it repeats."""
    for kind, value in parts:
        name = str(kind)
        if name in {"MAX_REPEAT", "MIN_REPEAT"} and value[1] > 8:
            if inner := _example(value[2]) or next((piece for _, piece in _pumps(value[2])), ""):
                yield before, inner
            yield from _pumps(value[2], before)
        elif name == "SUBPATTERN":
            yield from _pumps(value[-1], before)
        elif name == "BRANCH":
            for branch in value[1]:
                yield from _pumps(branch, before)
        before += _example_of(kind, value)


def slow(source: str | bytes, flags: int = 0) -> str:
    """The repetition that makes a pattern slow, "" when none does."""
    pattern = re.compile(source, flags)
    tree = re._parser.parse(source, flags)  # type: ignore[attr-defined]
    for before, piece in dict.fromkeys(_pumps(tree)):
        for end in ("\0", "\n!", ""):
            text: Any = before + piece * PUMPED + end
            text = text.encode("latin-1", "replace") if isinstance(source, bytes) else text
            signal.setitimer(signal.ITIMER_VIRTUAL, LIMIT)
            try:
                pattern.fullmatch(text)
                pattern.match(text)
                pattern.search(text)
            except TimeoutError:
                return piece
            finally:
                signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return ""


@pytest.fixture
def _timed() -> Iterator[None]:
    def out_of_time(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGVTALRM, out_of_time)
    yield
    signal.signal(signal.SIGVTALRM, before)


@pytest.mark.usefixtures("_timed")
@pytest.mark.parametrize("name", MODULES)
def test_no_expression_of_a_module_backtracks_without_end(name: str) -> None:
    for value in vars(importlib.import_module(name)).values():
        for pattern in _patterns(value):
            assert slow(pattern._source, pattern._flags) == "", pattern._source


@pytest.mark.usefixtures("_timed")
@pytest.mark.parametrize("source", [r"(a+)+b", r"(?:a|aa)*b", r"\s*(\w+\s*)*:", r"a*a*a*a*b"])
def test_one_that_does_is_found(source: str) -> None:
    assert slow(source)
