"""How many of the commonest names resolve to what somebody who knows nixpkgs would write: names/README.md tells of the lists."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from dock2nix.catalogue.local import LocalCatalogue
from dock2nix.managers import manager_named
from dock2nix.managers.base import Setting
from dock2nix.model.packages import NixpkgsPackage, NotNeeded, Requirement, Unresolved
from dock2nix.model.source import Location
from dock2nix.parse.references import image_reference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dock2nix.model.packages import Resolution

NAMES = Path(__file__).with_name("names")
PACKAGES = ("apk", "apt", "dnf")
LISTS = (*PACKAGES, "images")
NOTHING_NEEDED, NOTHING_KNOWN = "-", "?"
# At least so many in a hundred are right, at most so many wrong; the rest is honestly unresolved.
BOUNDS = {"apk": (96.0, 1.0), "apt": (97.0, 1.0), "dnf": (94.0, 2.0), "images": (97.0, 1.0)}
LEAST = {"apk": 260, "apt": 690, "dnf": 200, "images": 135}
# In every image that speaks TLS and knows the time; an image of nothing else is empty.
OF_NO_ACCOUNT = frozenset({"cacert", "iana-etc", "tzdata"})


class Part(NamedTuple):
    """One attribute of an answer; `output` is "" when none is asked for."""

    path: str
    output: str


class Accepted(NamedTuple):
    """A line of a list: `answers` are sets of attributes, any of which is right."""

    name: str
    answers: tuple[tuple[Part, ...], ...]
    nothing_needed: bool
    nothing_known: bool


@cache
def catalogue() -> LocalCatalogue:
    return LocalCatalogue()


@cache
def accepted(table: str) -> tuple[Accepted, ...]:
    lines = (NAMES / f"{table}.tsv").read_text(encoding="utf-8").splitlines()
    return tuple(accepted_from(*line.split("\t")) for line in lines)


def accepted_from(name: str, text: str) -> Accepted:
    words = text.split(" | ")
    answers = tuple(
        tuple(Part(*(one.split("^") if "^" in one else (one, ""))) for one in word.split("+"))
        for word in words
        if word not in {NOTHING_NEEDED, NOTHING_KNOWN}
    )
    return Accepted(name, answers, NOTHING_NEEDED in words, NOTHING_KNOWN in words)


def canonical(path: str) -> str:
    known = catalogue().attribute(path)
    return known.path if known else path


def resolved(table: str, name: str) -> tuple[Resolution, ...]:
    location = Location(path="Dockerfile", first_line=1, last_line=1)
    requirement = Requirement(manager=table, name=name, location=location)
    return manager_named(table).resolve(requirement, catalogue(), Setting())


def verdict(table: str, line: Accepted) -> str:
    return image_verdict(line) if table == "images" else package_verdict(line, resolved(table, line.name))


def package_verdict(line: Accepted, answers: tuple[Resolution, ...]) -> str:
    if any(isinstance(answer, Unresolved) for answer in answers):
        return "right" if line.nothing_known else "unresolved"
    if any(isinstance(answer, NotNeeded) for answer in answers):
        return "right" if line.nothing_needed else "wrong"
    found = {
        canonical(answer.attribute_path): answer.outputs
        for answer in answers
        if isinstance(answer, NixpkgsPackage)
    }
    return "right" if any(is_that(answer, found) for answer in line.answers) else "wrong"


def is_that(answer: tuple[Part, ...], found: dict[str, tuple[str, ...]]) -> bool:
    return {canonical(part.path) for part in answer} == set(found) and all(
        not part.output or part.output in found[canonical(part.path)] for part in answer
    )


def image_verdict(line: Accepted) -> str:
    reference = image_reference(line.name)
    image = catalogue().base_image(reference) if reference else None
    if image is None:
        return "right" if line.nothing_known else "unresolved"
    found = {canonical(path) for path in image.packages}
    if line.nothing_needed and {path.partition(".")[0] for path in found} <= OF_NO_ACCOUNT:
        return "right"
    those = ({canonical(part.path) for part in answer} for answer in line.answers)
    return "right" if any(answer <= found for answer in those) else "wrong"


def verdicts(table: str) -> Iterator[tuple[str, str]]:
    return ((line.name, verdict(table, line)) for line in accepted(table))


@pytest.mark.parametrize("table", LISTS)
def test_enough_are_right_and_hardly_any_wrong(table: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = dict(verdicts(table))
    share = {word: 100 * count / len(found) for word, count in Counter(found.values()).items()}
    right, wrong = share.get("right", 0.0), share.get("wrong", 0.0)
    with capsys.disabled():
        rest = share.get("unresolved", 0.0)
        print(
            f"\n{table}: {len(found)} names, {right:.1f} % right, {wrong:.1f} % wrong, {rest:.1f} % unresolved"
        )
    least, most = BOUNDS[table]
    assert right >= least, sorted(name for name, word in found.items() if word != "right")
    assert wrong <= most, sorted(name for name, word in found.items() if word == "wrong")


@pytest.mark.parametrize("table", LISTS)
def test_the_list_is_long_enough_sorted_and_has_each_name_once(table: str) -> None:
    names = [line.name for line in accepted(table)]
    assert len(names) >= LEAST[table]
    assert names == sorted(set(names))


@pytest.mark.parametrize("table", PACKAGES)
def test_a_name_with_answers_has_one_that_the_index_bears_out(table: str) -> None:
    """Else nobody could be right; what the index cannot show (unfree, older releases) is marked in mappings/."""
    unborne = [
        line.name for line in accepted(table) if line.answers and not any(map(is_borne_out, line.answers))
    ]
    assert [
        name
        for name in unborne
        if not any(is_marked(table, name)) and not accepted_by_name(table, name).nothing_known
    ] == []


def is_borne_out(answer: tuple[Part, ...]) -> bool:
    return all(
        part.path.startswith("stdenv.cc")
        or ((known := catalogue().attribute(part.path)) and (not part.output or part.output in known.outputs))
        for part in answer
    )


def is_marked(table: str, name: str) -> Iterator[bool]:
    row = catalogue().curated(table, name)
    yield row is not None and (row.unfree or row.unindexed)


def accepted_by_name(table: str, name: str) -> Accepted:
    return next(line for line in accepted(table) if line.name == name)
