"""Findings that say the same of several things are told in one."""

from __future__ import annotations

import pytest

from dock2nix.model.finding import Finding, Severity
from dock2nix.report.subjects import summed_up, told_together
from fakes import place


def finding(message: str, line: int, subject: str = "", code: str = "D2N217", **fields: object) -> Finding:
    return Finding(code=code, message=message, location=place(line), subject=subject, **fields)  # type: ignore[arg-type]


def told(*findings: Finding) -> list[tuple[int, str]]:
    return [(one.location.first_line, one.message) for one in told_together(findings)]


def test_subjects_of_one_message_are_joined_at_the_first_place() -> None:
    found = finding("not known", 2, "a"), finding("other", 3), finding("not known", 4, "b")
    assert told(*found) == [(2, "a, b: not known"), (3, "other")]


def test_a_subject_is_named_once() -> None:
    assert told(finding("x", 2, "a"), finding("x", 3, "a")) == [(2, "a: x")]


def test_findings_without_a_subject_stay_apart() -> None:
    assert told(finding("x", 2), finding("x", 3)) == [(2, "x"), (3, "x")]


def test_what_differs_is_not_joined() -> None:
    first = finding("x", 2, "a")
    for other in (
        finding("y", 3, "b"),
        finding("x", 3, "b", code="D2N202"),
        finding("x", 3, "b", hint="h"),
        finding("x", 3, "b", severity_override=Severity.ERROR),
    ):
        assert len(told_together((first, other))) == 2


def test_no_subject_is_left() -> None:
    assert [one.subject for one in told_together((finding("x", 2, "a"),))] == [""]


@pytest.mark.parametrize(
    ("count", "messages"),
    [
        pytest.param(3, ["m0", "m1", "m2"], id="few"),
        pytest.param(
            5, ["m0; m1; m2; and 2 more like these, all of them in nix/report.json"], id="many-of-one-line"
        ),
    ],
)
def test_many_findings_of_one_kind_about_one_line_are_summed_up(count: int, messages: list[str]) -> None:
    findings = [finding(f"m{n}", 2) for n in range(count)]
    assert [one.message for one in summed_up(findings)] == messages
