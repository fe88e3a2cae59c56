"""Dockerfiles that mean harm: nothing is raised, no text of theirs becomes code, and the same comes of them twice.

Few here, and the same ones in every run; `scripts/hostile.py 10000` makes as many as one likes.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import hypothesis
import pytest

from dock2nix.emit.expression import Text, nix_comment, nix_string, to_nix
from dock2nix.report.markdown import code, escape
from hostile_lab import (
    CANARY,
    PAYLOADS,
    converted,
    dockerfiles,
    documents,
    faults,
    make_context,
    texts,
    unaccounted,
)

if TYPE_CHECKING:
    from pathlib import Path

    from nix_lab import Nix


FEW = hypothesis.settings(
    max_examples=120,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile") / "context"
    make_context(folder)
    return folder


def test_hostile_dockerfiles_become_text_only(context: Path) -> None:
    before = sorted(context.rglob("*"))
    kinds = set()

    @FEW
    @hypothesis.given(dockerfiles)
    def holds(content: bytes) -> None:
        done = converted(content, context)
        kinds.add(type(done))
        if isinstance(done, str):
            return
        made = documents(content, context, done) | dict(done.files)
        assert [*faults(made)] == []
        assert [*unaccounted(done)] == []
        again = converted(content, context)
        assert not isinstance(again, str)
        assert again.files == done.files

    holds()
    assert len(kinds) == 2, "some are converted, some refused"
    assert sorted(context.rglob("*")) == before


@FEW
@hypothesis.given(texts)
def test_one_line_of_markdown_stays_one(text: str) -> None:
    for shown in (code(text), escape(text), nix_comment(text)):
        assert shown.isprintable()
    row = f"| {code(text)} | {escape(text)} |\n"
    assert [*faults({"x.md": f"| a | b |\n|---|---|\n{row}"})] == []


def test_the_checks_find_what_they_are_for() -> None:
    wrong = {
        "a.nix": f'"${{{CANARY}}}"',
        "b.nix": '"\u202e"',
        "c.nix": "{",
        "d.json": '{"a": "\x9b"}',
        "e.md": "<script>",
        "f.md": "| a |\n| a | b |",
        "terminal": "\x1b[31m",
    }
    assert {fault.split(":")[0] for fault in faults(wrong)} == set(wrong)


@pytest.mark.nix
def test_real_nix_reads_every_payload_as_text(nix: Nix, tmp_path: Path) -> None:
    wanted = [
        text
        for text in (*PAYLOADS, *(a + b for a in PAYLOADS for b in ("$", "'", "\x1b", "{x}")))
        if "\0" not in text
    ]
    forms = [f"({to_nix(form)})" for text in wanted for form in (text, Text(f"a\n{text}b\n"))]
    keys = " ".join(f"{{ {nix_string(text)} = 1; }}" for text in wanted)
    file = tmp_path / "payloads.nix"
    file.write_text(f"[ [ {' '.join(forms)} ] [ {keys} ] ]", encoding="utf-8")
    values, sets = json.loads(nix.evaluate(f"import {file}"))
    assert values == [form for text in wanted for form in (text, f"a\n{text}b\n")]
    assert [key for one in sets for key in one] == wanted
