"""How many common package names are answered rightly: lists written from knowledge of both sides, not from our tables."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from dock2nix.catalogue.local import LocalCatalogue
from dock2nix.managers import manager_named
from dock2nix.managers.base import Setting
from dock2nix.model.packages import NixpkgsPackage, NotNeeded, Requirement
from fakes import place

if TYPE_CHECKING:
    from dock2nix.model.packages import Resolution

LISTS = Path(__file__).parents[1] / "data"
DISTRIBUTIONS = {"apt": "debian", "apk": "alpine", "dnf": "fedora", "pip": "debian"}
_PIP = re.compile(r"(?P<name>[a-z0-9-]+)(?:\[(?P<extras>[^]]*)\])?(?P<specifier>[^;]*)(?:;(?P<marker>.*))?")

# An answer: attribute paths, each with the outputs that were asked for.
Answer = frozenset[tuple[str, tuple[str, ...]]]


class Row(NamedTuple):
    """A name of a list with the answers that are right."""

    name: str
    right: str


class Verdict(NamedTuple):
    """What was answered to a row; `wrong` is an answer that nobody should get, not merely none at all."""

    row: Row
    given: str
    right: bool
    wrong: bool

    def __str__(self) -> str:
        return f"{'WRONG' if self.wrong else 'missed'}: {self.row.name} -> {self.given}, not {self.row.right}"


@cache
def catalogue() -> LocalCatalogue:
    return LocalCatalogue()


def rows(manager: str) -> tuple[Row, ...]:
    lines = (LISTS / f"names-{manager}.tsv").read_text(encoding="utf-8").splitlines()
    return tuple(Row(*line.split("\t")) for line in lines if not line.startswith("#"))


def requirement(manager: str, text: str) -> Requirement:
    if manager != "pip":
        return Requirement(manager=manager, name=text, location=place())
    found = _PIP.fullmatch(text)
    assert found is not None, text
    return Requirement(
        manager=manager,
        name=found["name"],
        extras=tuple((found["extras"] or "").split(",")) if found["extras"] else (),
        specifier=found["specifier"],
        marker=found["marker"] or "",
        location=place(),
    )


def canonical(path: str) -> str:
    known = catalogue().attribute(path)
    return known.path if known else path


def accepts(alternative: str, packages: list[NixpkgsPackage]) -> bool:
    """Whether the packages are those of an alternative; `...` in it stands for any further ones."""
    parts = [part.strip() for part in alternative.split("+ ")]
    wanted = [part.partition("^") for part in parts if part != "..."]
    given = {canonical(package.attribute_path): package.outputs for package in packages}
    if not {canonical(path) for path, _, _ in wanted} <= set(given):
        return False
    if "..." not in parts and len(given) != len(wanted):
        return False
    return all(
        not output or set(output.split(",")) == set(given[canonical(path)]) for path, _, output in wanted
    )


def verdict(manager: str, row: Row) -> Verdict:
    setting = Setting(distribution=DISTRIBUTIONS[manager])
    answers = manager_named(manager).resolve(requirement(manager, row.name), catalogue(), setting)
    given, packages = _given(answers)
    alternatives = [part.strip() for part in row.right.split("|")]
    right = given in alternatives or (bool(packages) and any(accepts(one, packages) for one in alternatives))
    return Verdict(row=row, given=given, right=right, wrong=not right and given != "unresolved")


def _given(answers: tuple[Resolution, ...]) -> tuple[str, list[NixpkgsPackage]]:
    packages = [answer for answer in answers if isinstance(answer, NixpkgsPackage)]
    if all(isinstance(answer, NotNeeded) for answer in answers):
        return "not-needed", []
    if len(packages) + sum(isinstance(answer, NotNeeded) for answer in answers) < len(answers):
        return "unresolved", []
    shown = (
        package.attribute_path + "".join(f"^{output}" for output in package.outputs) for package in packages
    )
    return " + ".join(shown), packages


@pytest.mark.parametrize(
    ("manager", "least", "right_share", "wrong_share"),
    [
        pytest.param("apt", 150, 0.97, 0.01, id="apt"),
        pytest.param("apk", 60, 0.97, 0.01, id="apk"),
        pytest.param("dnf", 50, 0.97, 0.01, id="dnf"),
        pytest.param("pip", 60, 0.97, 0.01, id="pip"),
    ],
)
def test_common_names_are_answered_rightly(
    manager: str, least: int, right_share: float, wrong_share: float
) -> None:
    verdicts = [verdict(manager, row) for row in rows(manager)]
    misses = [str(one) for one in verdicts if not one.right]
    right = sum(one.right for one in verdicts) / len(verdicts)
    wrong = sum(one.wrong for one in verdicts) / len(verdicts)
    print(f"{manager}: {len(verdicts)} names, {right:.1%} right, {wrong:.1%} wrong", *misses, sep="\n")
    assert len(verdicts) >= least
    assert right >= right_share, misses
    assert wrong <= wrong_share, misses
